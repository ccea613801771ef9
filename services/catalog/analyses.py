"""What workers record: attempts, analyses, refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.jobs import settle
from services.catalog.tables import LocationRow, TrackRow
from services.catalog.tracks import TrackFile
from services.domain.job import JobState
from services.domain.track import EMBEDDING_DIM, Analysis, TrackStatus


@dataclass(frozen=True, slots=True)
class Claim:
    """A track that is to be analysed now: the files that hold it, and which attempt this is (from 1)."""

    track_id: str
    files: list[TrackFile]
    attempt: int


class AnalysisStore:
    """The way of a track from `pending` to `ready`, `failed` or `quarantined`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, track_id: str) -> Claim | None:
        """Count an attempt before its work starts; None when there is nothing to do (any more)."""
        with self._database.write() as session:
            row = session.get(TrackRow, track_id, with_for_update=True)
            if row is None or row.status != TrackStatus.PENDING:
                return None
            row.attempts += 1
            row.sent_at = now()
            places = session.execute(select(LocationRow.path, LocationRow.root).where(LocationRow.track_id == track_id))
            return Claim(track_id, [TrackFile(path, root) for path, root in places], row.attempts)

    def record(self, track_id: str, analysis: Analysis) -> None:
        """Make a track `ready`, in one transaction with the mark that the index must take it in.

        Raises:
            ValueError: the embedding is not 128 finite numbers of unit length.
        """
        embedding = np.asarray(analysis.embedding, dtype="<f4")
        if embedding.shape != (EMBEDDING_DIM,) or not abs(float(np.linalg.norm(embedding)) - 1) < 1e-3:  # noqa: PLR2004
            raise ValueError(f"the embedding of track {track_id} is not a unit vector of {EMBEDDING_DIM} numbers")
        duration = analysis.descriptors.get("duration")
        with self._database.write() as session:
            self._finish(
                session,
                track_id,
                TrackStatus.READY,
                None,
                {
                    "embedding": embedding.tobytes(),
                    "dispersion": analysis.dispersion,
                    "attributes": dict(analysis.attributes),
                    "descriptors": dict(analysis.descriptors),
                    "tags": dict(analysis.tags),
                    "model_version": analysis.model_version,
                    "analysed_at": now(),
                    **({} if duration is None else {"duration_ms": round(duration * 1000)}),
                },
            )

    def refuse(self, track_id: str, reason: str, status: TrackStatus = TrackStatus.FAILED) -> None:
        """Record why a track gives no analysis."""
        with self._database.write() as session:
            self._finish(session, track_id, status, reason, {})

    def stale(self, older_than: timedelta, limit: int = 10_000) -> list[str]:
        """Pending tracks whose analysis was asked for longer ago than this, or never; marks them asked for now."""
        with self._database.write() as session:
            ids = session.scalars(
                select(TrackRow.id)
                .where(
                    TrackRow.status == TrackStatus.PENDING,
                    or_(TrackRow.sent_at.is_(None), TrackRow.sent_at < now() - older_than),
                )
                .limit(limit)
            ).all()
            self._mark_sent(session, ids)
            return list(ids)

    def retry(self, statuses: Sequence[TrackStatus] = (TrackStatus.QUARANTINED, TrackStatus.FAILED)) -> int:
        """Set refused tracks back to `pending`; `stale` then finds them."""
        with self._database.write() as session:
            result = session.execute(
                update(TrackRow)
                .where(TrackRow.status.in_(statuses))
                .values(status=TrackStatus.PENDING, reason=None, attempts=0, sent_at=None)
                .returning(TrackRow.id)
            )
            return len(result.all())

    def _mark_sent(self, session: Session, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), 1000):
            session.execute(update(TrackRow).where(TrackRow.id.in_(ids[start : start + 1000])).values(sent_at=now()))

    def _finish(
        self,
        session: Session,
        track_id: str,
        status: TrackStatus,
        reason: str | None,
        values: Mapping[str, object],
    ) -> None:
        session.execute(
            update(TrackRow)
            .where(TrackRow.id == track_id, TrackRow.status == TrackStatus.PENDING)
            .values(
                status=status,
                reason=reason,
                index_pending=True,
                revision=TrackRow.revision + 1,
                **values,
            )
        )
        settle(session, track_id, JobState.DONE if status == TrackStatus.READY else JobState.FAILED, reason)

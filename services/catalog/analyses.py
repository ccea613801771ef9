"""What workers record: attempts, analyses, refusals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.jobs import close_items
from services.catalog.tables import LocationRow, TrackRow
from services.catalog.tracks import TrackFile
from services.domain.job import JobState
from services.domain.track import EMBEDDING_DIM, Analysis, TrackStatus


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who wants to analyse a track: one task of one worker."""

    worker: str
    """A name that no other worker process has or ever had."""
    task: str
    replaces_task: str | None = None
    """The task that this one replaces, of the same worker, because it died."""
    continues_attempt: str | None = None
    """Whose attempt this goes on with, as it stands in the catalogue: it failed through no fault of the track's."""

    @property
    def name(self) -> str:
        """As it stands in the catalogue."""
        return f"{self.worker}/{self.task}"

    @property
    def may_take_over(self) -> tuple[str, ...]:
        """Whose claims it may take over: its own, when the broker hands its message out again, and those replaced."""
        dead = None if self.replaces_task is None else f"{self.worker}/{self.replaces_task}"
        return tuple(name for name in (self.name, dead, self.continues_attempt) if name is not None)


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

    def claim(self, track_id: str, claimant: Claimant, lease: timedelta) -> Claim | None:
        """Count an attempt before its work starts; None when there is nothing to do (any more) or another is at it.

        The claim holds until the outcome is recorded, it is given back, or the lease is over.
        """
        with self._database.write() as session:
            row = session.get(TrackRow, track_id, with_for_update=True)
            if row is None or row.status != TrackStatus.PENDING:
                return None
            is_held = row.claimed_until is not None and row.claimed_until > now()
            if is_held and row.claimed_by not in claimant.may_take_over:
                return None
            if claimant.continues_attempt is None or row.claimed_by != claimant.continues_attempt:
                row.attempts += 1
            row.sent_at = now()
            row.claimed_by, row.claimed_until = claimant.name, now() + lease
            return Claim(track_id, _files(session, track_id), row.attempts)

    def release_uncounted(self, track_id: str, holder: str) -> None:
        """End a claim that is no attempt: what went wrong has nothing to do with the track."""
        with self._database.write() as session:
            session.execute(
                update(TrackRow)
                .where(TrackRow.id == track_id, TrackRow.status == TrackStatus.PENDING, TrackRow.claimed_by == holder)
                .values(attempts=TrackRow.attempts - 1, claimed_by=None, claimed_until=None)
            )

    def release(self, track_id: str, holder: str) -> None:
        """End a claim whose attempt failed: it stays counted, and the track is free for the next one at once."""
        with self._database.write() as session:
            session.execute(
                update(TrackRow)
                .where(TrackRow.id == track_id, TrackRow.claimed_by == holder)
                .values(claimed_by=None, claimed_until=None)
            )

    def release_worker(self, worker: str, died: Collection[str] = ()) -> int:
        """Undo the claims of a worker that was told to stop: what it is at is no attempt; answers how many.

        An attempt that has ended stays counted: one whose lease is over, or whose task is among those that `died`.
        """
        with self._database.write() as session:
            result = session.execute(
                update(TrackRow)
                .where(
                    TrackRow.status == TrackStatus.PENDING,
                    TrackRow.claimed_by.startswith(f"{worker}/"),
                    TrackRow.claimed_by.not_in([f"{worker}/{task}" for task in died]),
                    TrackRow.claimed_until > now(),
                )
                .values(attempts=TrackRow.attempts - 1, claimed_by=None, claimed_until=None)
                .returning(TrackRow.id)
            )
            return len(result.all())

    def release_all(self) -> int:
        """Drop every claim, where it is known that no worker runs; the attempts stay counted. Answers how many."""
        with self._database.write() as session:
            result = session.execute(
                update(TrackRow)
                .where(TrackRow.claimed_by.is_not(None))
                .values(claimed_by=None, claimed_until=None, sent_at=None)
                .returning(TrackRow.id)
            )
            return len(result.all())

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

    def refuse(
        self,
        track_id: str,
        reason: str,
        status: TrackStatus = TrackStatus.FAILED,
        *,
        tried: Sequence[TrackFile] | None = None,
    ) -> list[TrackFile]:
        """Record why a track gives no analysis.

        Nothing is recorded if it has files that are not among those `tried`: they came while these were read, and are
        answered.
        """
        with self._database.write() as session:
            if tried is not None:
                session.get(TrackRow, track_id, with_for_update=True)  # a scan that adds a file waits, or is seen
                if new := [file for file in _files(session, track_id) if file not in tried]:
                    return new
            self._finish(session, track_id, status, reason, {})
            return []

    def stale(self, older_than: timedelta, limit: int = 10_000) -> list[str]:
        """Pending tracks that nobody is at, sent longer ago than this, longest first; marks them sent now."""
        with self._database.write() as session:
            ids = session.scalars(
                select(TrackRow.id)
                .where(
                    TrackRow.status == TrackStatus.PENDING,
                    or_(TrackRow.claimed_until.is_(None), TrackRow.claimed_until < now()),
                    or_(TrackRow.sent_at.is_(None), TrackRow.sent_at < now() - older_than),
                )
                .order_by(TrackRow.sent_at.asc().nulls_first())
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            self._mark_sent(session, ids, now())
            return list(ids)

    def not_sent(self, track_ids: Sequence[str]) -> None:
        """The broker did not take these: the next pass finds them again."""
        with self._database.write() as session:
            self._mark_sent(session, track_ids, None)

    def retry(self, statuses: Sequence[TrackStatus] = (TrackStatus.QUARANTINED, TrackStatus.FAILED)) -> int:
        """Set refused tracks back to `pending`; `stale` then finds them."""
        with self._database.write() as session:
            result = session.execute(
                update(TrackRow)
                .where(TrackRow.status.in_(statuses))
                .values(
                    status=TrackStatus.PENDING,
                    reason=None,
                    attempts=0,
                    sent_at=None,
                    claimed_by=None,
                    claimed_until=None,
                )
                .returning(TrackRow.id)
            )
            return len(result.all())

    def _mark_sent(self, session: Session, ids: Sequence[str], when: datetime | None) -> None:
        for start in range(0, len(ids), 1000):
            session.execute(update(TrackRow).where(TrackRow.id.in_(ids[start : start + 1000])).values(sent_at=when))

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
                claimed_by=None,
                claimed_until=None,
                index_pending=True,
                revision=TrackRow.revision + 1,
                **values,
            )
        )
        close_items(session, track_id, JobState.DONE if status == TrackStatus.READY else JobState.FAILED, reason)


def _files(session: Session, track_id: str) -> list[TrackFile]:
    places = session.execute(select(LocationRow.path, LocationRow.root).where(LocationRow.track_id == track_id))
    return [TrackFile(path, root) for path, root in places]

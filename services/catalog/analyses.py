"""Claims of tracks by workers, and the outcome of their analyses."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.jobs import close_items
from services.catalog.space_analyses import columns_of, of_track, store_beside, wait_in
from services.catalog.tables import HeardTagRow, SpaceAnalysisRow, TrackRow
from services.catalog.tagging import classify
from services.catalog.takeover import track_gone, track_ready
from services.catalog.tracks import TrackFile, clear_tags, files_of
from services.domain.failure import FailureKind
from services.domain.job import JobState
from services.domain.names import text_key
from services.domain.track import Analysis, TrackStatus


@dataclass(frozen=True, slots=True)
class Claimant:
    """A task of a worker that analyses a track."""

    worker: str
    """The name of the worker process, never used twice."""
    task: str
    replaces_task: str | None = None
    """The task of the same worker that died and that this one replaces."""
    continues_attempt: str | None = None
    """The name of the claimant whose attempt this continues, after a failure unrelated to the track."""

    @property
    def name(self) -> str:
        """The name in the catalogue."""
        return f"{self.worker}/{self.task}"

    @property
    def may_take_over(self) -> tuple[str, ...]:
        """Names whose claims it may take over: its own, if the broker redelivers its message, and those it replaces."""
        dead = None if self.replaces_task is None else f"{self.worker}/{self.replaces_task}"
        return tuple(name for name in (self.name, dead, self.continues_attempt) if name is not None)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to analyse a track: its files, and the number of the attempt, from 1."""

    track_id: str
    files: list[TrackFile]
    attempt: int
    library: str
    """The key of the library in whose turn it is analysed; empty without one."""


class AnalysisStore:
    """Moves tracks from `pending` to `ready`, `failed`, `quarantined` or `missing`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, track_id: str, claimant: Claimant, lease: timedelta) -> Claim | None:
        """Claim a pending track and count an attempt; None if it is not pending or is claimed.

        The claim ends when the outcome is recorded, when it is released or when the lease expires.
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
            return Claim(track_id, files_of(session, track_id), row.attempts, row.queue_library or "")

    def release_uncounted(self, track_id: str, holder: str) -> None:
        """Release a claim and uncount its attempt, after a failure unrelated to the track."""
        with self._database.write() as session:
            session.execute(
                update(TrackRow)
                .where(TrackRow.id == track_id, TrackRow.status == TrackStatus.PENDING, TrackRow.claimed_by == holder)
                .values(attempts=TrackRow.attempts - 1, claimed_by=None, claimed_until=None)
            )

    def release(self, track_id: str, holder: str) -> None:
        """Release a claim; its attempt stays counted."""
        with self._database.write() as session:
            session.execute(
                update(TrackRow)
                .where(TrackRow.id == track_id, TrackRow.claimed_by == holder)
                .values(claimed_by=None, claimed_until=None)
            )

    def release_worker(self, worker: str, died: Collection[str] = ()) -> int:
        """Release the claims of a worker that stops, uncount their attempts, and return the number of claims.

        Claims with an expired lease and claims of tasks in `died` are excluded: their attempts count.
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
        """Release all claims and return their number; call it while no worker runs. The attempts stay counted."""
        with self._database.write() as session:
            result = session.execute(
                update(TrackRow)
                .where(TrackRow.claimed_by.is_not(None))
                .values(claimed_by=None, claimed_until=None, sent_at=None)
                .returning(TrackRow.id)
            )
            return len(result.all())

    def record(
        self, track_id: str, analysis: Analysis, beside: Sequence[Analysis] = (), waiting: Sequence[str] = ()
    ) -> None:
        """Store an analysis, make the track `ready` and mark it for the index, in one transaction.

        `beside` are its analyses in other spaces, and in the spaces `waiting` it waits for one.

        Raises:
            ValueError: the embedding is not finite numbers of unit length, as many as the space has dimensions.
        """
        duration = analysis.descriptors.get("duration")
        with self._database.write() as session:
            columns = columns_of(session, track_id, analysis)
            is_recorded = self._finish(
                session,
                track_id,
                TrackStatus.READY,
                None,
                {
                    **columns,
                    "model_version": analysis.model_version,
                    "failure_kind": None,
                    "failed_at": None,
                    **({} if duration is None else {"duration_ms": round(duration * 1000)}),
                },
            )
            if is_recorded:
                # A track that was missing during a switch still has its row of this space.
                session.execute(delete(SpaceAnalysisRow).where(of_track(track_id, analysis.model_version)))
                for other in beside:
                    store_beside(session, track_id, other)
                wait_in(session, self._database, [track_id], waiting)
                store_heard_tags(session, track_id, analysis.tags)
                classify(session.get_one(TrackRow, track_id, populate_existing=True))
                track_ready(session, track_id)

    def refuse(
        self,
        track_id: str,
        reason: str,
        status: TrackStatus = TrackStatus.FAILED,
        *,
        kind: FailureKind = FailureKind.UNKNOWN,
        tried: Sequence[TrackFile] | None = None,
    ) -> list[TrackFile]:
        """Record why a track cannot be analysed.

        If the track has files that are not in `tried`, because a scan added them meanwhile, records nothing and returns
        those files.
        """
        with self._database.write() as session:
            if tried is not None:
                session.get(TrackRow, track_id, with_for_update=True)  # a scan that adds a file commits before or waits
                if new := [file for file in files_of(session, track_id) if file not in tried]:
                    return new
            is_refused = self._finish(session, track_id, status, reason, {"failure_kind": kind, "failed_at": now()})
            if is_refused and status == TrackStatus.MISSING:
                track_gone(session, track_id)
            return []

    def _finish(
        self,
        session: Session,
        track_id: str,
        status: TrackStatus,
        reason: str | None,
        values: Mapping[str, Any],
    ) -> bool:
        """Set the status of a pending track and close its job items; return whether it was pending."""
        changed = session.execute(
            update(TrackRow)
            .where(TrackRow.id == track_id, TrackRow.status == TrackStatus.PENDING)
            .values(
                status=status,
                reason=reason,
                successor_id=None,
                claimed_by=None,
                claimed_until=None,
                index_pending=True,
                revision=TrackRow.revision + 1,
                **values,
            )
            .returning(TrackRow.id)
        ).all()
        state = JobState.DONE if status == TrackStatus.READY else JobState.FAILED
        close_items(session, track_id, state, reason, values["failure_kind"])
        return bool(changed)


def store_heard_tags(session: Session, track_id: str, tags: Mapping[str, float]) -> None:
    """Store the clear tags of a track, in an open transaction."""
    session.execute(delete(HeardTagRow).where(HeardTagRow.track_id == track_id))
    if clear := clear_tags(tags):
        rows = [
            {"track_id": track_id, "name": name, "key": text_key(name), "strength": strength}
            for name, strength in clear.items()
        ]
        session.execute(insert(HeardTagRow), rows)

"""The analyses in spaces beside the served one: which tracks wait for one, who works on them, and the outcome."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select, update

from services.catalog.analyses import files_of
from services.catalog.database import IDS_PER_STATEMENT, ROWS_PER_STATEMENT, Database, batched, now
from services.catalog.progress import RATE_WINDOW
from services.catalog.space_rows import of_track, store_beside, wait_in
from services.catalog.tables import FIRST, SpaceAnalysisRow, SpaceRow, TrackRow
from services.catalog.tracks import TrackFile
from services.domain.track import Analysis, TrackStatus

MAX_ATTEMPTS = 3
"""Attempts that a track has in a space; one or two crashes may have an outside cause."""

CRASHED = f"The analysis was started {MAX_ATTEMPTS} times and each time crashed or timed out."

_ROW = SpaceAnalysisRow


@dataclass(frozen=True, slots=True)
class SpaceClaim:
    """The right to analyse a track in a space."""

    track_id: str
    space: str
    files: list[TrackFile]


@dataclass(frozen=True, slots=True)
class Filling:
    """How many tracks are ready in a space, wait for an analysis, or have none; and its analyses of late."""

    ready: int
    waiting: int
    failed: int
    recent: int
    first_at: datetime | None

    @property
    def seconds_left(self) -> float | None:
        """Estimated time until none waits; None if fewer than two were analysed in the last minutes."""
        if not self.waiting:
            return 0.0
        if self.first_at is None or self.recent < 2:  # noqa: PLR2004  one analysis has no distance to another
            return None
        return self.waiting * max(1.0, (now() - self.first_at).total_seconds()) / (self.recent - 1)


class SpaceAnalysisStore:
    """Fills spaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enlist(self, space: str) -> int:
        """Let every ready track without an analysis in a space wait for one; return their number."""
        lacks = and_(
            TrackRow.status == TrackStatus.READY,
            func.coalesce(TrackRow.model_version, "") != space,
            ~exists().where(_ROW.track_id == TrackRow.id, _ROW.model_version == space),
        )
        enlisted, after = 0, ""
        while True:
            with self._database.columns() as connection:  # a write would make other writers wait for the search
                found = select(TrackRow.id).where(lacks, TrackRow.id > after).order_by(TrackRow.id)
                ids = connection.scalars(found.limit(IDS_PER_STATEMENT)).all()
            for batch in batched(ids, ROWS_PER_STATEMENT // 5):
                with self._database.write() as session:
                    there = session.scalars(select(TrackRow.id).where(TrackRow.id.in_(batch))).all()
                    wait_in(session, self._database, there, [space])
            enlisted += len(ids)
            if len(ids) < IDS_PER_STATEMENT:
                return enlisted
            after = ids[-1]

    def claim(self, space: str, lease: timedelta) -> SpaceClaim | None:
        """Claim a track that waits for its analysis in a space and count the attempt; None if none waits."""
        while True:
            with self._database.write() as session:
                row = session.scalars(
                    select(_ROW)
                    .where(_waits_in(space), _ROW.claimed_until < now())
                    .order_by(_ROW.claimed_until, _ROW.track_id)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                ).first()
                if row is None:
                    return None
                track = session.get(TrackRow, row.track_id)
                if track is None or track.status != TrackStatus.READY:
                    session.delete(row)  # it is enlisted again when it is back
                elif row.attempts >= MAX_ATTEMPTS:
                    row.status, row.reason = TrackStatus.FAILED, CRASHED
                else:
                    row.attempts += 1
                    row.claimed_until = now() + lease
                    return SpaceClaim(row.track_id, space, files_of(session, row.track_id))

    def release(self, claim: SpaceClaim, *, counted: bool) -> None:
        """Let another worker begin; without `counted` the attempt does not count, after a failure elsewhere."""
        with self._database.write() as session:
            session.execute(
                update(_ROW)
                .where(of_track(claim.track_id, claim.space), _ROW.status == TrackStatus.PENDING)
                .values(claimed_until=FIRST, attempts=_ROW.attempts - (0 if counted else 1))
            )

    def record(self, track_id: str, analysis: Analysis) -> None:
        """Store an analysis in its space.

        Raises:
            ValueError: the embedding is not 128 finite numbers of unit length.
        """
        with self._database.write() as session:
            if session.get(TrackRow, track_id) is not None:
                store_beside(session, track_id, analysis)

    def refuse(self, claim: SpaceClaim, reason: str) -> None:
        """Record why a track has no analysis in a space."""
        with self._database.write() as session:
            session.execute(
                update(_ROW)
                .where(of_track(claim.track_id, claim.space), _ROW.status == TrackStatus.PENDING)
                .values(status=TrackStatus.FAILED, reason=reason)
            )

    def filling(self, space: str) -> Filling:
        """Return how far a space is."""
        counted = select(_ROW.status, func.count()).where(_ROW.model_version == space).group_by(_ROW.status)
        recent = select(func.count(), func.min(_ROW.analysed_at)).where(
            _ROW.model_version == space, _ROW.analysed_at > now() - RATE_WINDOW
        )
        in_tracks = select(func.count()).where(TrackRow.model_version == space, TrackRow.status == TrackStatus.READY)
        with self._database.columns() as connection:
            counts = {status: count for status, count in connection.execute(counted)}  # noqa: C416  no pairs to mypy
            count, first_at = connection.execute(recent).one()
            own = connection.scalar(in_tracks) or 0
        ready = counts.get(TrackStatus.READY, 0) + own
        return Filling(ready, counts.get(TrackStatus.PENDING, 0), counts.get(TrackStatus.FAILED, 0), count, first_at)

    def has_waiting(self) -> bool:
        """Return whether a track waits for an analysis, or a space is not known to be full."""
        unfilled = select(SpaceRow.model_version).where(SpaceRow.filled_at.is_(None)).limit(1)
        waits = select(_ROW.track_id).where(
            _ROW.model_version.in_(select(SpaceRow.model_version)), _ROW.status == TrackStatus.PENDING
        )
        with self._database.columns() as connection:
            return connection.scalar(unfilled) is not None or connection.scalar(waits.limit(1)) is not None

    def finish(self, space: str) -> bool:
        """Record that a space is full if no track waits in it; return whether it is."""
        if self.filling(space).waiting or self.enlist(space):
            return False
        with self._database.write() as session:
            session.execute(
                update(SpaceRow)
                .where(SpaceRow.model_version == space, SpaceRow.filled_at.is_(None))
                .values(filled_at=now())
            )
        return True


def _waits_in(space: str) -> ColumnElement[bool]:
    return and_(_ROW.model_version == space, _ROW.status == TrackStatus.PENDING)

"""The analyses in spaces beside the served one: which tracks wait for one, who works on them, and the outcome.

The functions at the end write rows in open transactions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from services.catalog.database import IDS_PER_STATEMENT, ROWS_PER_STATEMENT, Database, batched, now
from services.catalog.progress import RATE_WINDOW, Rate
from services.catalog.spaces import dimension_of
from services.catalog.tables import FIRST, SpaceAnalysisRow, SpaceRow, TrackRow
from services.catalog.tracks import TrackFile, files_of
from services.domain.filters import ATTRIBUTES
from services.domain.track import DESCRIPTORS, Analysis, TrackStatus, unit_vector

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
    """How many tracks are ready in a space, wait for an analysis, or have none; and the rate of its analyses."""

    ready: int
    waiting: int
    failed: int
    rate: Rate

    @property
    def seconds_left(self) -> float | None:
        """Estimated time until none waits; None if fewer than two were analysed in the last minutes."""
        if not self.waiting:
            return 0.0
        per_minute = self.rate.per_minute
        return None if per_minute is None else 60 * self.waiting / per_minute


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
            ValueError: the embedding is not finite numbers of unit length, as many as the space has dimensions.
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
            rate = Rate(*connection.execute(recent).one())
            own = connection.scalar(in_tracks) or 0
        ready = counts.get(TrackStatus.READY, 0) + own
        return Filling(ready, counts.get(TrackStatus.PENDING, 0), counts.get(TrackStatus.FAILED, 0), rate)

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


def columns_of(session: Session, track_id: str, analysis: Analysis) -> dict[str, Any]:
    """Return the columns of an analysis of a track that `tracks` and `space_analyses` have in common.

    Raises:
        ValueError: the embedding is not finite numbers of unit length, as many as the space has dimensions.
    """
    dimension = dimension_of(session, analysis.model_version)
    vector = unit_vector(analysis.embedding, f"track {track_id}", dimension)
    return {
        "embedding": vector.astype("<f4").tobytes(),
        "dispersion": analysis.dispersion,
        "highlight": analysis.highlight,
        "tags": dict(analysis.tags),
        "analysed_at": now(),
        **{name: analysis.attributes.get(name) for name in ATTRIBUTES},
        **{name: analysis.descriptors.get(name) for name in DESCRIPTORS},
    }


def store_beside(session: Session, track_id: str, analysis: Analysis) -> None:
    """Store an analysis of a track in its space.

    Raises:
        ValueError: the embedding is not finite numbers of unit length, as many as the space has dimensions.
    """
    put_beside(session, track_id, analysis.model_version, columns_of(session, track_id, analysis))


def put_beside(session: Session, track_id: str, space: str, values: dict[str, Any]) -> None:
    """Store the columns of an analysis of a track in a space, instead of what the space has of it."""
    session.execute(delete(SpaceAnalysisRow).where(of_track(track_id, space)))
    key = {"track_id": track_id, "model_version": space, "status": TrackStatus.READY, "attempts": 0}
    session.execute(insert(SpaceAnalysisRow).values(**key, claimed_until=FIRST, **values))


def wait_in(session: Session, database: Database, track_ids: Sequence[str], spaces: Sequence[str]) -> None:
    """Let tracks wait for their analyses in spaces; those that have a row there keep it."""
    rows = [
        {"track_id": each, "model_version": space, "status": TrackStatus.PENDING, "attempts": 0, "claimed_until": FIRST}
        for each in track_ids
        for space in spaces
    ]
    if rows:
        session.execute(database.insert(SpaceAnalysisRow).values(rows).on_conflict_do_nothing())


def of_track(track_id: str, space: str) -> ColumnElement[bool]:
    """Return the condition of the row of a track in a space."""
    return and_(SpaceAnalysisRow.track_id == track_id, SpaceAnalysisRow.model_version == space)

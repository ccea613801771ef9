"""The tracks that the vector index must write or delete."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.catalog.database import IDS_PER_STATEMENT, Database, batched
from services.catalog.tables import MetaRow, TrackRow
from services.catalog.tracks import EMBEDDING_BYTES, clear_tags, measured_of, vector_of
from services.domain.track import TrackStatus
from services.domain.vector_index import PayloadValue, Point

GENERATION = "index_generation"


@dataclass(frozen=True, slots=True)
class IndexChange:
    """A track whose point must be written, or deleted if `point` is None."""

    track_id: str
    revision: int
    point: Point | None


class IndexQueue:
    """Tracks marked `index_pending`, and the index generation, which `segue reindex` increments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, limit: int) -> list[IndexChange]:
        """Return up to `limit` marked tracks."""
        with self._database.read() as session:
            rows = session.scalars(select(TrackRow).where(TrackRow.index_pending).limit(limit))
            return [_change(row) for row in rows]

    def changes(self, track_ids: Sequence[str]) -> list[IndexChange]:
        """Return the current state of these tracks, marked or not. For unknown ids `point` is None."""
        with self._database.read() as session:
            found = {
                row.id: _change(row) for row in session.scalars(select(TrackRow).where(TrackRow.id.in_(track_ids)))
            }
        return [found.get(track_id, IndexChange(track_id, 0, None)) for track_id in track_ids]

    def clear(self, changes: Iterable[IndexChange]) -> None:
        """Remove the marks of tracks that have not changed since they were read."""
        with self._database.write() as session:
            for change in changes:
                session.execute(
                    update(TrackRow)
                    .where(TrackRow.id == change.track_id, TrackRow.revision == change.revision)
                    .values(index_pending=False)
                )

    def mark(self, track_ids: Sequence[str]) -> None:
        """Mark tracks to be indexed again."""
        for chunk in batched(track_ids, IDS_PER_STATEMENT):
            with self._database.write() as session:
                session.execute(
                    update(TrackRow)
                    .where(TrackRow.id.in_(chunk))
                    .values(index_pending=True, revision=TrackRow.revision + 1)
                )

    def expected_ids(self) -> tuple[set[str], set[str]]:
        """Return the ids of unmarked tracks that the index must contain, and the ids of marked tracks."""
        with self._database.read() as session:
            marked = set(session.scalars(select(TrackRow.id).where(TrackRow.index_pending)))
            ready = set(
                session.scalars(
                    select(TrackRow.id).where(
                        TrackRow.status == TrackStatus.READY, func.length(TrackRow.embedding) == EMBEDDING_BYTES
                    )
                )
            )
        return ready - marked, marked

    def count_pending(self) -> int:
        """Return the number of marked tracks."""
        with self._database.read() as session:
            return session.scalar(select(func.count()).where(TrackRow.index_pending)) or 0

    def ready(self, batch: int = 1000) -> Iterator[list[IndexChange]]:
        """Iterate over all tracks that the index must contain, in batches ordered by id."""
        after = ""
        while True:
            with self._database.read() as session:
                rows = session.scalars(
                    select(TrackRow)
                    .where(TrackRow.status == TrackStatus.READY, TrackRow.id > after)
                    .order_by(TrackRow.id)
                    .limit(batch)
                ).all()
            if not rows:
                return
            after = rows[-1].id
            yield [_change(row) for row in rows if _has_point(row)]

    def generation(self) -> int:
        """Return the current generation; an index of another generation must be rebuilt."""
        with self._database.read() as session:
            return _generation(session)

    def rebuild(self) -> int:
        """Request a new index and return its generation."""
        with self._database.write() as session:
            generation = _generation(session) + 1
            session.merge(MetaRow(key=GENERATION, value=str(generation)))
            return generation


def _generation(session: Session) -> int:
    row = session.get(MetaRow, GENERATION)
    return 1 if row is None else int(row.value)


def _change(row: TrackRow) -> IndexChange:
    return IndexChange(track_id=row.id, revision=row.revision, point=_point(row) if _has_point(row) else None)


def _has_point(row: TrackRow) -> bool:
    # A damaged embedding must not stop the indexing of other tracks.
    return row.status == TrackStatus.READY and len(row.embedding or b"") == EMBEDDING_BYTES


def _point(row: TrackRow) -> Point:
    payload: dict[str, PayloadValue] = dict(
        measured_of(row.descriptors, row.attributes, year=row.year, duration_ms=row.duration_ms)
    )
    payload |= {
        name: value.casefold()
        for name, value in (("genre", row.genre), ("artist", row.artist), ("album", row.album))
        if value
    }
    payload["tags"] = clear_tags(row.tags) or None
    known = {name: value for name, value in payload.items() if value is not None}
    return Point(id=row.id, vector=vector_of(row.embedding), payload=known)

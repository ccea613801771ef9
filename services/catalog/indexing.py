"""The rows whose points the vector index must write or delete: tracks and pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.catalog.database import IDS, IDS_PER_STATEMENT, Database, batched, rows_of
from services.catalog.libraries import libraries_of
from services.catalog.names import split_keys
from services.catalog.own_values import own_payloads_of
from services.catalog.space_columns import analyses_in, exists_in
from services.catalog.space_mappings import carrier, carries
from services.catalog.spaces import SpaceViews
from services.catalog.tables import IndexedRow, MetaRow, PictureRow, TrackRow
from services.catalog.tracks import clear_tags, measured_of, vector_of
from services.domain.filters import FRAGMENT, RANGE_FIELDS
from services.domain.libraries import LIBRARY
from services.domain.names import text_key
from services.domain.track import EMBEDDING_DIM, TrackStatus
from services.domain.vector_index import PayloadValue, Point

GENERATION = "index_generation"
# Pictures have the same status with the same meaning.
READY = TrackStatus.READY.value


@dataclass(frozen=True, slots=True)
class IndexChange:
    """A row whose point must be written, or deleted if `point` is None."""

    id: str
    revision: int
    point: Point | None


@dataclass(frozen=True, slots=True)
class Source:
    """The space whose points are made, and the one to look up in both tables: None if `tracks` has all points."""

    space: str | None
    joined: str | None
    dimension: int
    """Of the vectors in the space."""


class PointSource(Protocol):
    """How the points of ready rows are made."""

    def rows(self, source: Source) -> Select[Any]:
        """Select the columns id, revision, status, embedding, and what `points` needs."""

    def stored_dimension(self, source: Source) -> int:
        """Return the length of whole embeddings of rows."""

    def is_there(self, source: Source) -> ColumnElement[bool]:
        """Return the condition that a row must have a point."""

    def is_counted(self, source: Source) -> ColumnElement[bool]:
        """Return a cheap condition that agrees with `is_there` unless an embedding is damaged."""

    def points(self, connection: Connection, rows: Sequence[Any], source: Source) -> list[Point]:
        """Return the points of rows, in the transaction that read them."""


class IndexQueue:
    """The rows of a table marked `index_pending`, and the index generation, which `segue reindex` increments."""

    def __init__(
        self, database: Database, table: type[IndexedRow], points: PointSource, spaces: SpaceViews, space: str | None
    ) -> None:
        """Use the rows of a table; `points` makes the points of rows that are ready, in `space` or the served one."""
        self._database = database
        self._table = table
        self._points = points
        self._spaces = spaces
        self._space = space

    def _source(self) -> Source:
        view = self._spaces.view() if self._space is None else self._spaces.latest()
        space = self._space or view.served
        return Source(space, space if set(view.live) - {space} else None, view.dimension(space))

    def pending(self, limit: int) -> list[IndexChange]:
        """Return up to `limit` marked rows."""
        source = self._source()
        with self._database.columns() as connection:
            rows = connection.execute(self._points.rows(source).where(self._table.index_pending).limit(limit)).all()
            return self._changes(connection, rows, source)

    def changes(self, ids: Sequence[str]) -> list[IndexChange]:
        """Return the current state of these rows, marked or not. For unknown ids `point` is None."""
        source = self._source()
        with self._database.columns() as connection:
            rows = rows_of(connection, self._points.rows(source).where(self._table.id.in_(IDS)), ids)
            found = {change.id: change for change in self._changes(connection, rows, source)}
        return [found.get(row_id, IndexChange(row_id, 0, None)) for row_id in ids]

    def clear(self, changes: Iterable[IndexChange]) -> None:
        """Remove the marks of rows that have not changed since they were read, and mark the others.

        Another indexer may have written a newer state of a row before this one wrote an older state.
        """
        with self._database.write() as session:
            for change in changes:
                session.execute(
                    update(self._table)
                    .where(self._table.id == change.id)
                    .values(index_pending=self._table.revision != change.revision)
                )

    def mark(self, ids: Sequence[str]) -> None:
        """Mark rows to be indexed again."""
        for chunk in batched(ids, IDS_PER_STATEMENT):
            with self._database.write() as session:
                session.execute(
                    update(self._table)
                    .where(self._table.id.in_(chunk))
                    .values(index_pending=True, revision=self._table.revision + 1)
                )

    def ready_ids(self, batch: int = IDS_PER_STATEMENT) -> Iterator[str]:
        """Iterate over the ids of all ready rows, in ascending order."""
        found, after = select(self._table.id).where(self._table.status == READY).order_by(self._table.id), ""
        while True:
            with self._database.columns() as connection:
                ids = connection.scalars(found.where(self._table.id > after).limit(batch)).all()
            yield from ids
            if len(ids) < batch:
                return
            after = ids[-1]

    def lacking(self, ids: Sequence[str]) -> list[str]:
        """Return those of some rows that are unmarked and must have a point, sorted."""
        return sorted(self._those(ids, ~self._table.index_pending, self._points.is_there(self._source())))

    def marked(self, ids: Sequence[str]) -> set[str]:
        """Return those of some rows that are marked."""
        return set(self._those(ids, self._table.index_pending))

    def _those(self, ids: Sequence[str], *conditions: ColumnElement[bool] | InstrumentedAttribute[bool]) -> list[str]:
        with self._database.columns() as connection:
            found = select(self._table.id).where(self._table.id.in_(IDS), *conditions)
            return [row.id for row in rows_of(connection, found, ids)]

    def count_pending(self) -> int:
        """Return the number of marked rows."""
        with self._database.read() as session:
            return session.scalar(select(func.count()).where(self._table.index_pending)) or 0

    def some_pending(self, limit: int) -> list[tuple[str, int]]:
        """Return the ids and revisions of up to `limit` marked rows."""
        marked = select(self._table.id, self._table.revision).where(self._table.index_pending).limit(limit)
        with self._database.columns() as connection:
            return [(row.id, row.revision) for row in connection.execute(marked)]

    def count_ready(self) -> int:
        """Return the number of rows that must have a point."""
        source = self._source()
        counted = self._points.rows(source).with_only_columns(func.count(), maintain_column_froms=True)
        with self._database.read() as session:
            return session.scalar(counted.where(self._points.is_counted(source))) or 0

    def ready(self, batch: int = 1000) -> Iterator[list[IndexChange]]:
        """Iterate over all rows that the index must contain, in batches ordered by id."""
        source, after = self._source(), ""
        ready = self._points.rows(source).where(self._table.status == READY).order_by(self._table.id).limit(batch)
        while True:
            with self._database.columns() as connection:
                rows = connection.execute(ready.where(self._table.id > after)).all()
                changes = self._changes(connection, rows, source)
            if not rows:
                return
            after = rows[-1].id
            yield [change for change in changes if change.point is not None]

    def generation(self) -> int:
        """Return the current generation; an index of another generation must be rebuilt."""
        with self._database.read() as session:
            return generation_of(session)

    def rebuild(self) -> int:
        """Request new indexes of tracks and pictures, and return their generation."""
        with self._database.write() as session:
            return request_rebuild(session)

    def _changes(self, connection: Connection, rows: Sequence[Any], source: Source) -> list[IndexChange]:
        size = 4 * self._points.stored_dimension(source)
        # A damaged embedding must not stop the indexing of other rows.
        whole = [row for row in rows if row.status == READY and len(row.embedding or b"") == size]
        points = {point.id: point for point in self._points.points(connection, whole, source)}
        return [IndexChange(row.id, row.revision, points.get(row.id)) for row in rows]


def generation_of(session: Session) -> int:
    """Return the generation that indexes must have, in an open transaction."""
    row = session.get(MetaRow, GENERATION)
    return 1 if row is None else int(row.value)


def request_rebuild(session: Session) -> int:
    """Request new indexes in an open transaction, and return their generation."""
    generation = generation_of(session) + 1
    session.merge(MetaRow(key=GENERATION, value=str(generation)))
    return generation


_TRACK, _PICTURE = TrackRow.__table__.c, PictureRow.__table__.c
_NAMED = (_TRACK.artist_keys, _TRACK.genre_keys, _TRACK.album_key, _TRACK.fragment)


class TrackPoints:
    """The points of tracks: their analyses in a space, and what filters need of their tags."""

    def rows(self, source: Source) -> Select[Any]:
        """Select a track's columns, with the analysis from whichever table has that of the space."""
        found = analyses_in(source.joined)
        measured = (found[name] for name in RANGE_FIELDS)
        columns = (_TRACK.id, _TRACK.revision, _TRACK.status, found["embedding"], *measured, *_NAMED, found["tags"])
        return select(*columns).select_from(found.source)

    def stored_dimension(self, source: Source) -> int:
        """Return the length of the embeddings of tracks in the space."""
        return source.dimension

    def is_there(self, source: Source) -> ColumnElement[bool]:
        """Return whether a track is ready and has a whole embedding in the space."""
        return exists_in(source.joined, source.dimension)

    def is_counted(self, source: Source) -> ColumnElement[bool]:
        """Return whether a track is ready and has an embedding in the space."""
        return analyses_in(source.joined).is_counted

    def points(self, connection: Connection, rows: Sequence[Any], source: Source) -> list[Point]:
        """Return the points of tracks."""
        del source
        ids = [row.id for row in rows]
        libraries, own = libraries_of(connection, ids), own_payloads_of(connection, ids)
        return [_track_point(row, libraries.get(row.id), own.get(row.id, {})) for row in rows]


def _track_point(row: Sequence[Any], libraries: list[str] | None, own: Mapping[str, PayloadValue]) -> Point:
    track_id, _, _, embedding, *measured, artists, genres, album, fragment, tags = row
    payload: dict[str, PayloadValue] = dict(measured_of(dict(zip(RANGE_FIELDS, measured, strict=True))))
    keywords = {
        "artist": split_keys(artists),
        "genre": split_keys(genres),
        "album": split_keys(album),
        LIBRARY: libraries,
        FRAGMENT: None if fragment is None else [fragment],
        "tags": [_key_of_tag(tag) for tag in clear_tags(tags)],
    }
    payload.update((name, keys) for name, keys in keywords.items() if keys)
    payload.update(own)
    return Point(id=track_id, vector=vector_of(embedding), payload=payload)


_key_of_tag = lru_cache(maxsize=1024)(text_key)  # the encoder knows a few hundred tags


class PicturePoints:
    """The points of pictures, carried into a space from that of the text tower that read them."""

    def rows(self, source: Source) -> Select[Any]:
        """Select a picture's columns."""
        del source
        stored = _PICTURE.embedding, _PICTURE.model_version, _PICTURE.library_id
        return select(_PICTURE.id, _PICTURE.revision, _PICTURE.status, *stored)

    def stored_dimension(self, source: Source) -> int:
        """Return the length of the embeddings of pictures: that of the text tower, whatever the space."""
        del source
        return EMBEDDING_DIM

    def is_there(self, source: Source) -> ColumnElement[bool]:
        """Return whether a picture is ready, and its whole embedding can be carried."""
        return and_(func.length(_PICTURE.embedding) == 4 * EMBEDDING_DIM, self.is_counted(source))

    def is_counted(self, source: Source) -> ColumnElement[bool]:
        """Return whether a picture is ready, and its embedding can be carried."""
        is_ready = _PICTURE.status == READY
        if source.space is None:
            return is_ready
        return and_(
            is_ready, or_(_PICTURE.model_version == source.space, carries(_PICTURE.model_version, source.space))
        )

    def points(self, connection: Connection, rows: Sequence[Any], source: Source) -> list[Point]:
        """Return the points of the pictures that can be carried."""
        carriers = {
            version: carrier(connection, version, source.space) for version in {row.model_version for row in rows}
        }
        return [
            Point(
                row.id, carry(vector_of(row.embedding)), {} if row.library_id is None else {LIBRARY: [row.library_id]}
            )
            for row in rows
            if (carry := carriers[row.model_version]) is not None
        ]

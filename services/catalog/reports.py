"""What a report of the library reads: all tracks, their files and their failures, in one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, LargeBinary, func, select, type_coerce

from services.catalog.database import Database
from services.catalog.failures import all_failures
from services.catalog.space_columns import analyses_in
from services.catalog.spaces import SpaceViews
from services.catalog.tables import LocationRow, MapPointRow, MapRow, TrackRow
from services.catalog.tracks import readable
from services.domain.track import TrackStatus

BATCH_ROWS = 1000

MEASURED = (
    *("energy", "valence", "danceability", "acousticness", "instrumentalness"),
    *("tempo", "loudness", "brightness"),
)
"""The measured columns of a report."""

_TRACK, _FILE, _POINT = TrackRow.__table__.c, LocationRow.__table__.c, MapPointRow.__table__.c


class TrackContent(NamedTuple):
    """A track as a report reads it; `point` columns are null if it is not on the map."""

    id: str
    status: str
    title: str
    artist: str | None
    artist_key: str | None
    album: str | None
    album_id: str | None
    genre: str | None
    genre_keys: str | None
    year: int | None
    track_number: int | None
    duration_ms: int | None
    fragment: str | None
    cover: str | None
    x: float | None
    y: float | None
    tag: str | None
    """Its strongest heard tag."""


_NAMED = len(TrackContent._fields)


class FileContent(NamedTuple):
    """A file of a track; `path` is valid Unicode."""

    track_id: str
    path: str
    size: int


class FailureContent(NamedTuple):
    """A file that cannot be used."""

    path: str
    kind: str
    reason: str


class ReportStore:
    """Reads the library for a report."""

    def __init__(self, database: Database, spaces: SpaceViews) -> None:
        self._database = database
        self._spaces = spaces

    @contextmanager
    def snapshot(self) -> Iterator["ReportSnapshot"]:
        """Open a read-only transaction that sees the catalogue as it is now.

        Raises:
            CatalogueUnavailable: the database does not respond.
        """
        with self._database.snapshot() as connection:
            yield ReportSnapshot(connection, self._spaces.joined(), self._spaces.dimension())


class ReportSnapshot:
    """The library of a moment."""

    def __init__(self, connection: Connection, space: str | None, dimension: int) -> None:
        self._connection = connection
        self.dimension = dimension  # of embeddings
        self._analyses = analyses_in(space)

    def tracks(self) -> Iterator[tuple[TrackContent, bytes | None, tuple[float | None, ...]]]:
        """Yield the tracks that are not missing, each with its embedding and the values of `MEASURED`."""
        own = ("status", "title", "artist", "artist_key", "album", "album_id", "genre", "genre_keys", "year")
        more = ("track_number", "duration_ms", "fragment", "cover")
        found = self._analyses
        on_map = (_POINT.track_id == _TRACK.id) & (_POINT.version == select(func.max(MapRow.version)).scalar_subquery())
        statement = (
            select(
                _TRACK.id, *(_TRACK[name] for name in (*own, *more)), _POINT.x, _POINT.y, _POINT.tag, found["embedding"]
            )
            .add_columns(*(found[name] for name in MEASURED))
            .select_from(found.source.outerjoin(MapPointRow.__table__, on_map))
            .where(_TRACK.status != TrackStatus.MISSING)
        )
        for row in self._rows(statement):
            yield TrackContent(*row[:_NAMED]), row[_NAMED], row[_NAMED + 1 :]

    def files(self) -> Iterator[FileContent]:
        """Yield the files of tracks."""
        path = type_coerce(_FILE.path, LargeBinary)  # decoding as the file system does takes longer
        for track_id, name, size in self._rows(select(_FILE.track_id, path, _FILE.size)):
            yield FileContent(track_id, name.decode("utf-8", "replace"), size)

    def failures(self) -> Iterator[FailureContent]:
        """Yield the files that cannot be used."""
        found = all_failures().subquery().c
        for path, kind, reason in self._rows(select(found.path, found.kind, found.reason).order_by(found.path)):
            yield FailureContent(readable(path or ""), kind or "unknown", reason or "")

    def _rows(self, statement: Any) -> Iterator[Any]:  # noqa: ANN401  a statement of any columns
        with self._connection.execute(statement, execution_options={"yield_per": BATCH_ROWS}) as result:
            yield from result

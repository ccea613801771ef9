"""Read the files of tracks, to write playlists to files and to read them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select

from services.catalog.database import IDS, Database, rows_of
from services.catalog.names import split_keys
from services.catalog.tables import LocationRow, TrackRow
from services.catalog.tracks import TrackFile, first_there
from services.domain.names import plain_key

FILES_PER_STATEMENT = 10_000

_TRACK, _FILE = TrackRow.__table__.c, LocationRow.__table__.c
_OF_TRACKS = select(_FILE.track_id, _FILE.path, _FILE.root).where(_FILE.track_id.in_(IDS)).order_by(_FILE.id)
_HAS_FILE = select(_FILE.id).where(_FILE.track_id == _TRACK.id).exists()
_TITLED = select(_TRACK.id, _TRACK.title_key, _TRACK.artist_keys, _TRACK.duration_ms, _HAS_FILE).where(
    _TRACK.title_key.in_(IDS)
)


class LibraryFile(NamedTuple):
    """A file of the library, and its track."""

    track_id: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class NamedRecording:
    """A track by the keys of its names."""

    id: str
    title_key: str
    artist_keys: frozenset[str]
    duration_ms: int | None
    has_file: bool


class FileStore:
    """Reads files of tracks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, track_ids: Collection[str]) -> dict[str, TrackFile]:
        """Return the oldest file of each track that is still there, by track id; tracks without a file are absent."""
        with self._database.columns() as connection:
            rows = rows_of(connection, _OF_TRACKS, track_ids)
        files: dict[str, list[TrackFile]] = {}
        for track_id, path, root in rows:
            files.setdefault(track_id, []).append(TrackFile(path, root))
        return {track_id: first_there(found) for track_id, found in files.items()}

    def named(self, names: Collection[str]) -> Iterator[LibraryFile]:
        """Yield the files with these names (`plain_key`), which are without folders.

        All files are read, in batches, because a database cannot search the end of a path.
        """
        after = 0
        query = select(_FILE.id, _FILE.track_id, _FILE.path, _TRACK.title).join_from(
            LocationRow.__table__, TrackRow.__table__, _FILE.track_id == _TRACK.id
        )
        while names:
            page = query.where(_FILE.id > after).order_by(_FILE.id).limit(FILES_PER_STATEMENT)
            with self._database.columns() as connection:
                rows = connection.execute(page).all()
            for _, track_id, path, title in rows:
                if plain_key(path.rpartition("/")[2]) in names:
                    yield LibraryFile(track_id, path, title)
            if len(rows) < FILES_PER_STATEMENT:
                return
            after = rows[-1].id

    def titled(self, keys: Collection[str]) -> Iterator[NamedRecording]:
        """Yield the tracks whose titles have these keys (`title_key`)."""
        with self._database.columns() as connection:
            rows = rows_of(connection, _TITLED, keys)
        for row in rows:
            yield NamedRecording(row[0], row[1], frozenset(split_keys(row[2])), *row[3:])

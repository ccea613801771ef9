"""Read the files of tracks, to write playlists to files and to read them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select

from services.catalog.database import IDS, Database, rows_of
from services.catalog.names import split_keys
from services.catalog.tables import LocationRow, TrackRow
from services.catalog.tracks import TrackFile, first_there
from services.domain.names import plain_key
from services.domain.track import TrackStatus

FILES_PER_STATEMENT = 10_000

_TRACK, _FILE = TrackRow.__table__.c, LocationRow.__table__.c
_HERE = and_(_FILE.path >= "/", _FILE.path < "0")
"""The condition that a file is on this machine: its path is absolute. Others are on linked servers."""

_OF_TRACKS = select(_FILE.track_id, _FILE.path, _FILE.root).where(_FILE.track_id.in_(IDS), _HERE).order_by(_FILE.id)
_HAS_FILE = select(_FILE.id).where(_FILE.track_id == _TRACK.id).exists()
_TITLED = select(_TRACK.id, _TRACK.title_key, _TRACK.artist_keys, _TRACK.duration_ms, _HAS_FILE).where(
    _TRACK.title_key.in_(IDS)
)


_MEASURED = (
    select(
        *(_TRACK.id, _FILE.path, _FILE.root, _TRACK.title, _TRACK.artist, _TRACK.album, _TRACK.genre, _TRACK.year),
        *(_TRACK.duration_ms, _TRACK.tempo, _TRACK.tempo_confidence, _TRACK.key, _TRACK.key_confidence, _TRACK.mode),
        *(_TRACK.mode_confidence, _TRACK.energy, _TRACK.valence),
    )
    .join_from(LocationRow.__table__, TrackRow.__table__, _FILE.track_id == _TRACK.id)
    .where(_TRACK.status == TrackStatus.READY, _HERE)
    .order_by(_FILE.path)
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


class MeasuredFile(NamedTuple):
    """A file of an analysed track, and what an analysis measured of it; None if it is unknown."""

    track_id: str
    path: str
    root: str
    title: str
    artist: str | None
    album: str | None
    genre: str | None
    year: int | None
    duration_ms: int | None
    tempo: float | None
    tempo_confidence: float | None
    key: int | None
    key_confidence: float | None
    mode: int | None
    mode_confidence: float | None
    energy: float | None
    valence: float | None


class FileStore:
    """Reads files of tracks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sizes(self, track_ids: Collection[str]) -> dict[str, int]:
        """Return the bytes of the oldest file of each track, by id; tracks without a file are absent."""
        found = select(_FILE.track_id, _FILE.size).where(_FILE.track_id.in_(IDS)).order_by(_FILE.id.desc())
        with self._database.columns() as connection:
            return {track_id: size for track_id, size in rows_of(connection, found, track_ids)}  # noqa: C416  of rows

    def of(self, track_ids: Collection[str]) -> dict[str, TrackFile]:
        """Return the oldest file of each track that is still there, by track id; tracks without a file are absent."""
        with self._database.columns() as connection:
            rows = rows_of(connection, _OF_TRACKS, track_ids)
        files: dict[str, list[TrackFile]] = {}
        for track_id, path, root in rows:
            files.setdefault(track_id, []).append(TrackFile(path, root))
        return {track_id: first_there(found) for track_id, found in files.items()}

    def measured(self, paths: Collection[str]) -> Iterator[MeasuredFile]:
        """Yield the files of analysed tracks at or below the paths, by path; all files if there are no paths."""
        places = [condition for path in paths for condition in (_FILE.path == path, is_below(path))]
        query = _MEASURED.where(or_(*places)) if places else _MEASURED
        with self._database.columns() as connection:
            rows = connection.execute(query).all()
        yield from starmap(MeasuredFile, rows)

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


def is_below(folder: str) -> ColumnElement[bool]:
    """Return the condition that a file lies in a folder or below it."""
    inside, behind = folder.rstrip("/") + "/", folder.rstrip("/") + "0"  # "0" follows "/"
    return and_(_FILE.path >= inside, _FILE.path < behind)

"""Catalogues of any size for benchmarks, with what scans and analyses store, written without either.

A million tracks take about six minutes and 8.4 GB.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models.text.tower import DEFAULT_VERSION as MODEL
from services.catalog import Catalogue
from services.catalog.database import batched, now
from services.catalog.names import TrackNames, digest
from services.catalog.spaces import HOME, MODEL_VERSION
from services.catalog.tables import (
    HeardTagRow,
    LibraryRootRow,
    LibraryRow,
    LocationRow,
    MapPointRow,
    MapRow,
    MetaRow,
    Table,
    TrackArtistRow,
    TrackGenreRow,
    TrackRow,
)
from services.catalog.tracks import clear_tags
from services.domain.filters import RANGE_FIELDS
from services.domain.library import ALBUM_PREFIX
from services.domain.names import text_key, title_key
from services.domain.track import TAGS_VERSION, Tags, TrackStatus
from services.ingest.covers import NOTHING
from services.settings import Settings
from tests.perf.vectors import ALBUMS_OF_ARTIST, LIBRARIES, REAL, TRACKS_OF_ALBUM, Tracks, encoder_like, identifier

ROWS = 5_000
ROOT = "/scale"
WORDS = (
    *("Night", "River", "Stone", "Light", "Dream", "Road", "Winter", "Glass"),
    *("Fire", "Heart", "Blue", "Echo", "Garden", "Paper", "Moon", "Salt"),
)
PLAIN = "plain"
TITLES = 61_440
COMPILED_EVERY, GUEST_EVERY, HITS_EVERY = 50, 15, 40
FILE_BYTES = 4_000_000
CACHE_KIB = 400_000

Row = dict[str, Any]


def written(folder: Path, count: int) -> Tracks:
    """Write the catalogue of a data directory if it has not that many tracks; return the tracks."""
    tracks = encoder_like(count)
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    catalogue.migrate()
    is_written = catalogue.tracks.count_by_status()[TrackStatus.READY] == count
    catalogue.close()
    if not is_written:
        with closing(sqlite3.connect(folder / "catalogue.db", isolation_level=None)) as connection:
            _write(connection, tracks)
    return tracks


def file_of(number: int) -> str:
    """Return the path of a track's file."""
    album, place = divmod(number, TRACKS_OF_ALBUM)
    folder = f"{ROOT}/{LIBRARIES[album % len(LIBRARIES)]}/{album // ALBUMS_OF_ARTIST // 100}"
    return f"{folder}/{artist_of(album)}/{album_of(album)}/{place + 1:02} {title_of(number)}.mp3"


def artist_of(album: int) -> str:
    """Return the artist of an album."""
    artist = album // ALBUMS_OF_ARTIST
    return f"{WORDS[artist % 16]} {WORDS[artist // 16 % 16]} {artist}"


def album_of(album: int) -> str:
    """Return the title of an album; some titles are those of many albums."""
    return (
        "Greatest Hits" if album % HITS_EVERY == 0 else f"{WORDS[album * 7 % 16]} of {WORDS[album // 16 % 16]} {album}"
    )


def title_of(number: int) -> str:
    """Return the title of a track; from a million tracks, about sixteen have the same."""
    title = f"{WORDS[number * 5 % 16]} {WORDS[number // 16 % 16]} {number % TITLES}"
    return f"{title} (feat. {artist_of(number * 31)})" if number % GUEST_EVERY == 0 else title


def _write(connection: sqlite3.Connection, tracks: Tracks) -> None:
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", f"cache_size = -{CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    made_after = indexes.fetchall()
    connection.execute("BEGIN")
    for name, _ in made_after:
        connection.execute(f"DROP INDEX {name}")
    _insert(connection, MetaRow, [{"key": key, "value": MODEL} for key in (MODEL_VERSION, HOME)])
    libraries = sorted(set(LIBRARIES))
    _insert(connection, LibraryRow, [{"name": name, "created_at": _moment(now())} for name in libraries])
    _insert(connection, LibraryRootRow, [{"path": f"{ROOT}/{name}".encode(), "library": name} for name in libraries])
    _insert(connection, MapRow, [_map(len(tracks))])
    heard = _heard(tracks)
    for numbers in batched(range(len(tracks)), ROWS):
        named = [_named(number, tracks) for number in numbers]
        rows = [_track(number, names, tracks, heard[number][0]) for number, names in zip(numbers, named, strict=True)]
        _insert(connection, TrackRow, rows)
        _insert(connection, LocationRow, map(_location, rows, named, numbers))
        _insert(connection, TrackArtistRow, _children(rows, (names.artists for names in named), dated=True))
        _insert(connection, TrackGenreRow, _children(rows, (names.genres for names in named)))
        _insert(connection, HeardTagRow, _children(rows, (heard[number][1] for number in numbers)))
        _insert(connection, MapPointRow, map(_point, rows, tracks.vectors[numbers[0] : numbers[-1] + 1]))
    for _, statement in made_after:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")


def _insert(connection: sqlite3.Connection, table: type[Table], rows: Iterable[Row]) -> None:
    remaining = iter(rows)
    for first in remaining:
        places = ", ".join(f":{name}" for name in first)
        statement = f"INSERT INTO {table.__tablename__} ({', '.join(first)}) VALUES ({places})"  # noqa: S608  own names
        connection.execute(statement, first)
        connection.executemany(statement, remaining)


def _heard(tracks: Tracks) -> list[tuple[str, list[Row]]]:
    """Return the tags of each track, and the rows of those that are heard: those of the nearest real track."""
    with np.load(REAL, allow_pickle=False) as file:
        real, described = file["embeddings"], json.loads(str(file["tracks"]))
    stored = []
    for track in described:
        clear = clear_tags(track["tags"])
        rows = [{"name": name, "key": name, "strength": strength} for name, strength in clear.items()]
        stored.append((json.dumps(track["tags"]), rows))
    parts = np.array_split(tracks.vectors, max(1, len(tracks) // ROWS))
    nearest = np.concatenate([np.argmax(part @ real.T.astype(np.float32), axis=1) for part in parts])
    return [stored[number] for number in nearest]


class _Named(NamedTuple):
    """The names of a track, and what the catalogue makes of them."""

    names: TrackNames
    columns: Row
    artists: list[Row]
    genres: list[Row]


def _named(number: int, tracks: Tracks) -> _Named:
    album = number // TRACKS_OF_ALBUM
    compiled = album % COMPILED_EVERY == 1
    title = title_of(number)
    artist = artist_of(number if compiled else album)
    others = (artist, album_of(album), "" if compiled else artist, f"Genre {tracks.genres[number]}")
    if number % GUEST_EVERY == 0:
        return _made_of(title, *others)
    of_album = _made_of(PLAIN, *others)  # made once, because the keys of names take most of the time
    sort_key = of_album.columns["sort_key"].removesuffix(text_key(PLAIN)) + text_key(title)
    columns = {**of_album.columns, "title_key": title_key(title), "sort_key": sort_key}
    return of_album._replace(names=of_album.names._replace(title=title), columns=columns)


@lru_cache(maxsize=100)
def _made_of(title: str, artist: str, album: str, album_artist: str, genre: str) -> _Named:
    of_album = [album_artist] if album_artist else []
    names = TrackNames(title, [artist], album, of_album, [genre], is_compilation=not of_album)
    return _Named(names, dict(names.columns()), names.artist_rows(), names.genre_rows())


def _track(number: int, named: _Named, tracks: Tracks, tags: str) -> Row:
    album, place = divmod(number, TRACKS_OF_ALBUM)
    names, columns = named.names, named.columns
    numbers = {name: float(tracks.numbers[name][number]) for name in RANGE_FIELDS}
    whole = {name: int(numbers[name]) for name in ("key", "mode", "time_signature", "year", "duration_ms")}
    added = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=3 * album)
    return {
        "id": identifier(number),
        "status": TrackStatus.READY.value,
        "attempts": 1,
        "embedding": tracks.vectors[number].astype("<f4").tobytes(),
        "model_version": MODEL,
        "revision": 1,
        "index_pending": False,
        "added_at": _moment(added),
        "analysed_at": _moment(added),
        "title": names.title,
        "artist": names.artists[0],
        "album": names.album,
        "album_artist": names.album_artists[0] if names.album_artists else None,
        "genre": names.genres[0],
        "disc_number": 1,
        "track_number": place + 1,
        **columns,
        "album_id": ALBUM_PREFIX + digest("artist", columns["album_artist_key"] or "", columns["album_key"] or ""),
        "dispersion": 0.1,
        **numbers,
        **whole,
        "duration": numbers["duration_ms"] / 1000,
        "tags": tags,
        "cover_seen": NOTHING,
        "compilation": names.is_compilation,
    }


def _location(row: Row, named: _Named, number: int) -> Row:
    names = named.names
    tags = Tags(
        names.title,
        tuple(names.artists),
        names.album,
        tuple(names.album_artists),
        tuple(names.genres),
        row["year"],
        track_number=row["track_number"],
        compilation=names.is_compilation,
        duration_ms=row["duration_ms"],
    )
    library = LIBRARIES[number // TRACKS_OF_ALBUM % len(LIBRARIES)]
    return {
        "track_id": row["id"],
        "path": file_of(number).encode(),
        "root": f"{ROOT}/{library}".encode(),
        "size": FILE_BYTES + number,
        "mtime_ns": number,
        "tags": json.dumps(tags.to_json()),
        "tags_version": TAGS_VERSION,
        "library": library,
    }


def _children(rows: Sequence[Row], found: Iterable[Iterable[Row]], *, dated: bool = False) -> Iterator[Row]:
    for row, children in zip(rows, found, strict=True):
        own = {"track_id": row["id"], **({"added_at": row["added_at"]} if dated else {})}
        yield from (child | own for child in children)


def _point(row: Row, vector: np.ndarray) -> Row:
    x, y = (0.5 + vector[:2] / 2).tolist()
    return {"track_id": row["id"], "version": 1, "x": x, "y": y}


def _map(count: int) -> Row:
    fitted = {"revision": 0, "method": "pca", "model_version": MODEL, "fitted": count, "fitted_at": _moment(now())}
    return {"version": 1, "regions": "[]", **fitted}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

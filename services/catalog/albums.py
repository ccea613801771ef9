"""Albums and artists: groups of the tracks of the library."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select

from services.catalog.browsing import filter_conditions, has_status, in_library
from services.catalog.database import IDS, Database, rows_of
from services.catalog.names import artist_id
from services.catalog.tables import TrackRow
from services.catalog.tracks import found_tracks, vector_of
from services.domain.filters import Filters
from services.domain.library import VARIOUS_ARTISTS, Album, AlbumSelection, Artist, ArtistSelection
from services.domain.names import name_key
from services.domain.track import Track, TrackStatus

_TRACK = TrackRow.__table__.c

TYPICAL = 10
"""Typical tracks of an artist that are shown."""

TYPICAL_OF = 500
"""Tracks of an artist, a random sample, from which the typical ones are chosen."""

TRACKS_MAX = 1_000
"""Tracks of an album that are shown; a folder may hold thousands of files with one album title."""

DISCOGRAPHY_MAX = 500
"""Albums of an artist that are shown."""

_SEVERAL = name_key(VARIOUS_ARTISTS)
_ALBUM_ARTIST = func.coalesce(
    func.min(_TRACK.album_artist_key),
    case((func.min(_TRACK.artist_key) == func.max(_TRACK.artist_key), func.min(_TRACK.artist_key)), else_=_SEVERAL),
)
_ALBUMS_BY: dict[str, tuple[ColumnElement[Any], ...]] = {
    "artist": (_ALBUM_ARTIST, func.max(_TRACK.year), func.min(_TRACK.album_key)),
    "title": (func.min(_TRACK.album_key),),
    "year": (func.max(_TRACK.year), func.min(_TRACK.album_key)),
    "added": (func.max(_TRACK.added_at),),
    "tracks": (func.count(), func.min(_TRACK.album_key)),
}
_ARTISTS_BY: dict[str, tuple[ColumnElement[Any], ...]] = {
    "name": (func.min(_TRACK.artist_key),),
    "added": (func.max(_TRACK.added_at),),
    "tracks": (func.count(), func.min(_TRACK.artist_key)),
}
_OF_ALBUMS = select(
    *(_TRACK.album_id, _TRACK.album, _TRACK.album_artist, _TRACK.artist, _TRACK.artist_id, _TRACK.genre),
    *(_TRACK.year, _TRACK.duration_ms, _TRACK.added_at),
).where(_TRACK.album_id.in_(IDS), in_library())
_OF_ARTISTS = select(_TRACK.artist_id, _TRACK.artist, _TRACK.album_id).where(_TRACK.artist_id.in_(IDS), in_library())


class AlbumPage(NamedTuple):
    """A page of albums, and the number of albums on all pages."""

    albums: list[Album]
    total: int


class ArtistPage(NamedTuple):
    """A page of artists, and the number of artists on all pages."""

    artists: list[Artist]
    total: int


class AlbumStore:
    """Reads albums and artists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def albums(self, selection: AlbumSelection, *, offset: int = 0, limit: int = 50) -> AlbumPage:
        """Return a page of the selected albums."""
        conditions = [_TRACK.album_id.is_not(None), in_library()]
        names = (_TRACK.album_key, _TRACK.album_artist_key, _TRACK.artist_key)
        conditions += _contain_all(selection.search, names)
        if selection.artist_id is not None:
            conditions.append(
                _TRACK.album_id.in_(select(_TRACK.album_id).where(_TRACK.artist_id == selection.artist_id))
            )
        if selection.genres:
            of_genre = filter_conditions(Filters(any_of={"genre": selection.genres}))
            conditions.append(_TRACK.album_id.in_(select(_TRACK.album_id).where(*of_genre)))
        keys = _turned((*_ALBUMS_BY[selection.sort], _TRACK.album_id), descending=selection.descending)
        query = select(_TRACK.album_id).where(*conditions).group_by(_TRACK.album_id).order_by(*keys)
        with self._database.columns() as connection:
            ids, total = _page(connection, query, _TRACK.album_id, offset, limit)
            found = _albums(connection, ids)
        return AlbumPage([found[each] for each in ids if each in found], total)

    def album(self, album_id: str) -> tuple[Album, list[Track]] | None:
        """Return an album and its tracks by disc and track number; None if no track belongs to it."""
        of_album = select(_TRACK.id).where(_TRACK.album_id == album_id, in_library()).limit(TRACKS_MAX)
        with self._database.columns() as connection:
            album = _albums(connection, [album_id]).get(album_id)
            tracks = found_tracks(connection, connection.execute(of_album).scalars().all())
        return None if album is None else (album, sorted(tracks.values(), key=_place))

    def artists(self, selection: ArtistSelection, *, offset: int = 0, limit: int = 50) -> ArtistPage:
        """Return a page of the selected artists."""
        conditions = [_TRACK.artist_id.is_not(None), in_library()]
        conditions += _contain_all(selection.search, (_TRACK.artist_key,))
        keys = _turned((*_ARTISTS_BY[selection.sort], _TRACK.artist_id), descending=selection.descending)
        query = select(_TRACK.artist_id).where(*conditions).group_by(_TRACK.artist_id).order_by(*keys)
        with self._database.columns() as connection:
            ids, total = _page(connection, query, _TRACK.artist_id, offset, limit)
            found = _artists(connection, ids)
        return ArtistPage([found[each] for each in ids if each in found], total)

    def artist(self, artist_id: str) -> tuple[Artist, list[Album], list[Track]] | None:
        """Return an artist, the albums, latest first, and typical tracks; None if no track is by the artist."""
        with self._database.columns() as connection:
            artist = _artists(connection, [artist_id]).get(artist_id)
        if artist is None:
            return None
        latest = AlbumSelection(artist_id=artist_id, sort="year", descending=True)
        albums = self.albums(latest, limit=DISCOGRAPHY_MAX).albums
        with self._database.columns() as connection:
            ids = _typical(connection, artist_id)
            tracks = found_tracks(connection, ids)
        return artist, albums, [tracks[each] for each in ids if each in tracks]


def _page(
    connection: Connection, query: Select[Any], group: ColumnElement[Any], offset: int, limit: int
) -> tuple[Sequence[str], int]:
    ids = connection.execute(query.offset(offset).limit(limit)).scalars().all()
    rows = query.with_only_columns(func.count(group.distinct())).group_by(None).order_by(None)
    return ids, connection.scalar(rows) or 0


def _albums(connection: Connection, ids: Sequence[str]) -> dict[str, Album]:
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(connection, _OF_ALBUMS, ids):
        rows[row.album_id].append(row)
    return {album: _album(album, found) for album, found in rows.items()}


def _album(album_id: str, rows: Sequence[Any]) -> Album:
    tagged = _most(row.album_artist for row in rows)
    artists = {row.artist_id for row in rows}
    artist = tagged or (_most(row.artist for row in rows) if len(artists) == 1 else VARIOUS_ARTISTS)
    own = artist_id(artist)
    return Album(
        id=album_id,
        title=_most(row.album for row in rows) or "",
        artist=artist,
        artist_id=own if own in artists else None,
        year=max((row.year for row in rows if row.year is not None), default=None),
        genre=_most(row.genre for row in rows),
        tracks=len(rows),
        duration_ms=sum(row.duration_ms or 0 for row in rows),
        added_at=max(row.added_at for row in rows),
    )


def _artists(connection: Connection, ids: Sequence[str]) -> dict[str, Artist]:
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(connection, _OF_ARTISTS, ids):
        rows[row.artist_id].append(row)
    return {
        artist: Artist(
            id=artist,
            name=_most(row.artist for row in found) or "",
            albums=len({row.album_id for row in found} - {None}),
            tracks=len(found),
        )
        for artist, found in rows.items()
    }


def _typical(connection: Connection, artist_id: str) -> list[str]:
    """Return the ids of the tracks that are nearest to the centre of an artist's tracks."""
    ready = select(_TRACK.id, _TRACK.embedding).where(_TRACK.artist_id == artist_id, has_status(TrackStatus.READY))
    rows = connection.execute(ready.order_by(_TRACK.id).limit(TYPICAL_OF)).all()
    if not rows:
        return []
    vectors = np.stack([vector_of(row.embedding) for row in rows])
    nearest = np.argsort(-(vectors @ vectors.mean(axis=0)), kind="stable")
    return [rows[place].id for place in nearest[:TYPICAL]]


def _contain_all(search: str, names: Sequence[ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    return [or_(*(name.contains(word, autoescape=True) for name in names)) for word in name_key(search).split()]


def _turned(keys: Sequence[ColumnElement[Any]], *, descending: bool) -> list[ColumnElement[Any]]:
    """Return the order by these keys; only the first one may be descending."""
    first, *more = keys
    return [(first.desc() if descending else first.asc()).nulls_last(), *(key.asc().nulls_last() for key in more)]


def _most(values: Iterable[str | None]) -> str | None:
    """Return the most frequent text, of equally frequent ones the first; None if all are None."""
    counts = Counter(value for value in values if value is not None)
    return counts.most_common(1)[0][0] if counts else None


def _place(track: Track) -> tuple[int, float, str, str]:
    """Return the place of a track in its album. Files without numbers follow, by name."""
    number = float("inf") if track.track_number is None else float(track.track_number)
    return track.disc_number or 1, number, track.path or "", track.id

"""Albums and artists: groups of the tracks of the library."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select

from services.catalog.browsing import MISSING, filter_conditions, in_library, tracks_in, tracks_of_genres
from services.catalog.database import IDS, Database, rows_of
from services.catalog.names import ALBUM_ARTIST, ARTIST, CREDIT, tracks_of
from services.catalog.space_columns import analyses_in, read_in
from services.catalog.spaces import SpaceViews
from services.catalog.tables import TrackArtistRow, TrackGenreRow, TrackRow
from services.catalog.tracks import found_tracks, vector_of
from services.domain.filters import Filters
from services.domain.libraries import Libraries
from services.domain.library import VARIOUS_ARTISTS, Album, AlbumSelection, Artist, ArtistSelection
from services.domain.names import text_key
from services.domain.track import NamedArtist, Track

_TRACK, _NAME, _GENRE = TrackRow.__table__.c, TrackArtistRow.__table__.c, TrackGenreRow.__table__.c

TYPICAL = 10
"""Typical tracks of an artist that are shown."""

TYPICAL_OF = 500
"""Tracks of an artist, a random sample, from which the typical ones are chosen."""

TRACKS_MAX = 1_000
"""Tracks of an album that are shown; a folder may hold thousands of files with one album title."""

DISCOGRAPHY_MAX = 500
"""Albums of an artist that are shown."""

_SEVERAL = text_key(VARIOUS_ARTISTS)
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
    "name": (_NAME.key,),
    "added": (func.max(_NAME.added_at), _NAME.key),
    "tracks": (func.count(), _NAME.key),
}
_OF_ALBUMS = select(
    *(_TRACK.id, _TRACK.album_id, _TRACK.album, _TRACK.album_artist, _TRACK.artist, _TRACK.artist_id, _TRACK.genre),
    *(_TRACK.year, _TRACK.duration_ms, _TRACK.added_at, _TRACK.compilation),
).where(_TRACK.album_id.in_(IDS))
_OF_ARTISTS = (
    select(_NAME.artist_id, _NAME.name, _TRACK.album_id)
    .join_from(TrackArtistRow.__table__, TrackRow.__table__, _NAME.track_id == _TRACK.id)
    .where(_NAME.artist_id.in_(IDS), _NAME.role == ARTIST)
)
_GENRES = select(_GENRE.track_id, _GENRE.name).where(_GENRE.track_id.in_(IDS)).order_by(_GENRE.position)
_CREDITED = select(_NAME.track_id, _NAME.role, _NAME.artist_id, _NAME.name).where(
    _NAME.track_id.in_(IDS), _NAME.role != CREDIT
)


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

    def __init__(self, database: Database, spaces: SpaceViews) -> None:
        self._database = database
        self._spaces = spaces

    def albums(self, selection: AlbumSelection, *, offset: int = 0, limit: int = 50) -> AlbumPage:
        """Return a page of the selected albums."""
        keys = _turned((*_ALBUMS_BY[selection.sort], _TRACK.album_id), descending=selection.descending)
        query = _selected(selection)
        with self._database.columns() as connection:
            ids, total = _page(connection, query, keys, offset, limit)
            found = _albums(connection, ids, selection.libraries)
        return AlbumPage([found[each] for each in ids if each in found], total)

    def random_albums(self, selection: AlbumSelection, count: int) -> list[Album]:
        """Return some of the selected albums, others each time."""
        query = _selected(selection).order_by(func.random()).limit(count)
        with self._database.columns() as connection:
            ids = connection.execute(query).scalars().all()
            found = _albums(connection, ids, selection.libraries)
        return [found[each] for each in ids if each in found]

    def album(self, album_id: str, libraries: Libraries = None) -> tuple[Album, list[Track]] | None:
        """Return an album and its tracks by disc and track number; None if no track belongs to it."""
        of_album = select(_TRACK.id).where(_TRACK.album_id == album_id, *_inside(libraries)).limit(TRACKS_MAX)
        with self._database.columns() as connection:
            album = _albums(connection, [album_id], libraries).get(album_id)
            tracks = found_tracks(connection, connection.execute(of_album).scalars().all())
        return None if album is None else (album, sorted(tracks.values(), key=_place))

    def albums_by_id(self, ids: Collection[str], libraries: Libraries = None) -> dict[str, Album]:
        """Return the albums with these ids, by id; unknown ids are absent."""
        with self._database.columns() as connection:
            return _albums(connection, sorted(ids), libraries)

    def artists_by_id(self, ids: Collection[str], libraries: Libraries = None) -> dict[str, Artist]:
        """Return the artists with these ids, by id; unknown ids are absent."""
        with self._database.columns() as connection:
            return _artists(connection, sorted(ids), libraries)

    def artists(self, selection: ArtistSelection, *, offset: int = 0, limit: int = 50) -> ArtistPage:
        """Return a page of the selected artists."""
        conditions = [
            _NAME.role == ARTIST,
            *(_NAME.key.contains(word, autoescape=True) for word in _words(selection.search)),
        ]
        first, *more = (*_ARTISTS_BY[selection.sort], _NAME.artist_id)
        keys = [first.desc() if selection.descending else first, *more]  # without nulls, so that SQLite uses the index
        if selection.libraries is not None:
            conditions.append(_NAME.track_id.in_(tracks_in(*selection.libraries)))
        query = select(_NAME.artist_id).where(*conditions, _NAME.track_id.not_in(MISSING))
        query = query.group_by(_NAME.key, _NAME.artist_id)
        with self._database.columns() as connection:
            ids, total = _page(connection, query, keys, offset, limit)
            found = _artists(connection, ids, selection.libraries)
        return ArtistPage([found[each] for each in ids if each in found], total)

    def all_artists(self, libraries: Libraries = None) -> list[Artist]:
        """Return every artist, counted by the database: one row for each track would take seconds."""
        albums = func.count(_TRACK.album_id.distinct())
        query = (
            select(_NAME.artist_id, func.min(_NAME.name), albums, func.count())
            .join_from(TrackArtistRow.__table__, TrackRow.__table__, _NAME.track_id == _TRACK.id)
            .where(_NAME.role == ARTIST, *_inside(libraries))
            .group_by(_NAME.artist_id)
        )
        with self._database.columns() as connection:
            return [Artist(*row) for row in connection.execute(query)]

    def tracks_by(self, artist_id: str, libraries: Libraries = None) -> list[str]:
        """Return the ids of an artist's tracks, ordered by id."""
        query = select(_TRACK.id).where(_TRACK.id.in_(tracks_of([artist_id], ARTIST)), *_inside(libraries))
        with self._database.columns() as connection:
            return list(connection.execute(query.order_by(_TRACK.id).limit(TRACKS_MAX)).scalars())

    def artist(self, artist_id: str, libraries: Libraries = None) -> tuple[Artist, list[Album]] | None:
        """Return an artist and the albums, latest first; None if no track is by the artist."""
        artist = self.artists_by_id([artist_id], libraries).get(artist_id)
        if artist is None:
            return None
        latest = AlbumSelection(artist_id=artist_id, libraries=libraries, sort="year", descending=True)
        return artist, self.albums(latest, limit=DISCOGRAPHY_MAX).albums

    def typical(self, artist_id: str, libraries: Libraries = None) -> list[Track]:
        """Return the most typical tracks of an artist, the most typical first."""
        space = self._spaces.joined()
        with self._database.columns() as connection:
            ids = _typical(connection, artist_id, libraries, space, self._spaces.dimension())
            tracks = found_tracks(connection, ids)
        return [tracks[each] for each in ids if each in tracks]


def _selected(selection: AlbumSelection) -> Select[Any]:
    """Return the query of the ids of selected albums."""
    conditions = [_TRACK.album_id.is_not(None), *_inside(selection.libraries)]
    for word in _words(selection.search):
        names = (_TRACK.album_key, _TRACK.album_artist_key, _TRACK.artist_keys)
        conditions.append(or_(*(name.contains(word, autoescape=True) for name in names)))
    if selection.artist_id is not None:
        credited = tracks_of([selection.artist_id], ARTIST, ALBUM_ARTIST)
        conditions.append(_TRACK.album_id.in_(select(_TRACK.album_id).where(_TRACK.id.in_(credited))))
    if selection.genres:
        of_genre = select(_TRACK.album_id).where(_TRACK.id.in_(tracks_of_genres(selection.genres)))
        conditions.append(_TRACK.album_id.in_(of_genre))
    if selection.years is not None:
        of_years = filter_conditions(Filters(ranges={"year": selection.years}))
        conditions.append(_TRACK.album_id.in_(select(_TRACK.album_id).where(*of_years)))
    return select(_TRACK.album_id).where(*conditions).group_by(_TRACK.album_id)


def _inside(libraries: Libraries) -> list[ColumnElement[bool]]:
    """Return the conditions of tracks that have a file, in some libraries if they are given."""
    return [in_library(), *([] if libraries is None else [_TRACK.id.in_(tracks_in(*libraries))])]


def _page(
    connection: Connection, query: Select[Any], keys: Sequence[ColumnElement[Any]], offset: int, limit: int
) -> tuple[Sequence[str], int]:
    ids = connection.execute(query.order_by(*keys).offset(offset).limit(limit)).scalars().all()
    return ids, connection.scalar(select(func.count()).select_from(query.subquery())) or 0


def _albums(connection: Connection, ids: Sequence[str], libraries: Libraries) -> dict[str, Album]:
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(connection, _OF_ALBUMS.where(*_inside(libraries)), ids):
        rows[row.album_id].append(row)
    named = {album: _by(found) for album, found in rows.items()}
    credited = _credited(connection, [track_id for track_id, _, _ in named.values() if track_id])
    genres = {album: _most(row.genre for row in found) for album, found in rows.items()}
    examples = {album: next(row.id for row in found if row.genre == genres[album]) for album, found in rows.items()}
    single = _single_genres(connection, list(examples.values()))
    return {
        album: _album(album, rows[album], (artist, credited[track_id, role]), (genres[album], single[examples[album]]))
        for album, (track_id, artist, role) in named.items()
    }


def _by(rows: Sequence[Any]) -> tuple[str, str | None, str]:
    """Return the artist of an album, after the id of a track that is credited to it, if any; last the role."""
    if tagged := _most(row.album_artist for row in rows):
        return next(row.id for row in rows if row.album_artist == tagged), tagged, ALBUM_ARTIST
    if len({row.artist_id for row in rows}) == 1 and not rows[0].compilation:
        artist = _most(row.artist for row in rows)
        return next(row.id for row in rows if row.artist == artist), artist, ARTIST
    return "", VARIOUS_ARTISTS, ALBUM_ARTIST


def _credited(connection: Connection, track_ids: Sequence[str]) -> dict[tuple[str, str], tuple[NamedArtist, ...]]:
    found: dict[tuple[str, str], tuple[NamedArtist, ...]] = defaultdict(tuple)
    for track_id, role, artist_id, name in rows_of(connection, _CREDITED, track_ids):
        found[track_id, role] += (NamedArtist(artist_id, name),)
    return found


def _single_genres(connection: Connection, track_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for track_id, name in rows_of(connection, _GENRES, track_ids):
        found[track_id] += (name,)
    return found


def _album(
    album_id: str,
    rows: Sequence[Any],
    by: tuple[str | None, tuple[NamedArtist, ...]],
    of_genre: tuple[str | None, tuple[str, ...]],
) -> Album:
    (artist, artists), (genre, genres) = by, of_genre
    own = artists[0].id if artists else None
    return Album(
        id=album_id,
        title=_most(row.album for row in rows) or "",
        artist=artist,
        artist_id=own if own in {row.artist_id for row in rows} else None,
        artists=artists,
        year=max((row.year for row in rows if row.year is not None), default=None),
        genre=genre,
        genres=genres,
        tracks=len(rows),
        duration_ms=sum(row.duration_ms or 0 for row in rows),
        added_at=max(row.added_at for row in rows),
    )


def _artists(connection: Connection, ids: Sequence[str], libraries: Libraries) -> dict[str, Artist]:
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(connection, _OF_ARTISTS.where(*_inside(libraries)), ids):
        rows[row.artist_id].append(row)
    return {
        artist: Artist(
            id=artist,
            name=_most(row.name for row in found) or "",
            albums=len({row.album_id for row in found} - {None}),
            tracks=len(found),
        )
        for artist, found in rows.items()
    }


def _typical(
    connection: Connection, artist_id: str, libraries: Libraries, space: str | None, dimension: int
) -> list[str]:
    """Return the ids of the tracks that are nearest to the centre of an artist's tracks."""
    ready = read_in(space, "embedding").where(
        _TRACK.id.in_(tracks_of([artist_id], ARTIST)), analyses_in(space).is_there(dimension), *_inside(libraries)
    )
    rows = connection.execute(ready.order_by(_TRACK.id).limit(TYPICAL_OF)).all()
    if not rows:
        return []
    vectors = np.stack([vector_of(row.embedding) for row in rows])
    nearest = np.argsort(-(vectors @ vectors.mean(axis=0)), kind="stable")
    return [rows[place].id for place in nearest[:TYPICAL]]


def _words(search: str) -> list[str]:
    return [key for word in search.split() if (key := text_key(word))]


def _turned(keys: Sequence[ColumnElement[Any]], *, descending: bool) -> list[ColumnElement[Any]]:
    """Return the order by these keys; only the first one may be descending."""
    first, *more = keys
    turned = [first.desc() if descending else first.asc(), *(key.asc() for key in more)]
    return [each.nulls_last() for each in turned]


def _most(values: Iterable[str | None]) -> str | None:
    """Return the most frequent text, of equally frequent ones the first; None if all are None."""
    counts = Counter(value for value in values if value is not None)
    return counts.most_common(1)[0][0] if counts else None


def _place(track: Track) -> tuple[int, float, str, str]:
    """Return the place of a track in its album. Files without numbers follow, by name."""
    number = float("inf") if track.track_number is None else float(track.track_number)
    return track.disc_number or 1, number, track.path or "", track.id

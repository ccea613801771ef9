"""Names in the catalogue: the columns and rows that they are found by, and searches by name."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from services.catalog.tables import NAME_MAX, TrackArtistRow, TrackRow
from services.domain.library import ARTIST_PREFIX, VARIOUS_ARTISTS
from services.domain.names import (
    KEY_SEPARATOR,
    SEPARATORS,
    credit_key,
    credited,
    single_names,
    text_key,
    title_key,
)
from services.domain.track import TrackStatus

ROWS_MAX = 100
"""Tracks with one title, or spellings of an artist, that are read."""

ID_BYTES = 8

ARTIST, ALBUM_ARTIST, CREDIT = "artist", "album_artist", "credit"
"""Roles in `track_artists`."""

_TRACK, _NAME = TrackRow.__table__.c, TrackArtistRow.__table__.c


class NamedTrack(NamedTuple):
    """A ready track by its names."""

    id: str
    title: str
    artist: str | None
    artist_keys: tuple[str, ...] = ()


class TrackNames(NamedTuple):
    """The names in a track's tags that it is found by, as written."""

    title: str
    artists: Sequence[str] = ()
    album: str | None = None
    album_artists: Sequence[str] = ()
    genres: Sequence[str] = ()
    is_compilation: bool = False
    single_artists: Sequence[str] = ()
    """The artists one by one, where the tags list them beside the credit."""
    single_album_artists: Sequence[str] = ()

    def columns(self, separators: Sequence[str] = SEPARATORS) -> dict[str, str | None]:
        """Return the columns of `tracks` that hold keys, and the id of the artist credited first."""
        singles = map(text_key, self._single_artists(separators))
        artists = list(dict.fromkeys([*singles, credit_key(self.artists, self.title)])) if self.artists else []
        genres = [text_key(name) for name in single_names(self.genres, separators)]
        album_artist = credit_key(self.album_artists) if self.album_artists else None
        return {
            "sort_key": KEY_SEPARATOR.join(map(text_key, (", ".join(self.artists), self.album or "", self.title))),
            "title_key": title_key(self.title) or None,
            "artist_key": artists[0] if artists else None,
            "artist_keys": KEY_SEPARATOR.join(artists) or None,
            "artist_id": id_of_key(artists[0]) if artists else None,
            "album_key": stored_key(self.album),
            "album_artist_key": album_artist or (text_key(VARIOUS_ARTISTS) if self.is_compilation else None),
            "genre_keys": KEY_SEPARATOR.join(genres) or None,
        }

    def artist_rows(self, separators: Sequence[str] = SEPARATORS) -> list[dict[str, Any]]:
        """Return the rows of `track_artists`, without the id of the track."""
        singles = self._single_artists(separators)
        of_album = credited(self.single_album_artists or self.album_artists, separators=separators)
        named = [(ARTIST, singles), (ALBUM_ARTIST, of_album)]
        rows = [
            _artist_row(role, place, name, text_key(name)) for role, names in named for place, name in enumerate(names)
        ]
        whole = credit_key(self.artists, self.title) if self.artists else ""
        if whole and whole not in {text_key(name) for name in singles}:
            rows.append(_artist_row(CREDIT, 0, ", ".join(self.artists), whole))
        return rows

    def _single_artists(self, separators: Sequence[str]) -> tuple[str, ...]:
        return credited(self.single_artists or self.artists, self.title, separators)

    def genre_rows(self, separators: Sequence[str] = SEPARATORS) -> list[dict[str, Any]]:
        """Return the rows of `track_genres`, without the id of the track."""
        names = single_names(self.genres, separators)
        return [{"position": place, "name": name[:NAME_MAX], "key": text_key(name)} for place, name in enumerate(names)]


def _artist_row(role: str, position: int, name: str, key: str) -> dict[str, Any]:
    return {"role": role, "position": position, "name": name[:NAME_MAX], "key": key, "artist_id": id_of_key(key)}


def stored_key(name: str | None) -> str | None:
    """Return the key of a name as the catalogue stores it; None without a name."""
    return text_key(name) or None if name else None


def split_keys(stored: str | None) -> list[str]:
    """Return the keys in a column that holds several."""
    return stored.split(KEY_SEPARATOR) if stored else []


def id_of_key(key: str) -> str:
    """Return the id of the artist whose name has this key."""
    return f"{ARTIST_PREFIX}{digest(key)}"


def digest(*parts: str) -> str:
    """Return the part of an id that is made of names."""
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return blake2b(text, digest_size=ID_BYTES).hexdigest()


def tracks_of(artist_ids: Collection[str], *roles: str) -> Select[Any]:
    """Return the query of the ids of tracks with one of these artists in one of these roles."""
    return select(_NAME.track_id).where(_NAME.artist_id.in_(sorted(artist_ids)), _NAME.role.in_(roles))


def artists_named(connection: Connection, keys: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the artists with these keys as the catalogue spells them, by key; unknown keys are absent."""
    query = select(_NAME.key, _NAME.name).where(_NAME.role == ARTIST, _NAME.key.in_(sorted(keys))).distinct()
    found: dict[str, list[str]] = defaultdict(list)
    for key, name in connection.execute(query.order_by(_NAME.name).limit(ROWS_MAX)):
        found[key].append(name)
    return {key: tuple(artists) for key, artists in found.items()}


def tracks_titled(connection: Connection, keys: Collection[str]) -> Mapping[str, tuple[NamedTrack, ...]]:
    """Return the ready tracks whose titles have these keys, by key and ordered by id; unknown keys are absent."""
    query = select(_TRACK.id, _TRACK.title, _TRACK.artist, _TRACK.artist_keys, _TRACK.title_key).where(
        _TRACK.title_key.in_(sorted(keys)), _TRACK.status == TrackStatus.READY
    )
    found: dict[str, list[NamedTrack]] = defaultdict(list)
    for row in connection.execute(query.order_by(_TRACK.id).limit(ROWS_MAX)):
        found[row.title_key].append(NamedTrack(row.id, row.title, row.artist, tuple(split_keys(row.artist_keys))))
    return {key: tuple(tracks) for key, tracks in found.items()}


def tracks_by(connection: Connection, keys: Iterable[str], count: int) -> list[str]:
    """Return the ids of ready tracks by artists with these keys: those with the lowest ids, a random sample."""
    named = tracks_of({id_of_key(key) for key in keys}, ARTIST, CREDIT)
    query = select(_TRACK.id).where(_TRACK.id.in_(named), _TRACK.status == TrackStatus.READY)
    return list(connection.execute(query.order_by(_TRACK.id).limit(count)).scalars())

"""Find artists and tracks by their names, without regard to case, accents and punctuation."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from services.catalog.tables import NAME_MAX, TrackRow
from services.domain.names import SEPARATORS, credit_key, credited, name_key, single_names, text_key
from services.domain.track import TrackStatus

GENRE_MAX = 100
"""Characters of a genre that are compared and stored as its key."""

KEY_MAX = 200
"""Characters of a key that are stored: PostgreSQL indexes no text of more than 2,700 bytes."""

ROWS_MAX = 100
"""Tracks with one title, or spellings of an artist, that are read."""

ID_BYTES = 8

# The folder of one disc of an album, such as "CD 2".
_DISC = re.compile(r"(cd|dis[ck]|dvd|vinyl)[\s_-]*\d+\b.*", re.IGNORECASE)

_TRACK = TrackRow.__table__.c


class NamedTrack(NamedTuple):
    """A ready track by its names."""

    id: str
    title: str
    artist: str | None


def stored_key(name: str | None) -> str | None:
    """Return the key of a name as the catalogue stores it; None without a name."""
    return name_key(name)[:KEY_MAX] or None if name else None


def genre_key(genre: str | None) -> str | None:
    """Return the text by which genres are compared; None without a genre."""
    return genre.casefold()[:GENRE_MAX] if genre else None


def artist_id(artist: str | None) -> str | None:
    """Return the id of an artist, which is equal for names with equal keys; None without a name."""
    return id_of_key(text_key(artist)) if artist else None


def artist_rows(
    artists: Sequence[str], album_artists: Sequence[str], title: str, separators: Sequence[str] = SEPARATORS
) -> list[dict[str, Any]]:
    """Return the rows of `track_artists` of a track, without its id."""
    singles = credited(artists, title, separators)
    whole = credit_key(artists, title) if artists else ""
    named = [("artist", singles), ("album_artist", credited(album_artists, separators=separators))]
    found = [
        _artist_row(role, place, name, text_key(name)) for role, names in named for place, name in enumerate(names)
    ]
    if whole and whole not in {text_key(name) for name in singles}:
        found.append(_artist_row("credit", 0, ", ".join(artists), whole))
    return found


def _artist_row(role: str, position: int, name: str, key: str) -> dict[str, Any]:
    return {"role": role, "position": position, "name": name[:NAME_MAX], "key": key, "artist_id": id_of_key(key)}


def genre_rows(genres: Iterable[str], separators: Sequence[str] = SEPARATORS) -> list[dict[str, Any]]:
    """Return the rows of `track_genres` of a track, without its id."""
    names = single_names(genres, separators)
    return [{"position": place, "name": name[:NAME_MAX], "key": text_key(name)} for place, name in enumerate(names)]


def id_of_key(key: str) -> str:
    """Return the id of the artist whose name has this key."""
    return f"ar-{_digest(key)}"


def album_id(album: str | None, album_artist: str | None, path: str) -> str | None:
    """Return the id of the album of a file; None without a title.

    An album is a title of an album artist. Files without an album artist belong to one album if they have the same
    title in the same folder; the folders of its discs count as one. The catalogue gives folders side by side one id if
    title and artist are the same (`services.catalog.library`).
    """
    if not album:
        return None
    if album_artist:
        return f"al-{_digest('artist', text_key(album_artist), text_key(album))}"
    # Two names of the path: the id stays the same if the library is moved.
    return f"al-{_digest('folder', *album_folder(path).parts[-2:], text_key(album))}"


def album_folder(path: str) -> PurePath:
    """Return the folder of the album of a file, which contains the folders of its discs."""
    folder = PurePath(path).parent
    return folder.parent if _DISC.fullmatch(folder.name) else folder


def _digest(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return blake2b(text, digest_size=ID_BYTES).hexdigest()


def artists_named(connection: Connection, keys: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the artists with these keys as the catalogue spells them, by key; unknown keys are absent."""
    query = select(_TRACK.artist).where(_TRACK.artist_key.in_(sorted(keys))).distinct().limit(ROWS_MAX)
    found: dict[str, list[str]] = defaultdict(list)
    for artist in connection.execute(query.order_by(_TRACK.artist)).scalars():
        found[stored_key(artist) or ""].append(artist)
    return {key: tuple(artists) for key, artists in found.items()}


def tracks_titled(connection: Connection, keys: Collection[str]) -> Mapping[str, tuple[NamedTrack, ...]]:
    """Return the ready tracks whose titles have these keys, by key and ordered by id; unknown keys are absent."""
    query = select(_TRACK.id, _TRACK.title, _TRACK.artist).where(
        _TRACK.title_key.in_(sorted(keys)), _TRACK.status == TrackStatus.READY
    )
    found: dict[str, list[NamedTrack]] = defaultdict(list)
    for row in connection.execute(query.order_by(_TRACK.id).limit(ROWS_MAX)):
        found[stored_key(row.title) or ""].append(NamedTrack(*row))
    return {key: tuple(tracks) for key, tracks in found.items()}


def tracks_by(connection: Connection, keys: Iterable[str], count: int) -> list[str]:
    """Return the ids of ready tracks by artists with these keys: those with the lowest ids, a random sample."""
    query = select(_TRACK.id).where(_TRACK.artist_key.in_(sorted(keys)), _TRACK.status == TrackStatus.READY)
    return list(connection.execute(query.order_by(_TRACK.id).limit(count)).scalars())

"""Find artists and tracks by their names, without regard to case, accents and punctuation."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from pathlib import PurePath
from typing import NamedTuple

from sqlalchemy import Connection, select

from services.catalog.tables import TrackRow
from services.domain.names import name_key
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
    return f"ar-{_digest(_identity(artist))}" if artist else None


def album_id(album: str | None, album_artist: str | None, path: str) -> str | None:
    """Return the id of the album of a file; None without a title.

    An album is a title of an album artist. Files without an album artist belong to one album if they have the same
    title in the same folder; the folders of its discs count as one. The catalogue gives folders side by side one id if
    title and artist are the same (`services.catalog.library`).
    """
    if not album:
        return None
    if album_artist:
        return f"al-{_digest('artist', _identity(album_artist), _identity(album))}"
    # Two names of the path: the id stays the same if the library is moved.
    return f"al-{_digest('folder', *album_folder(path).parts[-2:], _identity(album))}"


def album_folder(path: str) -> PurePath:
    """Return the folder of the album of a file, which contains the folders of its discs."""
    folder = PurePath(path).parent
    return folder.parent if _DISC.fullmatch(folder.name) else folder


def _identity(name: str) -> str:
    return name_key(name) or name.casefold()  # "!!!" has no letters


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

"""Find artists and tracks by their names, without regard to case, accents and punctuation."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select

from services.catalog.tables import TrackRow
from services.domain.names import name_key
from services.domain.track import TrackStatus

KEY_MAX = 200
"""Characters of a key that are stored: PostgreSQL indexes no text of more than 2,700 bytes."""

ROWS_MAX = 100
"""Tracks with one title, or spellings of an artist, that are read."""

_TRACK = TrackRow.__table__.c


class NamedTrack(NamedTuple):
    """A ready track by its names."""

    id: str
    title: str
    artist: str | None


def stored_key(name: str | None) -> str | None:
    """Return the key of a name as the catalogue stores it; None without a name."""
    return name_key(name)[:KEY_MAX] or None if name else None


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

"""Read tracks: by id or external id, in pages, and with embeddings."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.orm import Session

from services.catalog.database import IDS, IDS_PER_STATEMENT, Database, batched, is_storable, rows_of
from services.catalog.names import (
    ALBUM_ARTIST,
    ARTIST,
    CREDIT,
    NamedTrack,
    artists_named,
    split_keys,
    tracks_by,
    tracks_titled,
)
from services.catalog.space_columns import analyses_in, read_in, ready_in
from services.catalog.spaces import SpaceViews
from services.catalog.successors import DELETED, successors_of
from services.catalog.tables import ExternalIdRow, HeardTagRow, LocationRow, TrackArtistRow, TrackGenreRow, TrackRow
from services.domain.errors import InvalidRequest, TrackNotFound
from services.domain.external_ids import canonical_name
from services.domain.filters import ATTRIBUTES, RANGE_FIELDS, TAG_THRESHOLD
from services.domain.links import link_of
from services.domain.track import (
    DESCRIPTORS,
    EMBEDDING_DIM,
    TAGS_SHOWN,
    Description,
    Embedded,
    NamedArtist,
    Track,
    TrackStatus,
    Vector,
)

EMBEDDING_BYTES = 4 * EMBEDDING_DIM

PREFERRED = (
    *(TrackStatus.READY, TrackStatus.PENDING, TrackStatus.FAILED, TrackStatus.QUARANTINED, TrackStatus.MISSING),
)
"""Statuses of tracks that share an external id, in the order in which one of them is chosen."""

NO_KEY = -1

# Columns instead of mapped rows, and statements built once: a request reads hundreds of tracks in a few milliseconds.
_TRACK, _FILE, _NAME = TrackRow.__table__.c, LocationRow.__table__.c, ExternalIdRow.__table__.c
_TAG, _ARTIST, _GENRE = HeardTagRow.__table__.c, TrackArtistRow.__table__.c, TrackGenreRow.__table__.c
_SHOWN = (
    *(_TRACK.id, _TRACK.title, _TRACK.artist, _TRACK.album, _TRACK.year, _TRACK.genre, _TRACK.duration_ms),
    *(_TRACK.status, _TRACK.reason, _TRACK.model_version, _TRACK.added_at, _TRACK.artist_id, _TRACK.album_id),
    *(_TRACK.album_artist, _TRACK.disc_number, _TRACK.track_number),
    *(_TRACK.composer, _TRACK.original_year, _TRACK.disc_total, _TRACK.track_total, _TRACK.tag_bpm, _TRACK.tag_key),
    *(_TRACK.comment, _TRACK.compilation, _TRACK.release_mbid, _TRACK.replay_gain, _TRACK.has_lyrics, _TRACK.rating),
    *(_TRACK.fragment, _TRACK.cover.is_not(None).label("has_cover")),
)
"""The columns of a `Track` except attributes and descriptors."""
_ANALYSED = tuple(_TRACK[name] for name in (*ATTRIBUTES, *DESCRIPTORS))

_FOUND = (
    # One row for each file, the oldest first.
    select(*_SHOWN, *_ANALYSED, _FILE.path, _FILE.root)
    .join_from(TrackRow.__table__, LocationRow.__table__, _FILE.track_id == _TRACK.id, isouter=True)
    .where(_TRACK.id.in_(IDS))
    .order_by(_FILE.id)
)
_HEARD = select(_TAG.track_id, _TAG.name).where(_TAG.track_id.in_(IDS)).order_by(_TAG.strength.desc(), _TAG.name)
_ARTISTS = (
    select(_ARTIST.track_id, _ARTIST.role, _ARTIST.artist_id, _ARTIST.name)
    .where(_ARTIST.track_id.in_(IDS), _ARTIST.role != CREDIT)
    .order_by(_ARTIST.track_id, _ARTIST.role, _ARTIST.position)
)
_GENRES = (
    select(_GENRE.track_id, _GENRE.name).where(_GENRE.track_id.in_(IDS)).order_by(_GENRE.track_id, _GENRE.position)
)
_KNOWN = select(_TRACK.id).where(_TRACK.id.in_(IDS), _TRACK.id.not_in(DELETED))
_NAMES = (
    select(_NAME.track_id, _NAME.namespace, _NAME.value)
    .where(_NAME.track_id.in_(IDS), _NAME.value != "")
    .order_by(_NAME.value)
)


@dataclass(frozen=True, slots=True)
class TrackFile:
    """A file of a track, and its library root; both paths are absolute."""

    path: str
    root: str

    @property
    def relative(self) -> str:
        """The path relative to the library root; every byte of it is kept."""
        return os.path.relpath(self.path, self.root)


_File = TypeVar("_File", bound=Any)
"""Something with a `path`."""


class TrackStore:
    """Reads tracks; their analyses in the space that the request reads."""

    def __init__(self, database: Database, spaces: SpaceViews) -> None:
        self._database = database
        self._spaces = spaces

    @property
    def space(self) -> str | None:
        """The space that the vectors of this request are of."""
        return self._spaces.view().served

    def get(self, track_id: str) -> Track:
        """Return one track.

        Raises:
            TrackNotFound: no track has this id.
        """
        found = self.get_many([track_id])
        if not found:
            raise TrackNotFound(track_id)
        return found[track_id]

    def get_many(self, track_ids: Sequence[str]) -> dict[str, Track]:
        """Return the tracks with these ids, by id; unknown ids are absent."""
        with self._database.columns() as connection:
            return found_tracks(connection, track_ids)

    def resolve(self, names: Iterable[str]) -> dict[str, str]:
        """Return the track id of each name, a track id or an external id (`namespace:value`); unknown names are absent.

        If several tracks share an external id, a ready one is returned, and of several the one with the lowest id. If
        the files of a track are gone and another track took over from it, that one is returned.
        """
        wanted = list(names)
        if not wanted:
            return {}
        with self._database.columns() as connection:
            return resolve_names(connection, wanted)

    def artists_named(self, keys: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the artists whose names have these keys (`text_key`) as the catalogue spells them, by key."""
        with self._database.columns() as connection:
            return artists_named(connection, keys)

    def titled(self, keys: Collection[str]) -> Mapping[str, tuple[NamedTrack, ...]]:
        """Return the ready tracks whose titles have these keys (`text_key`), by key."""
        with self._database.columns() as connection:
            return tracks_titled(connection, keys)

    def by_artists(self, keys: Collection[str], count: int) -> list[str]:
        """Return the ids of some ready tracks by artists whose names have these keys (`text_key`)."""
        with self._database.columns() as connection:
            return tracks_by(connection, keys, count)

    def identify(self, names: Iterable[str]) -> dict[str, str]:
        """Return the track id of each name, as `resolve` does, without checking that tracks with these ids exist."""
        own, external = own_and_external(names)
        if not own and not external:
            return {}
        with self._database.columns() as connection:
            return _followed(connection, own | _resolve_all(connection, external))

    def embedded(self, track_ids: Collection[str], *, measured: bool = False) -> dict[str, Embedded]:
        """Return the ready tracks among these ids with their embeddings, by id.

        `measured` values are optional, because few callers need them.
        """
        if not track_ids:
            return {}
        space = self._spaces.joined()
        with self._database.columns() as connection:
            rows = rows_of(connection, ready_in(space, measured=measured), track_ids)
        # A space that was switched to lacks a track that could not be analysed with its model.
        return {row.id: _embedded(row) for row in rows if space is None or row.embedding is not None}

    def ready(self, names: Iterable[str]) -> dict[str, Embedded]:
        """Return the tracks with these names and their embeddings, by name.

        Raises:
            TrackNotFound: no track has one of the names.
            InvalidRequest: a track has not been analysed.
        """
        wanted = tuple(names)
        own = self.identify(wanted)
        found = self.embedded(set(own.values()))
        for name in wanted:
            if own.get(name) not in found:
                raise self._not_ready(name, own.get(name))
        return {name: found[own[name]] for name in wanted}

    def _not_ready(self, name: str, track_id: str | None) -> TrackNotFound | InvalidRequest:
        track = None if track_id is None else self.get_many([track_id]).get(track_id)
        if track is None:
            return TrackNotFound(name)
        return InvalidRequest(f"The track '{name}' has no analysis: its status is '{track.status}'.")

    def descriptions(self, track_ids: Collection[str]) -> dict[str, Description]:
        """Return the measured values and tags of the tracks with these ids, by id; unknown ids are absent."""
        found = read_in(self._spaces.joined(), "tags", *RANGE_FIELDS).where(_TRACK.id.in_(IDS))
        with self._database.columns() as connection:
            rows = rows_of(connection, found, track_ids)
        return {
            track_id: Description(measured_of(dict(zip(RANGE_FIELDS, measured, strict=True))), tags=tags or {})
            for track_id, tags, *measured in rows
        }

    def dispersions(self, track_ids: Collection[str]) -> dict[str, float]:
        """Return how much the parts of each analysed track differ, by id."""
        found = read_in(self._spaces.joined(), "dispersion").where(_TRACK.id.in_(IDS))
        with self._database.columns() as connection:
            return {track_id: value or 0.0 for track_id, value in rows_of(connection, found, track_ids)}

    def sample(self, count: int) -> dict[str, Vector]:
        """Return the embeddings of the ready tracks with the lowest ids: a random sample, because ids are hashes."""
        space = self._spaces.joined()
        found = read_in(space, "embedding").where(analyses_in(space).is_there)
        with self._database.columns() as connection:
            rows = connection.execute(found.order_by(_TRACK.id).limit(count))
            return {track_id: vector_of(embedding) for track_id, embedding in rows}

    def files(self, track_id: str) -> list[TrackFile]:
        """Return the files of a track, oldest first."""
        found = select(_FILE.path, _FILE.root).where(_FILE.track_id == track_id)
        with self._database.columns() as connection:
            return [TrackFile(path, root) for path, root in connection.execute(found.order_by(_FILE.id))]

    def count_by_status(self) -> dict[TrackStatus, int]:
        """Return the number of tracks with each status."""
        with self._database.columns() as connection:
            counted = select(_TRACK.status, func.count()).where(_TRACK.id.not_in(DELETED))
            rows = connection.execute(counted.group_by(_TRACK.status)).all()
        counts = {status: count for status, count in rows}  # noqa: C416  rows are no pairs to mypy
        return {status: counts.get(status, 0) for status in TrackStatus}


def resolve_names(database: Session | Connection, names: Iterable[str]) -> dict[str, str]:
    """Return the track id of each name, as `TrackStore.resolve` does, in an open transaction."""
    own, external = own_and_external(names)
    known = {row[0] for row in rows_of(database, _KNOWN, set(own.values()))}
    found = {name: track_id for name, track_id in own.items() if track_id in known}
    return _followed(database, found | _resolve_all(database, external))


def _followed(database: Session | Connection, found: Mapping[str, str]) -> dict[str, str]:
    successors = successors_of(database, set(found.values()))
    return {name: successors.get(track_id, track_id) for name, track_id in found.items()}


def own_and_external(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the names that are track ids, with their canonical form, and those that may be external ids."""
    wanted = list(dict.fromkeys(names))
    own = {name: canonical for name in wanted if (canonical := canonical_id(name)) is not None}
    return own, [name for name in wanted if name not in own and ":" in name and is_storable(name)]


def _resolve_all(database: Session | Connection, names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for batch in batched(names, IDS_PER_STATEMENT):
        found |= _resolve_external(database, batch)
    return found


def _resolve_external(database: Session | Connection, names: Sequence[str]) -> dict[str, str]:
    canonical = {name: written for name in names if (written := canonical_name(name)) is not None}
    pairs = {tuple(written.split(":", 1)) for written in canonical.values()}
    matches = database.execute(
        select(_NAME.namespace, _NAME.value, _NAME.track_id, _TRACK.status)
        .join_from(ExternalIdRow.__table__, TrackRow.__table__, _NAME.track_id == _TRACK.id)
        .where(tuple_(_NAME.namespace, _NAME.value).in_(pairs), _NAME.track_id.not_in(DELETED))
    )
    best: dict[str, tuple[int, str]] = {}
    for namespace, value, track_id, status in matches:
        written, rank = f"{namespace}:{value}", (PREFERRED.index(status), track_id)
        best[written] = min(rank, best.get(written, rank))
    return {name: best[written][1] for name, written in canonical.items() if written in best}


def canonical_id(name: str) -> str | None:
    """Return the canonical form of a track id; None if the name is not a UUID."""
    try:
        return str(UUID(name))
    except ValueError:
        return None


def vector_of(embedding: bytes | None) -> Vector:
    """Decode a stored embedding.

    Raises:
        ValueError: the embedding is missing or damaged.
    """
    if embedding is None or len(embedding) != EMBEDDING_BYTES:
        raise ValueError(f"a stored embedding has {len(embedding or b'')} bytes instead of {EMBEDDING_BYTES}")
    return np.frombuffer(embedding, dtype="<f4")


def measured_of(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the known values of a track by the names of `RANGE_FIELDS`."""
    # If the key is unknown, no filter on key or mode may match.
    without = ("key", "mode") if values.get("key") == NO_KEY else ()
    return {name: value for name in RANGE_FIELDS if (value := values.get(name)) is not None and name not in without}


def clear_tags(tags: Mapping[str, float] | None) -> dict[str, float]:
    """Return the strengths of the tags that have at least `TAG_THRESHOLD`.

    The names are case-folded, sorted and without their data set's prefix; of equal names the strongest counts.
    """
    clear: dict[str, float] = {}
    for name, strength in (tags or {}).items():
        if strength >= TAG_THRESHOLD:
            bare = name.casefold().split(":")[-1]
            clear[bare] = max(strength, clear.get(bare, 0.0))
    return dict(sorted(clear.items()))


def _embedded(row: Sequence[Any]) -> Embedded:
    """Build a track from a row of `ready_in`."""
    embedding, track_id, title, artist, album, duration_ms, genres, performer, album_id, *more = row
    return Embedded(
        *(track_id, vector_of(embedding), title, artist, album, duration_ms),
        genres=tuple(split_keys(genres)),
        measured=measured_of(dict(zip(RANGE_FIELDS, more, strict=True))) if more else {},
        performer=performer,
        album_id=album_id,
    )


def found_tracks(connection: Connection, track_ids: Collection[str]) -> dict[str, Track]:
    """Return the tracks with these ids, as `TrackStore.get_many` does, in an open transaction."""
    lists: dict[str, _Lists] = defaultdict(_Lists)
    for track_id, name in rows_of(connection, _HEARD, track_ids):
        lists[track_id].heard.append(name)
    for track_id, namespace, value in rows_of(connection, _NAMES, track_ids):
        lists[track_id].ids.setdefault(namespace, value)
    for track_id, role, artist_id, name in rows_of(connection, _ARTISTS, track_ids):
        lists[track_id].artists.setdefault(role, []).append(NamedArtist(artist_id, name))
    for track_id, name in rows_of(connection, _GENRES, track_ids):
        lists[track_id].genres.append(name)
    rows: dict[str, list[Any]] = {}
    for row in rows_of(connection, _FOUND, track_ids):
        rows.setdefault(row.id, []).append(row)
    return {track_id: _track(first_there(found), lists[track_id]) for track_id, found in rows.items()}


def first_there(files: Sequence[_File]) -> _File:
    """Return the first of a track's files that exists, or the first one if none does.

    A file may be gone although no scan has noticed it. The only file of a track is not looked for, because a file
    system that does not respond would stop every answer.
    """
    return files[0] if len(files) == 1 else next((file for file in files if Path(file.path).exists()), files[0])


@dataclass(slots=True)
class _Lists:
    """What a track has several of."""

    ids: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    artists: dict[str, list[NamedArtist]] = field(default_factory=dict)
    genres: list[str] = field(default_factory=list)


def _track(row: Any, lists: _Lists) -> Track:  # noqa: ANN401  a row of `_FOUND`
    values = row._asdict()
    is_analysed = row.model_version is not None
    return Track(
        **{column.key: values[column.key] for column in _SHOWN}
        | {
            "status": TrackStatus(row.status),
            "path": None if row.path is None or link_of(row.path) is not None else _relative(row.path, row.root),
            "attributes": {name: values[name] for name in ATTRIBUTES} if is_analysed else None,
            "descriptors": {name: values[name] for name in DESCRIPTORS} if is_analysed else None,
            "ids": lists.ids,
            "tags": tuple(lists.heard[:TAGS_SHOWN]),
            "artists": tuple(lists.artists.get(ARTIST, ())),
            "album_artists": tuple(lists.artists.get(ALBUM_ARTIST, ())),
            "genres": tuple(lists.genres),
        }
    )


def _relative(path: str, root: str) -> str:
    return readable(os.path.relpath(path, root))


def readable(path: str) -> str:
    """Return a path as valid Unicode: bytes that are not UTF-8 become replacement characters."""
    return os.fsencode(path).decode("utf-8", errors="replace")

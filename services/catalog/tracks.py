"""Read tracks: by id or external id, in pages, and with embeddings."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic_core import from_json
from sqlalchemy import Connection, Float, Text, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from services.catalog.database import IDS, Database, rows_of
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
from services.catalog.own_values import OWN_VALUES, value_of
from services.catalog.space_columns import analyses_in, described_in, read_in, ready_in
from services.catalog.spaces import SpaceViews
from services.catalog.successors import not_deleted
from services.catalog.tables import ExternalIdRow, HeardTagRow, LocationRow, TrackArtistRow, TrackGenreRow, TrackRow
from services.catalog.track_names import followed_names, own_and_external, resolve_external, resolve_names
from services.domain.errors import InvalidRequest, TrackNotFound
from services.domain.filters import ATTRIBUTES, RANGE_FIELDS, TAG_THRESHOLD
from services.domain.links import link_of
from services.domain.own_features import FEATURE_TYPES, Value
from services.domain.track import (
    DESCRIPTORS,
    TAGS_SHOWN,
    Description,
    Embedded,
    NamedArtist,
    Track,
    TrackStatus,
    Vector,
)

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
_SHOWN_NAMES = tuple(column.key for column in _SHOWN if column.key != "status")
_ANALYSED = tuple(_TRACK[name] for name in (*ATTRIBUTES, *DESCRIPTORS))

_FOUND = (
    # One row for each file, the oldest first.
    select(*_SHOWN, *_ANALYSED, _FILE.path, _FILE.root)
    .join_from(TrackRow.__table__, LocationRow.__table__, _FILE.track_id == _TRACK.id, isouter=True)
    .where(_TRACK.id.in_(IDS))
    .order_by(_FILE.id)
)
# What a track has several of, in one statement. The last column is the place in its list, or an own feature's number.
_NO_TEXT = cast(null(), Text)
_LISTED = union_all(
    select(_TAG.track_id, literal("heard"), _TAG.name, _NO_TEXT, -_TAG.strength).where(_TAG.track_id.in_(IDS)),
    select(_NAME.track_id, literal("id"), _NAME.namespace, _NAME.value, cast(0, Float)).where(
        _NAME.track_id.in_(IDS), _NAME.value != ""
    ),
    select(_ARTIST.track_id, _ARTIST.role, _ARTIST.name, _ARTIST.artist_id, cast(_ARTIST.position, Float)).where(
        _ARTIST.track_id.in_(IDS), _ARTIST.role != CREDIT
    ),
    select(_GENRE.track_id, literal("genre"), _GENRE.name, _NO_TEXT, cast(_GENRE.position, Float)).where(
        _GENRE.track_id.in_(IDS)
    ),
    OWN_VALUES,
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

    def shared_reads(self) -> AbstractContextManager[None]:
        """Let all reads of a block share one transaction."""
        return self._database.shared_reads()

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
            return followed_names(connection, own | resolve_external(connection, external))

    def embedded(self, track_ids: Collection[str], *, measured: bool = False) -> dict[str, Embedded]:
        """Return the ready tracks among these ids with their embeddings, by id.

        `measured` values are optional, because few callers need them.
        """
        if not track_ids:
            return {}
        space = self._spaces.joined()
        with self._database.columns() as connection:
            rows = rows_of(connection, ready_in(space, measured=measured), track_ids)
        if space is not None:  # a space that was switched to lacks a track that could not be analysed with its model
            rows = [row for row in rows if row.embedding is not None]
        vectors = vectors_of([row.embedding for row in rows])
        return {row.id: _embedded(row, vector) for row, vector in zip(rows, vectors, strict=True)}

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
        found = described_in(self._spaces.joined())
        with self._database.columns() as connection:
            rows = rows_of(connection, found, track_ids)
        return {
            track_id: Description(
                # A third of the time of the standard library's parser, for about fifty tags of each track.
                measured_of(dict(zip(RANGE_FIELDS, measured, strict=True))),
                tags=from_json(tags or "null") or {},
            )
            for track_id, tags, *measured in rows
        }

    def dispersions(self, track_ids: Collection[str]) -> dict[str, float]:
        """Return how much the parts of each analysed track differ, by id."""
        found = read_in(self._spaces.joined(), "dispersion").where(_TRACK.id.in_(IDS))
        with self._database.columns() as connection:
            return {track_id: value or 0.0 for track_id, value in rows_of(connection, found, track_ids)}

    def highlights(self, track_ids: Collection[str]) -> dict[str, float]:
        """Return where the most typical part of each track starts, in seconds, by id; unknown ones are absent."""
        found = read_in(self._spaces.joined(), "highlight").where(_TRACK.id.in_(IDS))
        with self._database.columns() as connection:
            return {track_id: start for track_id, start in rows_of(connection, found, track_ids) if start is not None}

    def sample(self, count: int) -> dict[str, Vector]:
        """Return the embeddings of the ready tracks with the lowest ids: a random sample, because ids are hashes."""
        space = self._spaces.joined()
        found = read_in(space, "embedding").where(analyses_in(space).is_there(self._spaces.dimension()))
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
            counted = select(_TRACK.status, func.count()).where(not_deleted(_TRACK.id))
            rows = connection.execute(counted.group_by(_TRACK.status)).all()
        counts = {status: count for status, count in rows}  # noqa: C416  rows are no pairs to mypy
        return {status: counts.get(status, 0) for status in TrackStatus}


def vector_of(embedding: bytes | None) -> Vector:
    """Decode a stored embedding.

    Raises:
        ValueError: the embedding is missing or damaged.
    """
    if not embedding or len(embedding) % 4:
        raise ValueError(f"a stored embedding has {len(embedding or b'')} bytes, which are no float32 numbers")
    return np.frombuffer(embedding, dtype="<f4")


def measured_of(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the known values of a track by the names of `RANGE_FIELDS`."""
    known = {name: value for name in RANGE_FIELDS if (value := values.get(name)) is not None}
    if known.get("key") == NO_KEY:  # then no filter on key or mode may match
        known = {name: value for name, value in known.items() if name not in {"key", "mode"}}
    return known


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


def vectors_of(embeddings: Sequence[bytes | None]) -> Vector:
    """Decode stored embeddings of one space to an array of shape (n, dimension); n may be 0.

    Raises:
        ValueError: an embedding is missing or damaged.
    """
    size = len(vector_of(embeddings[0])) if embeddings else 0
    for embedding in embeddings:
        if embedding is None or len(embedding) != 4 * size:
            raise ValueError(f"a stored embedding has {len(embedding or b'')} bytes instead of {4 * size}")
    return np.frombuffer(b"".join(filter(None, embeddings)), dtype="<f4").reshape(len(embeddings), size)


def _embedded(row: Sequence[Any], vector: Vector) -> Embedded:
    """Build a track from a row of `ready_in`."""
    _, track_id, title, artist, album, duration_ms, genres, performer, album_id, *more = row
    return Embedded(
        *(track_id, vector, title, artist, album, duration_ms),
        genres=tuple(split_keys(genres)),
        measured=measured_of(dict(zip(RANGE_FIELDS, more, strict=True))) if more else {},
        performer=performer,
        album_id=album_id,
    )


def files_of(session: Session, track_id: str) -> list[TrackFile]:
    """Return the files of a track in an open transaction."""
    places = session.execute(select(LocationRow.path, LocationRow.root).where(LocationRow.track_id == track_id))
    return [TrackFile(path, root) for path, root in places]


def found_tracks(connection: Connection, track_ids: Collection[str]) -> dict[str, Track]:
    """Return the tracks with these ids, as `TrackStore.get_many` does, in an open transaction."""
    lists: dict[str, _Lists] = defaultdict(lambda: defaultdict(list))
    own: dict[str, dict[str, Value]] = defaultdict(dict)
    for track_id, kind, name, more, place in sorted(rows_of(connection, _LISTED, track_ids), key=_in_list):
        if kind in FEATURE_TYPES:
            own[track_id][name] = value_of(kind, place, more)
        else:
            lists[track_id][kind].append((name, more))
    rows: dict[str, list[Any]] = {}
    for row in rows_of(connection, _FOUND, track_ids):
        rows.setdefault(row.id, []).append(row)
    return {track_id: _track(first_there(found), lists[track_id], own[track_id]) for track_id, found in rows.items()}


def first_there(files: Sequence[_File]) -> _File:
    """Return the first of a track's files that exists, or the first one if none does.

    A file may be gone although no scan has noticed it. The only file of a track is not looked for, because a file
    system that does not respond would stop every answer.
    """
    return files[0] if len(files) == 1 else next((file for file in files if Path(file.path).exists()), files[0])


_Lists = Mapping[str, list[tuple[str, str]]]
"""What a track has several of, by kind."""


def _in_list(row: Sequence[Any]) -> tuple[float, str]:
    """Return what a row of `_LISTED` is sorted by: its place, then an external id by its value, a tag by its name."""
    return row[4] or 0.0, row[3] or row[2]


def _track(row: Any, lists: _Lists, own: Mapping[str, Value]) -> Track:  # noqa: ANN401  a row of `_FOUND`
    values = row._asdict()
    is_analysed = row.model_version is not None
    ids: dict[str, str] = {}
    for namespace, value in lists["id"]:
        ids.setdefault(namespace, value)
    return Track(
        **{name: values[name] for name in _SHOWN_NAMES},
        status=TrackStatus(row.status),
        path=None if row.path is None or link_of(row.path) is not None else _relative(row.path, row.root),
        attributes={name: values[name] for name in ATTRIBUTES} if is_analysed else None,
        descriptors={name: values[name] for name in DESCRIPTORS} if is_analysed else None,
        ids=ids,
        tags=tuple(name for name, _ in lists["heard"][:TAGS_SHOWN]),
        artists=tuple(NamedArtist(artist_id, name) for name, artist_id in lists[ARTIST]),
        album_artists=tuple(NamedArtist(artist_id, name) for name, artist_id in lists[ALBUM_ARTIST]),
        genres=tuple(name for name, _ in lists["genre"]),
        own_features=dict(sorted(own.items())),
    )


def _relative(path: str, root: str) -> str:
    within = path.removeprefix(f"{root}/")
    if within == path or os.path.normpath(within) != within:
        within = os.path.relpath(path, root)
    return readable(within)


def readable(path: str) -> str:
    """Return a path as valid Unicode: bytes that are not UTF-8 become replacement characters."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", errors="replace")

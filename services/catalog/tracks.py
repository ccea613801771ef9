"""Reading the library: one track, many tracks, pages, vectors, external ids."""

import base64
import binascii
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.catalog.database import Database
from services.catalog.tables import ExternalIdRow, LocationRow, TrackRow
from services.domain.errors import InvalidCursor, TrackNotFound
from services.domain.filters import RANGE_FIELDS, TAG_HEARD
from services.domain.track import EMBEDDING_DIM, Embedded, Track, TrackStatus, Vector

# SQLite takes 32,766 parameters in a statement; this stays below it and below PostgreSQL's planner's comfort.
IDS_PER_STATEMENT = 5000
EMBEDDING_BYTES = 4 * EMBEDDING_DIM
NO_KEY = -1


@dataclass(frozen=True, slots=True)
class Page:
    """Some tracks in library order, and the cursor of the next page; None when this is the last."""

    tracks: list[Track]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TrackFile:
    """A file that holds a track, and the library root that it was found under; both absolute."""

    path: str
    root: str


class TrackStore:
    """Reads tracks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, track_id: str) -> Track:
        """One track.

        Raises:
            TrackNotFound: no track has this id.
        """
        found = self.get_many([track_id])
        if not found:
            raise TrackNotFound(track_id)
        return found[track_id]

    def get_many(self, track_ids: Sequence[str]) -> dict[str, Track]:
        """The tracks that exist among these ids."""
        with self._database.read() as session:
            rows = [
                row
                for chunk in _chunks(track_ids)
                for row in session.scalars(select(TrackRow).where(TrackRow.id.in_(chunk)))
            ]
            return {track.id: track for track in _tracks(session, rows)}

    def page(
        self,
        *,
        search: str = "",
        status: TrackStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """Tracks ordered by artist, album and title; every word of `search` must occur in those.

        Raises:
            InvalidCursor: the cursor was not handed out by this service.
        """
        query = select(TrackRow).order_by(TrackRow.sort_key, TrackRow.id).limit(limit + 1)
        if status is not None:
            query = query.where(TrackRow.status == status)
        for word in search.casefold().split():
            query = query.where(TrackRow.sort_key.contains(word, autoescape=True))
        if cursor is not None:
            query = query.where(tuple_(TrackRow.sort_key, TrackRow.id) > tuple_(*_decode_cursor(cursor)))
        with self._database.read() as session:
            rows = list(session.scalars(query))
            shown = rows[:limit]
            more = len(rows) > limit
            return Page(
                tracks=_tracks(session, shown),
                next_cursor=_encode_cursor(shown[-1]) if more else None,
            )

    def resolve(self, names: Iterable[str]) -> dict[str, str]:
        """Track ids for names that are a track id or an external id (`namespace:value`); unknown ones are absent.

        Where several tracks share an external id, the one with the lowest id answers.
        """
        with self._database.read() as session:
            return resolve_names(session, names)

    def embedded(self, track_ids: Sequence[str], *, detailed: bool = False) -> dict[str, Embedded]:
        """The ready tracks among these ids with their embeddings, in one read.

        What was measured and heard is read only if `detailed`: parsing it takes longer than all the rest.
        """
        columns: list[InstrumentedAttribute[Any]] = [
            TrackRow.id,
            TrackRow.embedding,
            TrackRow.title,
            TrackRow.artist,
            TrackRow.album,
            TrackRow.year,
        ]
        columns += [TrackRow.duration_ms, *((TrackRow.attributes, TrackRow.descriptors, TrackRow.tags) * detailed)]
        with self._database.read() as session:
            return {
                row.id: _embedded(row, detailed=detailed)
                for chunk in _chunks(track_ids)
                for row in session.execute(
                    select(*columns).where(TrackRow.id.in_(chunk), TrackRow.status == TrackStatus.READY)
                )
            }

    def sample(self, count: int) -> dict[str, Vector]:
        """Embeddings of the ready tracks with the lowest ids: ids are hashes of audio, so these are any tracks."""
        found = select(TrackRow.id, TrackRow.embedding).where(TrackRow.status == TrackStatus.READY)
        with self._database.read() as session:
            rows = session.execute(found.order_by(TrackRow.id).limit(count))
            return {track_id: vector_of(embedding) for track_id, embedding in rows}

    def files(self, track_id: str) -> list[TrackFile]:
        """The files that hold a track."""
        found = select(LocationRow.path, LocationRow.root).where(LocationRow.track_id == track_id)
        with self._database.read() as session:
            return [TrackFile(path, root) for path, root in session.execute(found.order_by(LocationRow.id))]

    def count_by_status(self) -> dict[TrackStatus, int]:
        """How many tracks stand where; every status is a key."""
        with self._database.read() as session:
            counts = dict(session.execute(select(TrackRow.status, func.count()).group_by(TrackRow.status)).all())
        return {status: counts.get(status, 0) for status in TrackStatus}


def resolve_names(session: Session, names: Iterable[str]) -> dict[str, str]:
    """As `TrackStore.resolve`, inside a transaction that is open already."""
    wanted = list(dict.fromkeys(names))
    own = {name: canonical for name in wanted if (canonical := canonical_id(name)) is not None}
    external = [name for name in wanted if name not in own and ":" in name]
    known: set[str] = set()
    for chunk in _chunks(list(own.values())):
        known.update(session.scalars(select(TrackRow.id).where(TrackRow.id.in_(chunk))))
    resolved = {name: track_id for name, track_id in own.items() if track_id in known}
    for chunk in _chunks(external):
        resolved |= _resolve_external(session, chunk)
    return resolved


def _resolve_external(session: Session, names: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for name in names:
        namespace, _, value = name.partition(":")
        pairs[name] = (namespace.casefold(), value)
    matches = session.execute(
        select(ExternalIdRow.namespace, ExternalIdRow.value, func.min(ExternalIdRow.track_id))
        .where(tuple_(ExternalIdRow.namespace, ExternalIdRow.value).in_(set(pairs.values())), ExternalIdRow.value != "")
        .group_by(ExternalIdRow.namespace, ExternalIdRow.value)
    )
    found = {(namespace, value): track_id for namespace, value, track_id in matches}
    return {name: found[pair] for name, pair in pairs.items() if pair in found}


def vector_of(embedding: bytes | None) -> Vector:
    """A stored embedding as numbers.

    Raises:
        ValueError: it is missing or damaged.
    """
    if embedding is None or len(embedding) != EMBEDDING_BYTES:
        raise ValueError(f"a stored embedding has {len(embedding or b'')} bytes instead of {EMBEDDING_BYTES}")
    return np.frombuffer(embedding, dtype="<f4")


def measured_of(
    descriptors: Mapping[str, Any] | None,
    attributes: Mapping[str, Any] | None,
    *,
    year: int | None,
    duration_ms: int | None,
) -> dict[str, float]:
    """What is known of a track by the names of `RANGE_FIELDS`."""
    found = {**(descriptors or {}), **(attributes or {}), "year": year, "duration_ms": duration_ms}
    if found.get("key") == NO_KEY:  # nothing is known then: no condition on key or mode may match
        found |= {"key": None, "mode": None}
    return {name: found[name] for name in RANGE_FIELDS if found.get(name) is not None}


def heard(tags: Mapping[str, float] | None) -> list[str]:
    """The tags that the encoder heard clearly, case-folded and without the data set they come from."""
    return sorted({name.casefold().split(":")[-1] for name, strength in (tags or {}).items() if strength >= TAG_HEARD})


def _embedded(row: Any, *, detailed: bool) -> Embedded:  # noqa: ANN401  a row of the columns that `embedded` selects
    found = Embedded(row.id, vector_of(row.embedding), row.title, row.artist, row.album, row.duration_ms)
    if not detailed:
        return found
    measured = measured_of(row.descriptors, row.attributes, year=row.year, duration_ms=row.duration_ms)
    return replace(found, measured=measured, tags=row.tags or {})


def _tracks(session: Session, rows: Sequence[TrackRow]) -> list[Track]:
    ids = [row.id for row in rows]
    paths: dict[str, str] = {}
    names: dict[str, dict[str, str]] = {}
    for chunk in _chunks(ids):
        locations = select(LocationRow).where(LocationRow.track_id.in_(chunk)).order_by(LocationRow.id.desc())
        paths |= {found.track_id: _relative(found) for found in session.scalars(locations)}
        given = select(ExternalIdRow).where(ExternalIdRow.track_id.in_(chunk), ExternalIdRow.value != "")
        for name in session.scalars(given):
            names.setdefault(name.track_id, {})[name.namespace] = name.value
    return [_track(row, paths.get(row.id), names.get(row.id, {})) for row in rows]


def _track(row: TrackRow, path: str | None, ids: dict[str, str]) -> Track:
    return Track(
        id=row.id,
        title=row.title,
        artist=row.artist,
        album=row.album,
        year=row.year,
        genre=row.genre,
        duration_ms=row.duration_ms,
        path=path,
        status=TrackStatus(row.status),
        reason=row.reason,
        attributes=row.attributes,
        descriptors=row.descriptors,
        tags=row.tags,
        model_version=row.model_version,
        ids=ids,
    )


def _relative(location: LocationRow) -> str:
    return readable(os.path.relpath(location.path, location.root))


def readable(path: str) -> str:
    """A path as text that any JSON reader takes: bytes that are not UTF-8 become replacement characters."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def canonical_id(name: str) -> str | None:
    """A track id as it is stored; None if the name is none."""
    try:
        return str(UUID(name))
    except ValueError:
        return None


def _encode_cursor(row: TrackRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.sort_key, row.id]).encode()).decode()


def _decode_cursor(cursor: str) -> tuple[str, str]:
    try:
        sort_key, track_id = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, UnicodeError, ValueError, TypeError, RecursionError) as error:
        raise InvalidCursor(cursor) from error
    if not (isinstance(sort_key, str) and isinstance(track_id, str)):
        raise InvalidCursor(cursor)
    if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in sort_key + track_id):
        raise InvalidCursor(cursor)  # no database takes these in text
    return sort_key, track_id


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + IDS_PER_STATEMENT] for start in range(0, len(ids), IDS_PER_STATEMENT))

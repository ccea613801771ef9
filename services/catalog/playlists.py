"""Stored playlists. Changes of one playlist are made one after another."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from services.catalog import tenancy
from services.catalog.database import IDS, ROWS_PER_STATEMENT, Database, batched, now, rows_of
from services.catalog.libraries import as_member
from services.catalog.successors import followed, successors_of
from services.catalog.tables import LocationRow, PlaylistEntryRow, PlaylistRow, TrackRow
from services.catalog.track_names import canonical_id
from services.domain.errors import InvalidRequest, PlaylistChanged, PlaylistNotFound
from services.domain.playlist import (
    COVERS,
    PLAYLISTS_MAX,
    REFRESH_AFTER,
    RETRY_AFTER,
    TRACKS_MAX,
    Contents,
    Entry,
    NewEntry,
    Playlist,
    PlaylistChange,
    Rules,
)

COVER_ENTRIES = 40
"""First entries of a playlist among which the tracks for its cover are chosen."""

FIRST = 0
"""The place before all entries, whose ids begin at 1."""

_RULES = TypeAdapter(Rules)
_ENTRY, _TRACK, _FILE = PlaylistEntryRow.__table__.c, TrackRow.__table__.c, LocationRow.__table__.c
_SUBJECT = followed(_ENTRY.track_id)
"""The track of an entry, or the one that took over from it."""
_HAS_FILE = select(_FILE.id).where(_FILE.track_id == _TRACK.id).exists()
_VISIBLE = select(_TRACK.id).where(_TRACK.id.in_(IDS))
_COUNTED = (
    select(
        _ENTRY.playlist_id,
        func.count(),
        func.sum(case((_HAS_FILE, 0), else_=1)),
        func.sum(case((_HAS_FILE, func.coalesce(_TRACK.duration_ms, 0)), else_=0)),
    )
    .join_from(PlaylistEntryRow.__table__, TrackRow.__table__, _TRACK.id == _SUBJECT, isouter=True)
    .where(_ENTRY.playlist_id.in_(IDS))
    .group_by(_ENTRY.playlist_id)
)
_FIRST = (
    select(_ENTRY.playlist_id, _TRACK.id, _TRACK.album, _TRACK.artist)
    .join_from(PlaylistEntryRow.__table__, TrackRow.__table__, _TRACK.id == _SUBJECT)
    .where(_ENTRY.playlist_id.in_(IDS), _ENTRY.position < COVER_ENTRIES, _HAS_FILE)
    .order_by(_ENTRY.playlist_id, _ENTRY.position)
)


class TooManyPlaylists(InvalidRequest):
    """The owner has as many playlists as allowed."""

    def __init__(self) -> None:
        super().__init__(f"An owner can have {PLAYLISTS_MAX} playlists. Delete one first.")


class PlaylistFull(InvalidRequest):
    """The playlist would have more tracks than allowed."""

    def __init__(self) -> None:
        super().__init__(f"A playlist can have {TRACKS_MAX:,} tracks. Create another one for the rest.")


class UnknownEntry(InvalidRequest):
    """The playlist has no such entry, or it is named twice."""

    def __init__(self, entry: int) -> None:
        super().__init__(f"The playlist has no entry {entry}, or it is in `items` more than once.")


class PlaylistStore:
    """Creates, reads, changes and deletes playlists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        track_ids: Sequence[str] = (),
        *,
        owner: str | None = None,
        description: str = "",
        rules: Rules | None = None,
    ) -> Playlist:
        """Create a playlist of these tracks.

        Raises:
            TooManyPlaylists: the owner has as many playlists as allowed.
            PlaylistFull: there are too many tracks.
        """
        moment = now()
        row = PlaylistRow(
            id=str(uuid.uuid4()),
            owner=owner,
            name=name,
            description=description,
            rules=_as_json(rules),
            revision=0,
            next_entry=1,
            created_at=moment,
            updated_at=moment,
        )
        with as_member(self._database, owner), self._database.write() as session:
            count = session.scalar(select(func.count()).where(_owned_by(owner))) or 0
            if count >= PLAYLISTS_MAX:
                raise TooManyPlaylists
            session.add(row)
            session.flush()
            _write_entries(session, row, _new_entries(row, track_ids, moment))
            return _playlist(row)

    def listed(self, listeners: Collection[str] | None = None) -> list[Playlist]:
        """Return the playlists of these listeners, or of all owners and of nobody, sorted by name."""
        query = select(PlaylistRow)
        if listeners is not None:
            query = query.where(PlaylistRow.owner.in_(listeners))
        with self._database.read() as session:
            found = [_playlist(row) for row in session.scalars(query)]
        return sorted(found, key=lambda playlist: (playlist.name.casefold(), playlist.created_at))

    def get(self, playlist_id: str) -> Playlist:
        """Return a playlist.

        Raises:
            PlaylistNotFound: no playlist has this id.
        """
        with self._database.read() as session:
            return _playlist(_row(session, playlist_id))

    def entries(self, playlist_id: str) -> list[Entry]:
        """Return the entries of a playlist in their order."""
        with self._database.read() as session:
            found = _entries(session, playlist_id)
            successors = successors_of(session, {entry.track_id for entry in found})
            return [replace(entry, track_id=successors.get(entry.track_id, entry.track_id)) for entry in found]

    def contents(self, playlist_ids: Collection[str]) -> dict[str, Contents]:
        """Return what the playlists contain, by id; empty ones are absent."""
        with self._database.columns() as connection:
            counts = rows_of(connection, _COUNTED, playlist_ids)
            covers = _cover_tracks(rows_of(connection, _FIRST, playlist_ids))
        return {
            playlist_id: Contents(
                tracks=count, missing=missing, duration_ms=int(duration), cover_tracks=covers[playlist_id]
            )
            for playlist_id, count, missing, duration in counts
        }

    def change(self, playlist_id: str, revision: int, change: PlaylistChange) -> Playlist:
        """Change a playlist that the client has seen in this revision.

        Raises:
            PlaylistNotFound: no playlist has this id.
            PlaylistChanged: it was changed since.
            UnknownEntry, PlaylistFull: the entries are not possible.
        """
        with self._database.write() as session:
            row = _row(session, playlist_id, lock=True)
            if row.revision != revision:
                raise PlaylistChanged(playlist_id)
            moment = now()
            if change.name is not None:
                row.name = change.name
            if change.description is not None:
                row.description = change.description
            if change.rules is not None:
                row.rules = _as_json(change.rules[0])
                row.refreshed_at, row.failure, row.failed_at = None, None, None
            if change.entries is not None:
                entries = _entries(session, playlist_id)
                present = {entry.id: entry for entry in entries}
                arranged = _arranged(row, present, change.entries, moment)
                _write_entries(session, row, _with_unseen(session, entries, arranged))
            row.revision, row.updated_at = row.revision + 1, moment
            return _playlist(row)

    def append(self, playlist_id: str, track_ids: Sequence[str]) -> Playlist:
        """Add tracks to the end of a playlist, whatever its revision.

        Raises:
            PlaylistNotFound: no playlist has this id.
            PlaylistFull: it would have too many tracks.
        """
        with self._database.write() as session:
            row, moment = _row(session, playlist_id, lock=True), now()
            entries = _entries(session, playlist_id)
            _write_entries(session, row, [*entries, *_new_entries(row, track_ids, moment)])
            row.revision, row.updated_at = row.revision + 1, moment
            return _playlist(row)

    def refreshed(self, playlist_id: str, rules: Rules, track_ids: Sequence[str]) -> bool:
        """Store the tracks that the rules have chosen; return False if the playlist no longer has these rules.

        Tracks that stay keep their entries.
        """
        with self._database.write() as session:
            row, moment = _row(session, playlist_id, lock=True), now()
            if row.rules != _as_json(rules):
                return False
            row.refreshed_at, row.failure, row.failed_at = moment, None, None
            entries = _entries(session, playlist_id)
            if [entry.track_id for entry in entries] != list(track_ids):
                present = {entry.track_id: entry.id for entry in entries}
                items = [present.get(track_id) or NewEntry(track_id) for track_id in track_ids]
                _write_entries(session, row, _arranged(row, {each.id: each for each in entries}, items, moment))
                row.revision, row.updated_at = row.revision + 1, moment
            return True

    def failed(self, playlist_id: str, reason: str) -> None:
        """Store why a refresh failed; the tracks do not change."""
        with self._database.write() as session:
            session.execute(
                update(PlaylistRow).where(PlaylistRow.id == playlist_id).values(failure=reason, failed_at=now())
            )

    def due(self) -> list[str]:
        """Return the smart playlists whose tracks are a day old, without those that failed lately; oldest first."""
        moment = now()
        is_old = or_(PlaylistRow.refreshed_at.is_(None), PlaylistRow.refreshed_at <= moment - REFRESH_AFTER)
        may_try = or_(PlaylistRow.failed_at.is_(None), PlaylistRow.failed_at <= moment - RETRY_AFTER)
        query = select(PlaylistRow.id).where(PlaylistRow.rules.is_not(None), is_old, may_try)
        with self._database.read() as session:
            return list(session.scalars(query.order_by(PlaylistRow.refreshed_at, PlaylistRow.id)))

    def remove(self, playlist_id: str) -> None:
        """Delete a playlist.

        Raises:
            PlaylistNotFound: no playlist has this id.
        """
        removing = delete(PlaylistRow).where(PlaylistRow.id == canonical_id(playlist_id))
        with self._database.write() as session:
            removed = session.scalars(removing.returning(PlaylistRow.id)).all()
        if not removed:
            raise PlaylistNotFound(playlist_id)


def _owned_by(owner: str | None) -> Any:  # noqa: ANN401  SQLAlchemy's
    return PlaylistRow.owner.is_(None) if owner is None else PlaylistRow.owner == owner


def _row(session: Session, playlist_id: str, *, lock: bool = False) -> PlaylistRow:
    row = session.get(PlaylistRow, canonical_id(playlist_id) or "", with_for_update=lock or None)
    if row is None:
        raise PlaylistNotFound(playlist_id)
    return row


def _entries(session: Session, playlist_id: str) -> list[Entry]:
    query = select(PlaylistEntryRow.id, PlaylistEntryRow.track_id, PlaylistEntryRow.added_at)
    found = query.where(PlaylistEntryRow.playlist_id == canonical_id(playlist_id)).order_by(PlaylistEntryRow.position)
    return [Entry(number, track_id, added_at) for number, track_id, added_at in session.execute(found)]


def _new_entries(row: PlaylistRow, track_ids: Iterable[str], moment: datetime) -> list[Entry]:
    entries = [Entry(number, track_id, moment) for number, track_id in enumerate(track_ids, start=row.next_entry)]
    row.next_entry += len(entries)
    return entries


def _arranged(
    row: PlaylistRow, present: dict[int, Entry], items: Iterable[int | NewEntry], moment: datetime
) -> list[Entry]:
    """Return the entries in a new order, without those that are not named.

    Raises:
        UnknownEntry: an id is not that of an entry, or it is named twice.
    """
    remaining = dict(present)
    arranged = []
    for item in items:
        if isinstance(item, NewEntry):
            arranged += _new_entries(row, [item.track_id], moment)
        elif item in remaining:
            arranged.append(remaining.pop(item))
        else:
            raise UnknownEntry(item)
    return arranged


def _with_unseen(session: Session, before: Sequence[Entry], arranged: Sequence[Entry]) -> list[Entry]:
    """Return arranged entries with those that the client could not name, each behind the one that it followed.

    A request that is limited to libraries does not see entries whose tracks have no file there.
    """
    if tenancy.libraries() is None:
        return list(arranged)
    successors = successors_of(session, {entry.track_id for entry in before})
    subjects = {entry.id: successors.get(entry.track_id, entry.track_id) for entry in before}
    seen = {track_id for (track_id,) in rows_of(session, _VISIBLE, set(subjects.values()))}
    kept = {entry.id for entry in arranged}
    behind: defaultdict[int, list[Entry]] = defaultdict(list)
    place = FIRST
    for entry in before:
        if entry.id in kept:
            place = entry.id
        elif subjects[entry.id] not in seen:
            behind[place].append(entry)
    return [*behind[FIRST], *(each for entry in arranged for each in (entry, *behind[entry.id]))]


def _write_entries(session: Session, row: PlaylistRow, entries: Sequence[Entry]) -> None:
    """Replace the stored entries of a playlist.

    Raises:
        PlaylistFull: there are too many.
    """
    if len(entries) > TRACKS_MAX:
        raise PlaylistFull
    session.execute(delete(PlaylistEntryRow).where(PlaylistEntryRow.playlist_id == row.id))
    rows = [
        {"playlist_id": row.id, "position": place, "id": each.id, "track_id": each.track_id, "added_at": each.added_at}
        for place, each in enumerate(entries)
    ]
    for batch in batched(rows, ROWS_PER_STATEMENT):
        session.execute(insert(PlaylistEntryRow), batch)


def _cover_tracks(first: Iterable[Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    """Return up to `COVERS` tracks of different albums for each playlist."""
    albums: dict[str, dict[tuple[str | None, ...], str]] = defaultdict(dict)
    for playlist_id, track_id, album, artist in first:
        chosen = albums[playlist_id]
        if len(chosen) < COVERS:
            chosen.setdefault((artist, album), track_id)
    return defaultdict(tuple, {playlist_id: tuple(chosen.values()) for playlist_id, chosen in albums.items()})


def _as_json(rules: Rules | None) -> dict[str, Any] | None:
    return None if rules is None else _RULES.dump_python(rules, mode="json")


def _playlist(row: PlaylistRow) -> Playlist:
    return Playlist(
        id=row.id,
        owner=row.owner,
        library=row.library_id,
        name=row.name,
        description=row.description,
        rules=None if row.rules is None else _RULES.validate_python(row.rules),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        refreshed_at=row.refreshed_at,
        failure=row.failure,
    )

"""How often and when listeners heard tracks and artists, which of them they love, and plays without a time."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Text, case, cast, delete, func, select

from services.catalog.database import IDS, ROWS_PER_STATEMENT, Database, batched, rows_of
from services.catalog.matching import identity_of, lock_matching
from services.catalog.successors import followed
from services.catalog.tables import ListenRow, TrackRow
from services.domain.listening import UNDATED, VERDICTS, EventKind, Loved, NewListen, Unmatched, UnmatchedPage

_SUBJECT = followed(ListenRow.track_id)
"""The track of a listen, or the one that took over from it."""

_KEY = "undated:"

_ARTISTS = select(TrackRow.id, TrackRow.artist_key).where(TrackRow.id.in_(IDS), TrackRow.artist_key.is_not(None))


class PlayCountStore:
    """Reads the plays of listeners by track, and stores those that have no time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def dated(self, listener: str) -> defaultdict[str, list[datetime]]:
        """Return the times of a listener's plays, by track id."""
        own = ListenRow.listener == listener, ListenRow.kind == EventKind.PLAY, ListenRow.track_id.is_not(None)
        plays = select(_SUBJECT, ListenRow.at).where(*own, ListenRow.undated_plays.is_(None))
        found: defaultdict[str, list[datetime]] = defaultdict(list)
        with self._database.columns() as connection:
            for track_id, at in connection.execute(plays):
                found[track_id].append(at)
        return found

    def of_tracks(self, track_ids: Collection[str]) -> dict[str, int]:
        """Return the number of plays of tracks by all listeners, by track id; tracks without a play are absent."""
        number = func.sum(func.coalesce(ListenRow.undated_plays, 1), type_=Integer())
        plays = select(ListenRow.track_id, number).where(ListenRow.kind == EventKind.PLAY, ListenRow.track_id.in_(IDS))
        with self._database.columns() as connection:
            rows = rows_of(connection, plays.group_by(ListenRow.track_id), track_ids)
        return {track_id: count for track_id, count in rows}  # noqa: C416  rows are no pairs to mypy

    def artists_first_heard(self, listener: str) -> dict[str, datetime]:
        """Return the time of a listener's first listen of each artist, by the key of the tracks' first artist."""
        first = func.min(ListenRow.at, type_=ListenRow.at.type)
        heard = (
            select(TrackRow.artist_key, first)
            .select_from(ListenRow)
            .join(TrackRow, TrackRow.id == _SUBJECT)
            .where(ListenRow.listener == listener, TrackRow.artist_key.is_not(None))
            .group_by(TrackRow.artist_key)
        )
        with self._database.columns() as connection:
            rows: Iterable[Any] = connection.execute(heard)
            return {artist: at for artist, at in rows}  # noqa: C416  rows are no pairs

    def artists_of(self, track_ids: Collection[str]) -> dict[str, str]:
        """Return the key of the first artist of each track that has one."""
        with self._database.columns() as connection:
            return {track_id: artist for track_id, artist in rows_of(connection, _ARTISTS, track_ids)}  # noqa: C416  rows are no pairs

    def undated(self, listener: str) -> dict[str, tuple[str, int]]:
        """Return what `set_undated` stored of a listener."""
        stored = ListenRow.listener == listener, ListenRow.key.startswith(_KEY), ListenRow.undated_plays.is_not(None)
        found = select(func.substr(ListenRow.key, len(_KEY) + 1), ListenRow.track_id, ListenRow.undated_plays)
        with self._database.columns() as connection:
            rows: Iterable[Any] = connection.execute(found.where(*stored))
            return {name: (track_id, count) for name, track_id, count in rows}

    def unmatched(self, listener: str, *, limit: int, offset: int = 0) -> UnmatchedPage:
        """Return recordings that a listener heard and the library does not have, most often heard first."""
        named = ListenRow.artist, ListenRow.title, case((ListenRow.title.is_(None), cast(ListenRow.names, Text)))
        number = func.sum(func.coalesce(ListenRow.undated_plays, 1), type_=Integer())
        dated = case((ListenRow.undated_plays.is_(None), ListenRow.at))
        grouped = (
            select(*named, func.min(ListenRow.album), number, func.max(dated, type_=ListenRow.at.type))
            .where(ListenRow.listener == listener, ListenRow.kind.in_(list(EventKind)), ListenRow.track_id.is_(None))
            .group_by(*named)
        )
        page = grouped.order_by(number.desc(), *(each.nulls_last() for each in named)).limit(limit).offset(offset)
        every = grouped.with_only_columns(number.label("number")).subquery()
        with self._database.read() as session:
            total, listens = session.execute(select(func.count(), func.sum(every.c.number)).select_from(every)).one()
            rows = session.execute(page).all()
        found = (
            Unmatched(artist, title, album, tuple(json.loads(names)) if names else (), count, last_at)
            for artist, title, names, album, count, last_at in rows
        )
        return UnmatchedPage(tuple(found), total, listens or 0)

    def set_undated(self, listener: str, plays: Mapping[str, tuple[str, int]]) -> None:
        """Store how many plays of tracks have no time, given track id and number by the external id they are known by.

        A later number of the same external id replaces an earlier one; 0 deletes it.
        """
        rows = [_undated(listener, name, track_id, count) for name, (track_id, count) in sorted(plays.items())]
        gone = [row["identity"] for row in rows if not row["undated_plays"]]
        inserting = self._database.insert(ListenRow)
        changing = inserting.on_conflict_do_update(
            index_elements=["listener", "identity"],
            set_={"undated_plays": inserting.excluded.undated_plays, "track_id": inserting.excluded.track_id},
        )
        with self._database.write() as session:
            lock_matching(session, alone=False)
            for batch in batched(gone, ROWS_PER_STATEMENT):
                session.execute(delete(ListenRow).where(ListenRow.listener == listener, ListenRow.identity.in_(batch)))
            for batch in batched([row for row in rows if row["undated_plays"]], ROWS_PER_STATEMENT):
                session.execute(changing, batch)

    def loved(self, listener: str, *, plays: int, before: datetime) -> list[Loved]:
        """Return the tracks that a listener likes or played at least `plays` times, and last heard before a time.

        Tracks whose latest verdict is a dislike or a ban are left out.
        """
        own = ListenRow.listener == listener, ListenRow.track_id.is_not(None)
        number = func.coalesce(ListenRow.undated_plays, 1)
        played = func.sum(case((ListenRow.kind == EventKind.PLAY, number), else_=0))
        latest = func.max(ListenRow.at, type_=ListenRow.at.type)
        heard = select(_SUBJECT, played).where(*own).group_by(_SUBJECT).having(latest < before)
        judged = select(_SUBJECT, ListenRow.kind).where(*own, ListenRow.kind.in_(VERDICTS))
        judged = judged.order_by(ListenRow.at, ListenRow.id)
        with self._database.read() as session:
            verdicts = {track_id: kind for track_id, kind in session.execute(judged)}  # noqa: C416  rows are no pairs
            counts = session.execute(heard).all()
        return [
            Loved(track_id, count, track_id in verdicts)
            for track_id, count in counts
            if verdicts.get(track_id, EventKind.LIKE) == EventKind.LIKE and (track_id in verdicts or count >= plays)
        ]


def _undated(listener: str, name: str, track_id: str, count: int) -> dict[str, Any]:
    listen = NewListen(names=(name,), at=UNDATED, key=f"{_KEY}{name}")
    return {
        "listener": listener,
        "identity": identity_of(listen, track_id),
        "track_id": track_id,
        "kind": listen.kind,
        "at": listen.at,
        "key": listen.key,
        "names": [name],
        "undated_plays": count,
    }

"""Stored listens and starts, by listener."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    case,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    tuple_,
)
from sqlalchemy.orm import Session

from services.catalog import tenancy
from services.catalog.database import Database, decode_cursor, encode_cursor
from services.catalog.libraries import as_member, libraries_of
from services.catalog.matching import Match, identity_of, lock_matching, match
from services.catalog.outcomes import StoredListen, attach_listens
from services.catalog.remembered import read_remembered, rejected_by
from services.catalog.starts import start_of, store_start
from services.catalog.successors import followed, predecessors_of
from services.catalog.tables import ListenRow, StartRow, WaitingNameRow
from services.catalog.turns import put_first
from services.domain.errors import InvalidCursor
from services.domain.listening import (
    Description,
    EventKind,
    Listen,
    ListenCounts,
    ListenerSummary,
    ListenFilter,
    ListenPage,
    NewListen,
    Recorded,
    Remembered,
    RememberedAt,
    Start,
    TrackKnown,
)

LARGEST_ID = 2**63 - 1
"""The largest listen id that both databases support."""

_SUBJECT = followed(ListenRow.track_id)
"""The track of a listen, or the one that took over from it."""

_STORED = table("listens", *map(column, ("id", "listener", "identity", "track_id")))
"""Listens of all libraries: a listener has each listen once, whoever reports it."""

_IS_DATED = ListenRow.undated_plays.is_(None)
_NUMBER = func.sum(func.coalesce(ListenRow.undated_plays, 1), type_=Integer())
_LAST_AT = func.max(case((_IS_DATED, ListenRow.at)), type_=ListenRow.at.type)


class ListenStore:
    """Stores, reads and deletes listens and starts. A listener exists while it has any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, listener: str, listens: Sequence[NewListen]) -> list[Recorded]:
        """Store listens in one transaction, durable when it returns. Listens that exist already do not change.

        A listen of an unknown track is attached to the track when it comes into the library.
        """
        with as_member(self._database, listener), self._database.write() as session:
            lock_matching(session, alone=False)
            return self._add(session, listener, listens)

    def tracks_of(self, listens: Sequence[NewListen]) -> list[str | None]:
        """Return the track of each listen, or None, without storing the listens."""
        with self._database.read() as session:
            return [found.track_id for found in match(session, listens)]

    def judge(self, listener: str, verdict: NewListen | None, of: NewListen) -> None:
        """Replace the likes and dislikes of a track by one verdict, or delete them if it is None.

        Repeating a verdict changes nothing.
        """
        with as_member(self._database, listener), self._database.write() as session:
            lock_matching(session, alone=False)
            old = self._likes_and_dislikes(session, listener, of)
            if verdict is not None and any(row.kind == verdict.kind for row in old):
                old = [row for row in old if row.kind != verdict.kind]
                verdict = None
            session.execute(delete(ListenRow).where(ListenRow.id.in_([row.id for row in old])))
            if verdict is not None:
                self._add(session, listener, [verdict])

    def page(  # noqa: PLR0913  each selects a part
        self,
        listener: str,
        wanted: ListenFilter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
        skip: int = 0,
    ) -> ListenPage:
        """Return a page of listens ordered by time, newest first unless `oldest_first`, without the first `skip`.

        Raises:
            InvalidCursor: this service did not create the cursor.
        """
        place = tuple_(ListenRow.at, ListenRow.id)
        query = select(ListenRow, _SUBJECT).where(
            ListenRow.listener == listener, *_conditions(wanted or ListenFilter())
        )
        if cursor is not None:
            position = _position(cursor)
            query = query.where(place > position if oldest_first else place < position)
        order = (ListenRow.at, ListenRow.id) if oldest_first else (ListenRow.at.desc(), ListenRow.id.desc())
        with self._database.read() as session:
            rows = session.execute(query.order_by(*order).limit(limit + 1).offset(skip)).all()
        shown = rows[:limit]
        last = shown[-1][0] if len(rows) > limit else None
        next_cursor = None if last is None else encode_cursor(last.at.isoformat(), last.id)
        return ListenPage(tuple(_listen(row, track_id) for row, track_id in shown), next_cursor)

    def remove(self, listener: str, listen_id: int) -> bool:
        """Delete one listen and return whether it existed."""
        if listen_id > LARGEST_ID:
            return False
        with self._database.write() as session:
            found = delete(ListenRow).where(ListenRow.listener == listener, ListenRow.id == listen_id)
            return bool(session.scalars(found.returning(ListenRow.id)).all())

    def listeners(self, names: Collection[str] | None = None) -> list[ListenerSummary]:
        """Return the listeners with a listen or a start, by name; only those of these names, if given."""
        listens = select(ListenRow.listener, _NUMBER, _LAST_AT)
        starts = select(StartRow.listener)
        if names is not None:
            listens = listens.where(ListenRow.listener.in_(names))
            starts = starts.where(StartRow.listener.in_(names))
        with self._database.read() as session:
            found = {name: ListenerSummary(name, 0, None) for name in session.scalars(starts)}
            for name, count, last_at in session.execute(listens.group_by(ListenRow.listener)):
                found[name] = ListenerSummary(name, count, last_at)
        return [found[name] for name in sorted(found, key=lambda name: (name.casefold(), name))]

    def count(self, listener: str, wanted: ListenFilter | None = None) -> int:
        """Return the number of listens."""
        conditions = (ListenRow.listener == listener, *_conditions(wanted or ListenFilter()))
        with self._database.read() as session:
            return session.scalar(select(_NUMBER).where(*conditions)) or 0

    def counts(self, listener: str) -> ListenCounts:
        """Return the numbers of a listener's listens."""
        of_listener = ListenRow.listener == listener
        with self._database.read() as session:
            by_kind = session.execute(select(ListenRow.kind, _NUMBER).where(of_listener).group_by(ListenRow.kind)).all()
            tracks = session.scalar(select(func.count(_SUBJECT.distinct())).where(of_listener))
            unknown = session.scalar(select(func.count()).where(of_listener, ListenRow.track_id.is_(None)))
            ends = [
                session.scalar(select(ListenRow.at).where(of_listener, _IS_DATED).order_by(order).limit(1))
                for order in (ListenRow.at, ListenRow.at.desc())
            ]
        found = {EventKind(kind): count for kind, count in by_kind}
        return ListenCounts({kind: found.get(kind, 0) for kind in EventKind}, tracks or 0, unknown or 0, *ends)

    def rejected(self, listener: str) -> frozenset[str]:
        """Return the tracks whose latest verdict is a dislike or a ban."""
        with self._database.read() as session:
            return rejected_by(session, listener)

    def remembered(
        self, listener: str, *, repeat_after: timedelta | None, as_of: RememberedAt | None = None
    ) -> Remembered:
        """Return the part of a listener's history that recommendations use.

        Args:
            listener: The name of the listener, who need not exist.
            repeat_after: How long a heard track is not recommended; None is forever.
            as_of: Leave out listens that were stored later. Deleted listens and later choices are not restored.
        """
        with self._database.read() as session:
            return read_remembered(session, listener, repeat_after, as_of)

    def begin(self, listener: str, start: Start) -> None:
        """Store what a listener starts from; it replaces an earlier start."""
        with self._database.write() as session:
            store_start(self._database, session, listener, start)

    def start(self, listener: str) -> Start | None:
        """Return what a listener started from; None if nothing is stored."""
        with self._database.read() as session:
            return start_of(session, listener)

    def _add(self, session: Session, listener: str, listens: Sequence[NewListen]) -> list[Recorded]:
        matches = match(session, listens)
        places = _places(session, matches)
        rows: dict[str, dict[str, object]] = {}
        for listen, found in zip(listens, matches, strict=True):
            rows.setdefault(found.identity, _row(listener, listen, found) | {"library_id": places(found.track_id)})
        stored = _stored_before_takeover(session, listener, listens, matches)
        rows = {identity: row for identity, row in rows.items() if identity not in stored}
        inserting = self._database.insert(ListenRow).on_conflict_do_nothing()
        returning = inserting.returning(ListenRow.id, ListenRow.identity)
        new = {identity: row_id for row_id, identity in session.execute(returning, list(rows.values()))} if rows else {}
        _store_waiting_names(session, {found.identity: found for found in matches}, new)
        known = stored | dict(_known(session, listener, [identity for identity in rows if identity not in new]))
        new_ids, answers = dict(new), []
        for found in matches:
            if is_new := found.identity in new:  # the next one with this identity is a duplicate
                known[found.identity] = (new.pop(found.identity), found.track_id)
            answers.append(Recorded(known[found.identity][0], is_new, known[found.identity][1]))
        attach_listens(self._database, session, list(_to_attach(listener, listens, matches, new_ids)))
        put_first(session, {found.track_id for found in matches if found.track_id is not None})
        return answers

    def _likes_and_dislikes(self, session: Session, listener: str, of: NewListen) -> list[ListenRow]:
        [found] = match(session, [of])
        waiting = select(WaitingNameRow.listen_id).where(WaitingNameRow.name.in_(found.waiting))
        same = followed(ListenRow.track_id) == found.track_id if found.track_id else ListenRow.id.in_(waiting)
        kinds = ListenRow.kind.in_([EventKind.LIKE, EventKind.DISLIKE])
        return list(session.scalars(select(ListenRow).where(ListenRow.listener == listener, kinds, same)))


def _row(listener: str, listen: NewListen, found: Match) -> dict[str, object]:
    described = listen.described
    return {
        "listener": listener,
        "identity": found.identity,
        "track_id": found.track_id,
        "kind": listen.kind,
        "at": listen.at,
        "played_ms": listen.played_ms,
        "key": listen.key,
        "names": list(listen.names),
        "artist": None if described is None else described.artist,
        "title": None if described is None else described.title,
        "album": None if described is None else described.album,
        "duration_ms": None if described is None else described.duration_ms,
        "undated_plays": listen.undated_plays,
        "recommendation_id": listen.recommendation_id,
    }


def _to_attach(
    listener: str, listens: Sequence[NewListen], matches: Sequence[Match], new: Mapping[str, int]
) -> Iterator[StoredListen]:
    """Yield the new listens that may follow a recommendation."""
    for listen, found in zip(listens, matches, strict=True):
        if found.track_id is not None and listen.undated_plays is None and found.identity in new:
            yield StoredListen(new[found.identity], listener, found.track_id, listen.at, listen.recommendation_id)


def _places(session: Session, matches: Sequence[Match]) -> Callable[[str | None], str | None]:
    """Return what tells the library of a listen by its track: one of those that the context is limited to."""
    own = tenancy.libraries() or frozenset()
    if len(own) <= 1:
        return lambda _: tenancy.own_library()
    held = libraries_of(session, [found.track_id for found in matches if found.track_id is not None])
    return lambda track_id: next((each for each in held.get(track_id or "", ()) if each in own), tenancy.own_library())


def _store_waiting_names(session: Session, matches: dict[str, Match], new: dict[str, int]) -> None:
    waiting = [
        {"name": name, "listen_id": row_id} for identity, row_id in new.items() for name in matches[identity].waiting
    ]
    if waiting:
        session.execute(insert(WaitingNameRow), waiting)


def _known(session: Session, listener: str, identities: Iterable[str]) -> Iterable[tuple[str, tuple[int, str | None]]]:
    query = select(_STORED.c.identity, _STORED.c.id, followed(_STORED.c.track_id))
    existing = query.where(_STORED.c.listener == listener, _STORED.c.identity.in_(list(identities)))
    return ((identity, (row_id, track_id)) for identity, row_id, track_id in session.execute(existing))


def _stored_before_takeover(
    session: Session, listener: str, listens: Sequence[NewListen], matches: Sequence[Match]
) -> dict[str, tuple[int, str | None]]:
    """Return the stored listens that these repeat under the id of a track that took over meanwhile, by identity."""
    earlier = predecessors_of(session, {found.track_id for found in matches if found.track_id is not None})
    identities = {
        identity_of(listen, gone): found.identity
        for listen, found in zip(listens, matches, strict=True)
        for gone in earlier.get(found.track_id or "", ())
        if listen.key is None
    }
    return {identities[identity]: stored for identity, stored in _known(session, listener, identities)}


def _conditions(wanted: ListenFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kinds:
        conditions.append(ListenRow.kind.in_(wanted.kinds))
    if wanted.dated or wanted.since is not None or wanted.before is not None:
        conditions.append(_IS_DATED)
    if wanted.since is not None:
        conditions.append(ListenRow.at >= wanted.since)
    if wanted.before is not None:
        conditions.append(ListenRow.at < wanted.before)
    if wanted.track_known != TrackKnown.ALL:
        unknown = ListenRow.track_id.is_(None)
        conditions.append(unknown if wanted.track_known == TrackKnown.UNKNOWN else ~unknown)
    return conditions


def _position(cursor: str) -> ColumnElement[Any]:
    at, listen_id = decode_cursor(cursor, str, int)
    try:
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidCursor(cursor) from error
    if not 0 <= listen_id <= LARGEST_ID:
        raise InvalidCursor(cursor)
    return tuple_(literal(moment, ListenRow.at.type), literal(listen_id, ListenRow.id.type))


def _listen(row: ListenRow, track_id: str | None) -> Listen:
    described = None
    if row.artist is not None and row.title is not None:
        described = Description(artist=row.artist, title=row.title, album=row.album, duration_ms=row.duration_ms)
    return Listen(
        id=row.id,
        track_id=track_id,
        names=tuple(row.names),
        described=described,
        kind=EventKind(row.kind),
        at=row.at,
        played_ms=row.played_ms,
        key=row.key,
        undated_plays=row.undated_plays,
        recommendation_id=row.recommendation_id,
    )

"""What listeners did: recorded once, kept until they are forgotten."""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, tuple_
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.matching import Match, lock_matching, match
from services.catalog.tables import ListenRow, WaitingNameRow
from services.domain.errors import InvalidCursor
from services.domain.listening import (
    VERDICTS,
    Description,
    EventKind,
    Listen,
    ListenCounts,
    ListenEvent,
    ListenFilter,
    ListenPage,
    NewListen,
    Recorded,
    Remembered,
    TrackKnown,
)

WEIGHED_EVENTS = 1_000
"""The last events of a listener make the taste: as many as a request's own history may hold."""

LARGEST_ID = 2**63 - 1
"""Of a listen: both databases count so far."""

HEARD_KINDS = (EventKind.PLAY, EventKind.SKIP)
"""Events that mean that a track was on; one can like a track without hearing it."""


class ListenStore:
    """Records, reads and forgets listens. Listeners exist by having some."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, listener: str, listens: Sequence[NewListen]) -> list[Recorded]:
        """Record listens in one transaction, durable when it returns; those that are there already stay as they are.

        A listen of a track that the library does not have is kept, and gets its track when that comes.
        """
        with self._database.write() as session:
            lock_matching(session, alone=False)
            return self._add(session, listener, listens)

    def judge(self, listener: str, verdict: NewListen | None, of: NewListen) -> None:
        """Replace what a listener said of a track, likes and dislikes, by one verdict, or by none.

        The same verdict again changes nothing.
        """
        with self._database.write() as session:
            lock_matching(session, alone=False)
            said = self._likes_and_dislikes(session, listener, of)
            if verdict is not None and any(row.kind == verdict.kind for row in said):
                said = [row for row in said if row.kind != verdict.kind]
                verdict = None
            session.execute(delete(ListenRow).where(ListenRow.id.in_([row.id for row in said])))
            if verdict is not None:
                self._add(session, listener, [verdict])

    def page(
        self,
        listener: str,
        wanted: ListenFilter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> ListenPage:
        """Listens in order of time, newest first.

        Raises:
            InvalidCursor: the cursor was not handed out by this service.
        """
        place = tuple_(ListenRow.at, ListenRow.id)
        query = select(ListenRow).where(ListenRow.listener == listener, *_conditions(wanted or ListenFilter()))
        if cursor is not None:
            query = query.where(place > _place(cursor) if oldest_first else place < _place(cursor))
        order = (ListenRow.at, ListenRow.id) if oldest_first else (ListenRow.at.desc(), ListenRow.id.desc())
        with self._database.read() as session:
            rows = session.scalars(query.order_by(*order).limit(limit + 1)).all()
        shown = rows[:limit]
        return ListenPage(tuple(map(_listen, shown)), _cursor(shown[-1]) if len(rows) > limit else None)

    def remove(self, listener: str, listen_id: int) -> bool:
        """Forget one listen, as if it had never been told; whether there was one."""
        if listen_id > LARGEST_ID:
            return False
        with self._database.write() as session:
            found = delete(ListenRow).where(ListenRow.listener == listener, ListenRow.id == listen_id)
            return bool(session.scalars(found.returning(ListenRow.id)).all())

    def forget(self, listener: str) -> int:
        """Delete everything of a listener; answers how many listens that were."""
        with self._database.write() as session:
            count = session.scalar(select(func.count()).where(ListenRow.listener == listener)) or 0
            session.execute(delete(ListenRow).where(ListenRow.listener == listener))
        self._database.scrub()
        return count

    def count(self, listener: str, wanted: ListenFilter | None = None) -> int:
        """How many listens there are."""
        conditions = (ListenRow.listener == listener, *_conditions(wanted or ListenFilter()))
        with self._database.read() as session:
            return session.scalar(select(func.count()).where(*conditions)) or 0

    def counts(self, listener: str) -> ListenCounts:
        """How much is known of a listener."""
        here = ListenRow.listener == listener
        with self._database.read() as session:
            by_kind = session.execute(select(ListenRow.kind, func.count()).where(here).group_by(ListenRow.kind)).all()
            tracks = session.scalar(select(func.count(ListenRow.track_id.distinct())).where(here))
            unknown = session.scalar(select(func.count()).where(here, ListenRow.track_id.is_(None)))
            ends = [
                session.scalar(select(ListenRow.at).where(here).order_by(order).limit(1))
                for order in (ListenRow.at, ListenRow.at.desc())
            ]
        found = {EventKind(kind): count for kind, count in by_kind}
        return ListenCounts({kind: found.get(kind, 0) for kind in EventKind}, tracks or 0, unknown or 0, *ends)

    def events(self, listener: str) -> tuple[ListenEvent, ...]:
        """The last events of tracks that the library has, newest first."""
        with self._database.read() as session:
            return _events(session, listener)

    def rejected(self, listener: str) -> frozenset[str]:
        """Tracks whose last verdict is a dislike or a ban, of all times."""
        with self._database.read() as session:
            return _rejected(session, listener)

    def remembered(self, listener: str, *, repeat_after: timedelta | None) -> Remembered:
        """What a listener's past means for an answer.

        Args:
            listener: Unknown ones have no past.
            repeat_after: When a track may be answered again after it was heard; None is never.
        """
        lately = () if repeat_after is None else (ListenRow.at >= _ago(repeat_after),)
        heard = (
            select(ListenRow.track_id, func.max(ListenRow.at, type_=ListenRow.at.type))
            .where(
                ListenRow.listener == listener,
                ListenRow.kind.in_(HEARD_KINDS),
                ListenRow.track_id.is_not(None),
                *lately,
            )
            .group_by(ListenRow.track_id)
        )
        with self._database.read() as session:
            return Remembered(
                events=_events(session, listener),
                rejected=_rejected(session, listener),
                heard={track_id: at for track_id, at in session.execute(heard) if track_id is not None},
                may_return=repeat_after is not None,
            )

    def _add(self, session: Session, listener: str, listens: Sequence[NewListen]) -> list[Recorded]:
        matches = match(session, listens)
        rows: dict[str, dict[str, object]] = {}
        for listen, found in zip(listens, matches, strict=True):
            rows.setdefault(found.identity, _row(listener, listen, found))
        inserting = self._database.insert(ListenRow).on_conflict_do_nothing()
        inserted = session.execute(inserting.returning(ListenRow.id, ListenRow.identity), list(rows.values()))
        new = {identity: row_id for row_id, identity in inserted}
        _wait(session, {found.identity: found for found in matches}, new)
        known = dict(_known(session, listener, [identity for identity in rows if identity not in new]))
        answers = []
        for found in matches:
            is_new = found.identity in new
            row_id, track_id = (new.pop(found.identity), found.track_id) if is_new else known[found.identity]
            known[found.identity] = (row_id, track_id)  # told twice in one request: the second is a duplicate
            answers.append(Recorded(row_id, is_new, track_id))
        return answers

    def _likes_and_dislikes(self, session: Session, listener: str, of: NewListen) -> list[ListenRow]:
        [found] = match(session, [of])
        waiting = select(WaitingNameRow.listen_id).where(WaitingNameRow.name.in_(found.waiting))
        same = ListenRow.track_id == found.track_id if found.track_id else ListenRow.id.in_(waiting)
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
    }


def _wait(session: Session, matches: dict[str, Match], new: dict[str, int]) -> None:
    waiting = [
        {"name": name, "listen_id": row_id} for identity, row_id in new.items() for name in matches[identity].waiting
    ]
    if waiting:
        session.execute(insert(WaitingNameRow), waiting)


def _known(session: Session, listener: str, identities: Iterable[str]) -> Iterable[tuple[str, tuple[int, str | None]]]:
    query = select(ListenRow.identity, ListenRow.id, ListenRow.track_id)
    there = query.where(ListenRow.listener == listener, ListenRow.identity.in_(list(identities)))
    return ((identity, (row_id, track_id)) for identity, row_id, track_id in session.execute(there))


def _events(session: Session, listener: str) -> tuple[ListenEvent, ...]:
    query = (
        select(ListenRow.track_id, ListenRow.kind, ListenRow.at, ListenRow.played_ms)
        .where(ListenRow.listener == listener, ListenRow.track_id.is_not(None))
        .order_by(ListenRow.at.desc(), ListenRow.id.desc())
        .limit(WEIGHED_EVENTS)
    )
    rows = session.execute(query)
    return tuple(
        ListenEvent(track_id, EventKind(kind), at, played_ms) for track_id, kind, at, played_ms in rows if track_id
    )


def _rejected(session: Session, listener: str) -> frozenset[str]:
    """Tracks whose last verdict is against them."""
    query = (
        select(ListenRow.track_id, ListenRow.kind)
        .where(ListenRow.listener == listener, ListenRow.kind.in_(VERDICTS), ListenRow.track_id.is_not(None))
        .order_by(ListenRow.at, ListenRow.id)
    )
    last = {track_id: kind for track_id, kind in session.execute(query) if track_id is not None}
    return frozenset(track_id for track_id, kind in last.items() if kind != EventKind.LIKE)


def _conditions(wanted: ListenFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kinds:
        conditions.append(ListenRow.kind.in_(wanted.kinds))
    if wanted.since is not None:
        conditions.append(ListenRow.at >= wanted.since)
    if wanted.before is not None:
        conditions.append(ListenRow.at < wanted.before)
    if wanted.track_known != TrackKnown.ALL:
        unknown = ListenRow.track_id.is_(None)
        conditions.append(unknown if wanted.track_known == TrackKnown.UNKNOWN else ~unknown)
    return conditions


def _ago(time: timedelta) -> datetime:
    try:
        return now() - time
    except OverflowError:  # longer ago than the calendar goes
        return datetime.min.replace(tzinfo=UTC)


def _cursor(row: ListenRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.at.isoformat(), row.id]).encode()).decode()


def _place(cursor: str) -> ColumnElement[Any]:
    try:
        at, listen_id = json.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except (binascii.Error, UnicodeError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InvalidCursor(cursor) from error
    if type(listen_id) is not int or not 0 <= listen_id <= LARGEST_ID:
        raise InvalidCursor(cursor)
    return tuple_(literal(moment, ListenRow.at.type), literal(listen_id, ListenRow.id.type))


def _listen(row: ListenRow) -> Listen:
    described = None
    if row.artist is not None and row.title is not None:
        described = Description(artist=row.artist, title=row.title, album=row.album, duration_ms=row.duration_ms)
    return Listen(
        id=row.id,
        track_id=row.track_id,
        names=tuple(row.names),
        described=described,
        kind=EventKind(row.kind),
        at=row.at,
        played_ms=row.played_ms,
        key=row.key,
    )

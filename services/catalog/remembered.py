"""The part of a listener's stored listens that recommendations use."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from services.catalog.database import now
from services.catalog.ratings import from_tags
from services.catalog.starts import counted_start
from services.catalog.successors import followed
from services.catalog.tables import ListenRow
from services.catalog.tastes import dismissed_tastes, removed_by
from services.domain.listening import VERDICTS, EventKind, ListenEvent, Remembered, RememberedAt

WEIGHED_EVENTS = 1_000
"""The maximum number of latest events that a taste is made from; the same as in the history of a request."""

HEARD_KINDS = (EventKind.PLAY, EventKind.SKIP, EventKind.LIKE)
"""Events after which a track is held back: a listener who likes a track has heard it, also if no play was reported."""

REJECTING_KINDS = (EventKind.DISLIKE, EventKind.BAN)
"""Events that count even if the listener removed the track from the tastes."""

_SUBJECT = followed(ListenRow.track_id)
"""The track of a listen, or the one that took over from it."""

Conditions = Sequence[ColumnElement[bool]]


def read_remembered(
    session: Session, listener: str, repeat_after: timedelta | None, as_of: RememberedAt | None
) -> Remembered:
    """Return the history of a listener; with `as_of`, without the listens that were stored later."""
    last = session.scalar(select(func.max(ListenRow.id))) or 0
    read = as_of or RememberedAt(listener, last, repeat_after, now())
    own = _own(listener) if as_of is None else (*_own(listener), ListenRow.id <= as_of.last_listen)
    return Remembered(
        events=_events(session, listener, own),
        rejected=_rejected(session, own),
        heard=_heard(session, own, None if repeat_after is None else _before(read.at, repeat_after)),
        may_return=repeat_after is not None,
        start=counted_start(session, listener),
        dismissed=dismissed_tastes(session, listener),
        read=read,
    )


def rejected_by(session: Session, listener: str) -> frozenset[str]:
    """Return the tracks whose latest verdict is a dislike or a ban."""
    return _rejected(session, _own(listener))


def _own(listener: str) -> Conditions:
    return (ListenRow.listener == listener, ListenRow.track_id.is_not(None))


def _events(session: Session, listener: str, own: Conditions) -> tuple[ListenEvent, ...]:
    counts = or_(ListenRow.kind.in_(REJECTING_KINDS), _SUBJECT.not_in(removed_by(listener)))
    query = (
        select(_SUBJECT, ListenRow.kind, ListenRow.at, ListenRow.played_ms, ListenRow.undated_plays)
        .where(*own, counts)
        .order_by(ListenRow.at.desc(), ListenRow.undated_plays.desc(), ListenRow.id.desc())
        .limit(WEIGHED_EVENTS)
    )
    rows = session.execute(query)
    return tuple(ListenEvent(track_id, EventKind(kind), *more) for track_id, kind, *more in rows)


def _heard(session: Session, own: Conditions, since: datetime | None) -> dict[str, datetime]:
    """Return the tracks that were heard since this time, or ever, each with the last time."""
    query = (
        select(_SUBJECT, func.max(ListenRow.at, type_=ListenRow.at.type))
        .where(
            *own, ListenRow.kind.in_(HEARD_KINDS), ~from_tags(), *(() if since is None else (ListenRow.at >= since,))
        )
        .group_by(_SUBJECT)
    )
    return {track_id: at for track_id, at in session.execute(query)}  # noqa: C416  rows are no pairs to mypy


def _rejected(session: Session, own: Conditions) -> frozenset[str]:
    query = (
        select(_SUBJECT, ListenRow.kind).where(*own, ListenRow.kind.in_(VERDICTS)).order_by(ListenRow.at, ListenRow.id)
    )
    last = {track_id: kind for track_id, kind in session.execute(query)}  # noqa: C416  rows are no pairs to mypy
    return frozenset(track_id for track_id, kind in last.items() if kind != EventKind.LIKE)


def _before(moment: datetime, time: timedelta) -> datetime:
    try:
        return moment - time
    except OverflowError:  # before the year 1
        return datetime.min.replace(tzinfo=UTC)

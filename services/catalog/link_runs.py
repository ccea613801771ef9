"""Repeated work with linked servers: when it is due, and which process does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update

from services.catalog.database import Database, now
from services.catalog.tables import LinkRow, LinkRunRow
from services.domain.errors import AlreadyRunning, SegueError
from services.domain.links import LinkRun, LinkWork

# A push of many playlists to a slow server takes minutes.
LEASE = timedelta(minutes=30)

RETRY_AFTER = timedelta(hours=1)
"""Time after which work that failed is due again."""


class LinkRunStore:
    """Claims, ends and finds repeated work with linked servers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def running(self, link: str, work: LinkWork) -> Iterator[None]:
        """Claim work for this process while the context lasts, and store how it ended.

        Raises:
            AlreadyRunning: another process does it.
        """
        claim = self._begin(link, work)
        if claim is None:
            raise AlreadyRunning(f"Another process does this for '{link}' at the moment. Try again later.")
        failure: str | None = "It was stopped."
        try:
            yield
            failure = None
        except SegueError as error:
            failure = error.detail
            raise
        finally:
            self._end(link, work, claim, failure)

    def _begin(self, link: str, work: LinkWork) -> datetime | None:
        new = self._database.insert(LinkRunRow).values(link=link, work=work).on_conflict_do_nothing()
        is_free = or_(LinkRunRow.running_until.is_(None), LinkRunRow.running_until < now())
        until = now() + LEASE
        with self._database.write() as session:
            session.execute(new)
            claim = update(LinkRunRow).where(*_is(link, work), is_free).values(running_until=until)
            return until if session.execute(claim.returning(LinkRunRow.link)).all() else None

    def _end(self, link: str, work: LinkWork, claim: datetime, failure: str | None) -> None:
        ended = {"ended_at": now(), "failed_at": None} if failure is None else {"failed_at": now()}
        with self._database.write() as session:
            changes = {"running_until": None, "failure": failure, **ended}
            ours = *_is(link, work), LinkRunRow.running_until == claim
            session.execute(update(LinkRunRow).where(*ours).values(changes))

    def due(self, work: LinkWork, every: timedelta, *, begun: bool = False) -> list[str]:
        """Return the links whose work is due, by name; with `begun`, only those that had a run before.

        Work that failed is due after `RETRY_AFTER`, or after `every` if that is less.
        """
        moment = now()
        is_old = or_(LinkRunRow.ended_at.is_(None), LinkRunRow.ended_at <= moment - every)
        may_try = or_(LinkRunRow.failed_at.is_(None), LinkRunRow.failed_at <= moment - min(every, RETRY_AFTER))
        runs = (LinkRunRow.link == LinkRow.name) & (LinkRunRow.work == work)
        query = select(LinkRow.name).join(LinkRunRow, runs, isouter=not begun).where(is_old, may_try)
        with self._database.read() as session:
            return list(session.scalars(query.order_by(LinkRow.name)))

    def find(self, link: str, work: LinkWork) -> LinkRun | None:
        """Return the last run; None if there was none."""
        with self._database.read() as session:
            row = session.get(LinkRunRow, (link, work))
            return None if row is None else LinkRun(row.ended_at, row.failure)

    def stop(self, link: str, work: LinkWork) -> bool:
        """Do not repeat work any more, and return whether it was repeated."""
        with self._database.write() as session:
            return bool(session.execute(delete(LinkRunRow).where(*_is(link, work)).returning(LinkRunRow.link)).all())


def _is(link: str, work: LinkWork) -> tuple[ColumnElement[bool], ...]:
    return LinkRunRow.link == link, LinkRunRow.work == work

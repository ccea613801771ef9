"""What is stored of a listener, in all tables, and how it is deleted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.catalog.database import Database
from services.catalog.forgotten import lock_forgetting, note_forgotten
from services.catalog.keys import InstallationStore
from services.catalog.tables import (
    AccountRow,
    AnnotationRow,
    AnswerRow,
    ApiKeyRow,
    ComparisonRow,
    IdempotencyRow,
    LibraryMemberRow,
    LinkRow,
    ListenerLibraryRow,
    ListenRow,
    PersonRow,
    PlaylistRow,
    PlayQueueRow,
    RadioRow,
    RemovedTrackRow,
    StartRow,
    TasteRow,
)

Listener = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]

HISTORY: tuple[Listener, ...] = (
    *(ListenRow.listener, StartRow.listener, TasteRow.listener, RemovedTrackRow.listener, AnnotationRow.listener),
    *(PlaylistRow.owner, PlayQueueRow.listener, RadioRow.listener, IdempotencyRow.listener, AnswerRow.listener),
    ComparisonRow.listener,
)
"""The columns that name a listener in rows of what they heard and chose. Rows that refer to these go with them."""

IDENTITY: tuple[Listener, ...] = (
    *(AccountRow.listener, PersonRow.listener, LibraryMemberRow.listener, ListenerLibraryRow.listener),
    LinkRow.listener,
)
"""The columns that name a listener in rows of how they sign in, what they may use, and whose linked server it is."""


class ListenerStore:
    """Counts and deletes what is stored of a listener."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def traces(self, listener: str) -> dict[str, int]:
        """Return the number of rows that name a listener in each table; tables without one are left out."""
        with self._database.read() as session:
            found = {
                column.class_.__tablename__: session.scalar(select(func.count()).where(column == listener)) or 0
                for column in (*HISTORY, *IDENTITY)
            }
            found[ApiKeyRow.__tablename__] = len(_keys(session, listener))
        return {table: count for table, count in found.items() if count}

    def forget_history(self, listener: str) -> int:
        """Delete what a listener heard and chose, and return the number of listens.

        The account, the person, the memberships, the keys and the linked servers of the listener stay.
        """
        with self._forgetting(listener) as session:
            deleted = _delete(session, listener, HISTORY)
        self._database.scrub()
        return deleted[ListenRow.__tablename__]

    def forget(self, listener: str) -> dict[str, int]:
        """Delete all that is stored of a listener, and return what `traces` returned before.

        A key that is bound to other listeners too stays, for these. Remove the linked servers of the listener before:
        what was downloaded from them is not the listener's alone.
        """
        with self._forgetting(listener) as session:
            deleted = dict(_delete(session, listener, (*HISTORY, *IDENTITY)))
            keys = _keys(session, listener)
            for key in keys:
                others = [each for each in key.listeners or () if each != listener]
                if others:
                    key.listeners = others
                else:
                    session.delete(key)
        self._database.scrub()
        found = deleted | {ApiKeyRow.__tablename__: len(keys)}
        return {table: count for table, count in found.items() if count}

    @contextmanager
    def _forgetting(self, listener: str) -> Iterator[Session]:
        """Open a transaction after which no process stores an answer that was given to the listener before."""
        secret = InstallationStore(self._database).signing_secret()
        with self._database.write() as session:
            lock_forgetting(session, alone=True)
            note_forgotten(session, listener, secret)
            yield session


def _delete(session: Session, listener: str, columns: Sequence[Listener]) -> Mapping[str, int]:
    """Delete the rows that name a listener in these columns, and return their number by table."""
    return {
        column.class_.__tablename__: cast(
            "CursorResult[Any]", session.execute(delete(column.class_).where(column == listener))
        ).rowcount
        for column in columns
    }


def _keys(session: Session, listener: str) -> list[ApiKeyRow]:
    bound = session.scalars(select(ApiKeyRow).where(ApiKeyRow.listeners.is_not(None)))
    return [row for row in bound if listener in (row.listeners or ())]

"""Accounts of listeners, with their passwords."""

from sqlalchemy import delete, select, update

from services.catalog.database import Database, is_storable, now
from services.catalog.tables import AccountRow
from services.domain.accounts import Account
from services.domain.errors import AccountExists, AccountNotFound


class AccountStore:
    """Stores the accounts. A listener has at most one, and needs none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, listener: str, password: str) -> None:
        """Create an account.

        Raises:
            AccountExists: the listener has one.
        """
        adding = self._database.insert(AccountRow).values(listener=listener, password=password, created_at=now())
        with self._database.write() as session:
            new = session.scalars(adding.on_conflict_do_nothing().returning(AccountRow.listener)).all()
        if not new:
            raise AccountExists(listener)

    def password(self, listener: str) -> str | None:
        """Return the password of an account; None if the listener has none."""
        if not is_storable(listener):
            return None
        with self._database.read() as session:
            return session.scalar(select(AccountRow.password).where(AccountRow.listener == listener))

    def change(self, listener: str, password: str) -> None:
        """Replace the password of an account.

        Raises:
            AccountNotFound: the listener has no account.
        """
        changing = update(AccountRow).where(AccountRow.listener == listener).values(password=password)
        with self._database.write() as session:
            changed = session.scalars(changing.returning(AccountRow.listener)).all()
        if not changed:
            raise AccountNotFound(listener)
        self._database.scrub()

    def all(self) -> list[Account]:
        """Return all accounts, by name."""
        with self._database.read() as session:
            rows = session.execute(select(AccountRow.listener, AccountRow.created_at))
            found = [Account(listener, created_at) for listener, created_at in rows]
        return sorted(found, key=lambda account: (account.listener.casefold(), account.listener))

    def remove(self, listener: str) -> None:
        """Delete an account. What is stored of the listener stays.

        Raises:
            AccountNotFound: the listener has no account.
        """
        with self._database.write() as session:
            removing = delete(AccountRow).where(AccountRow.listener == listener)
            removed = session.scalars(removing.returning(AccountRow.listener)).all()
        if not removed:
            raise AccountNotFound(listener)
        self._database.scrub()

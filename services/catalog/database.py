"""The connection to the catalogue's database and its transactions."""

import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import BindParameter, Connection, Engine, Select, bindparam, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from services.catalog.tables import Table
from services.circuit import Circuit, CircuitOpen
from services.domain.errors import CatalogueUnavailable, StorageFull

# SQLite takes 32,766 parameters in a statement; this stays below it and below PostgreSQL's planner's comfort.
IDS_PER_STATEMENT = 5000

IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""Stands in a statement for the ids that `rows_of` puts there."""


def rows_of(database: Session | Connection, statement: Select[Any], ids: Collection[str]) -> list[Any]:
    """The rows of a statement with `IDS` in it; the database is not asked where there are no ids."""
    return [row for chunk in chunks(list(ids)) for row in database.execute(statement, {IDS.key: chunk}).all()]


def chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """The ids in pieces that a statement takes."""
    return (ids[start : start + IDS_PER_STATEMENT] for start in range(0, len(ids), IDS_PER_STATEMENT))


MIGRATIONS = Path(__file__).parent / "migrations"

# How long one statement may take where a client waits for it: with a new connection on top still under 3 s.
REQUEST_SECONDS = 1.8
# How long in a worker and on the command line. Writers on SQLite wait for one another, a scan's transactions last
# milliseconds; PostgreSQL may have to read a whole library.
BACKGROUND_SECONDS = 30.0
SQLITE_BACKGROUND_SECONDS = 15.0
# For the first in this process's own queue of writers to get the lock of the file, which another process holds then: a
# share of the time, because the last in the queue has waited for the first already.
SQLITE_BUSY_SHARE = 0.5
# The server gives up a little before this side does: then its connection need not be closed.
SERVER_SHARE = 0.9

# Both engines hide parameters: they hold what people listen to, and no error message, and so no log, may quote them.

# PostgreSQL's class of "no space, no memory, no connection left"; this one is the disk.
POSTGRES_DISK_FULL = "53100"


class Database:
    """An engine and the two kinds of transaction that the stores use."""

    def __init__(self, url: str, patience: float | None = None) -> None:
        """`patience`: seconds that one statement may take, if someone waits for the answer."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, patience) if self.is_sqlite else _postgres_engine(url, patience)
        # SQLite is part of this process: there is nobody who could be away.
        self._circuit = None if self.is_sqlite else Circuit(_is_gone)
        # SQLite's writers take turns by trying now and then, and who is unlucky waits for ever. Threads queue up here.
        self._writing = threading.Lock() if self.is_sqlite else None
        self._turn_seconds = SQLITE_BACKGROUND_SECONDS if patience is None else patience

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; writes nothing.

        Raises:
            CatalogueUnavailable: the database does not answer.
        """
        with self._transaction(writes=False) as session:
            yield session

    @contextmanager
    def columns(self) -> Iterator[Connection]:
        """The same view past the object-relational mapper, whose bookkeeping takes longer than short reads do.

        Raises:
            CatalogueUnavailable: the database does not answer.
        """
        with self._connected(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed when the block ends and durable then.

        Raises:
            CatalogueUnavailable: the database does not answer or is locked.
            StorageFull: its disk is full.
        """
        with self._transaction(writes=True) as session:
            yield session

    def check(self) -> None:
        """Find out whether it takes writes.

        Raises:
            CatalogueUnavailable: it does not answer, is locked or read-only.
        """
        question = "SELECT 'off'" if self.is_sqlite else "SHOW transaction_read_only"
        with self.write() as session:  # on SQLite it begins, as a writer does, with the first statement
            if session.connection().exec_driver_sql(question).scalar() != "off":
                raise CatalogueUnavailable("The catalogue's database is read-only.")

    def insert(self, table: type[Table]) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT, which SQLAlchemy has per dialect."""
        if self.is_sqlite:
            return sqlite.insert(table)
        return postgresql.insert(table)

    def migrate(self) -> None:
        """Bring the schema up to date; safe to call from several processes."""
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _translated(), self.engine.connect().execution_options(writes=True) as connection:
            wait_patiently(connection)
            upgrade(connection)
            connection.commit()

    def translated(self) -> AbstractContextManager[None]:
        """Around work on the engine itself: what the driver says becomes `CatalogueUnavailable` or `StorageFull`."""
        return _translated()

    def scrub(self) -> None:
        """Have SQLite drop old pages from its write-ahead log, so that what was deleted is in no file any more."""
        if self.engine.dialect.name == "sqlite":
            with _translated(), self.engine.connect() as connection:
                # Beside SQLAlchemy's transaction: a checkpoint runs in none.
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Session]:
        with self._connected(writes=writes) as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[Connection]:
        with (
            _translated(),
            nullcontext() if self._circuit is None else self._circuit.call(),
            self._turn() if writes else nullcontext(),
            _connecting(),
            self.engine.connect().execution_options(writes=writes) as connection,
        ):
            yield connection
            connection.commit()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._writing is None:  # PostgreSQL's writers wait for rows only
            yield
            return
        if not self._writing.acquire(timeout=self._turn_seconds):
            raise CatalogueUnavailable("The catalogue does not answer: many write to it at once.")
        try:
            yield
        finally:
            self._writing.release()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema that a connection sees to a revision, in the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except CircuitOpen as error:
        raise CatalogueUnavailable(f"The catalogue does not answer: {error}") from error
    except (OperationalError, InternalError, InterfaceError, PoolTimeout) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if _is_full(cause):
            raise StorageFull(f"The catalogue's disk is full: {cause}") from error
        raise CatalogueUnavailable(f"The catalogue does not answer: {cause}") from error


def _is_full(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == POSTGRES_DISK_FULL


def _is_gone(error: Exception) -> bool:
    from services.catalog.postgres import is_gone  # noqa: PLC0415  an optional package

    return isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and is_gone(error.orig))


def _sqlite_engine(url: str, patience: float | None) -> Engine:
    busy = SQLITE_BACKGROUND_SECONDS if patience is None else patience * SQLITE_BUSY_SHARE
    engine = create_engine(url, connect_args={"timeout": busy, "check_same_thread": False}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres_engine(url: str, patience: float | None) -> Engine:
    from services.catalog.postgres import CONNECT_SECONDS, DeadlineConnection  # noqa: PLC0415  an optional package

    seconds = patience or BACKGROUND_SECONDS
    timeouts = f"-c statement_timeout={int(1000 * SERVER_SHARE * seconds)}"
    # Asked for under a name, so that whoever looks at the server, `segue restore` for one, knows who is there.
    arguments = {"connect_timeout": CONNECT_SECONDS, "options": timeouts, "application_name": "segue"}
    engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_timeout=seconds, hide_parameters=True)

    def connect(_dialect: object, _record: object, positional: tuple[Any, ...], named: dict[str, Any]) -> object:
        now = time.monotonic()
        if now - getattr(_begun, "at", now) >= SERVER_SHARE * seconds:
            # The wait for a pooled connection that turned out dead has used the time up.
            raise engine.dialect.loaded_dbapi.OperationalError("the server did not answer on an open connection")
        made = DeadlineConnection.connect(*positional, **named)
        made.deadline_seconds = seconds
        return made

    event.listen(engine, "do_connect", connect)
    return engine


_begun = threading.local()
"""When this thread began to get itself a connection."""


@contextmanager
def _connecting() -> Iterator[None]:
    _begun.at = time.monotonic()
    try:
        yield
    finally:
        del _begun.at


def wait_patiently(connection: Connection) -> None:
    """Let a migration take its time; the connection does not go back to the pool."""
    connection.detach()
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        driver.execute(f"PRAGMA busy_timeout = {int(1000 * SQLITE_BACKGROUND_SECONDS)}")
    else:
        driver.deadline_seconds = None
        connection.exec_driver_sql("SET statement_timeout = 0")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    for pragma in (
        "journal_mode = WAL",  # readers never wait for a writer
        "synchronous = FULL",  # what was committed survives a power cut
        "foreign_keys = ON",
        "secure_delete = ON",  # what a listener has deleted is overwritten, not only unlinked
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:  # noqa: ANN401  SQLAlchemy's event hands over its Connection
    # A deferred transaction that turns into a writer fails at once when another writes; an immediate one waits.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)

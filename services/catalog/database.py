"""The catalogue's database: transactions, migrations, batches of rows and page cursors."""

import base64
import binascii
import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Engine, Executable, bindparam, func, inspect, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from services.catalog import tenancy
from services.catalog.engines import (
    SQLITE_BACKGROUND_SECONDS,
    begin_sqlite,
    connecting,
    postgres_engine,
    remove_timeouts,
    sqlite_engine,
)
from services.catalog.limited_engines import LimitedEngines
from services.catalog.tables import Table
from services.circuit import Circuit, CircuitOpen
from services.domain.errors import CatalogueUnavailable, InvalidCursor, StorageFull

Item = TypeVar("Item")

# SQLite accepts 32,766 parameters in a statement, and PostgreSQL plans longer lists slowly.
IDS_PER_STATEMENT = 5000

# Rows of several columns each, so that the parameters of a statement stay below the same limit.
ROWS_PER_STATEMENT = 1000


class _Ids(BindParameter[Any]):
    """A list of ids; for SQLite one parameter, because writing a statement with hundreds takes longer than its rows."""

    inherit_cache = True


@compiles(_Ids, "sqlite")
def _as_json(element: _Ids, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
    return f"(SELECT value FROM {compiler.process(func.json_each(bindparam(element.key)), **options)})"  # noqa: S608  no input


IDS = _Ids("ids", expanding=True)
"""The parameter that `rows_of` sets to a batch of ids."""


def rows_of(database: Session | Connection, statement: Executable, ids: Collection[str] | Collection[int]) -> list[Any]:
    """Execute a statement with the parameter `IDS` for all ids, in batches, and return the rows."""
    connection = database.connection() if isinstance(database, Session) else database
    encode = json.dumps if connection.dialect.name == "sqlite" else list
    batches = batched(ids, IDS_PER_STATEMENT)
    return [row for batch in batches for row in database.execute(statement, {IDS.key: encode(batch)}).all()]


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Split items into lists of `size` items; the last may be shorter."""
    remaining = iter(items)  # `itertools.batched` needs Python 3.12
    while batch := list(islice(remaining, size)):
        yield batch


def encode_cursor(*position: str | int) -> str:
    """Return the cursor of the page after the row at this position."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def decode_cursor(cursor: str, *types: type[str | int]) -> list[Any]:
    """Return the position that a cursor encodes: one value of each type.

    Raises:
        InvalidCursor: this service did not create the cursor.
    """
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, UnicodeError, ValueError, TypeError, RecursionError) as error:
        raise InvalidCursor(cursor) from error
    if not isinstance(position, list) or [type(value) for value in position] != list(types):
        raise InvalidCursor(cursor)
    if not all(is_storable(value) for value in position if isinstance(value, str)):
        raise InvalidCursor(cursor)
    return position


def is_storable(text: str) -> bool:
    """Whether the databases accept a text: PostgreSQL refuses NUL, and UTF-8 has no surrogates."""
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


MIGRATIONS = Path(__file__).parent / "migrations"

# SQLSTATE disk_full
POSTGRES_DISK_FULL = "53100"


_shared: ContextVar[Connection | None] = ContextVar("shared", default=None)
"""The connection of `Database.shared_reads`."""


class Database:
    """An engine, and the transactions that the stores use."""

    def __init__(self, url: str, timeout: float | None = None) -> None:
        """Create the engine; `timeout` is the timeout of a statement in seconds, None that of background work."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = sqlite_engine(url, timeout) if self.is_sqlite else postgres_engine(url, timeout)
        # SQLite runs in this process and cannot be unavailable.
        self._circuit = None if self.is_sqlite else Circuit(_is_gone)
        # SQLite's writers poll for the lock in no order. A lock of this process lets its threads wait in turn.
        self._writing = threading.Lock() if self.is_sqlite else None
        self._turn_seconds = SQLITE_BACKGROUND_SECONDS if timeout is None else timeout
        self._limited = LimitedEngines(self.engine, begin_sqlite if self.is_sqlite else None)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read-only transaction.

        Raises:
            CatalogueUnavailable: the database does not respond.
        """
        with self._transaction(writes=False) as session:
            yield session

    @contextmanager
    def columns(self) -> Iterator[Connection]:
        """Open a read-only transaction without the object-relational mapper, which is slow for short reads.

        Raises:
            CatalogueUnavailable: the database does not respond.
        """
        shared = _shared.get()
        if shared is not None and shared.engine is self._engine():
            yield shared
            return
        with self._connected(writes=False) as connection:
            yield connection

    @contextmanager
    def shared_reads(self) -> Iterator[None]:
        """Let all `columns` of a block share one transaction, which takes less time than one each.

        Raises:
            CatalogueUnavailable: the database does not respond.
        """
        with self.columns() as connection:
            before = _shared.set(connection)
            try:
                yield
            finally:
                _shared.reset(before)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a read-only transaction in which all statements see the same state of the database.

        Raises:
            CatalogueUnavailable: the database does not respond.
        """
        with self._connected(writes=False, is_snapshot=True) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that is committed, and durable, when the block ends.

        Raises:
            CatalogueUnavailable: the database does not respond or is locked.
            StorageFull: its disk is full.
        """
        with self._transaction(writes=True) as session:
            yield session

    def check(self) -> None:
        """Check that the database accepts writes.

        Raises:
            CatalogueUnavailable: it does not respond, is locked or is read-only.
        """
        question = "SELECT 'off'" if self.is_sqlite else "SHOW transaction_read_only"
        with self.write() as session:  # on SQLite the first statement takes the write lock
            if session.connection().exec_driver_sql(question).scalar() != "off":
                raise CatalogueUnavailable("The catalogue's database is read-only.")

    def insert(self, table: type[Table]) -> postgresql.Insert | sqlite.Insert:
        """Return the INSERT of the dialect, which supports ON CONFLICT."""
        if self.is_sqlite:
            return sqlite.insert(table)
        return postgresql.insert(table)

    def migrate(self) -> None:
        """Migrate the schema to the latest revision; several processes may call this at once."""
        if self.is_sqlite and self.url.database:
            _make_private(Path(self.url.database))
        with _translated(), self.engine.connect().execution_options(writes=True) as connection:
            remove_timeouts(connection)
            if not _is_current(connection):
                upgrade(connection)
            connection.commit()

    def translated(self) -> AbstractContextManager[None]:
        """Translate errors of the driver to `CatalogueUnavailable` and `StorageFull`, for code that uses the engine."""
        return _translated()

    def scrub(self) -> None:
        """Truncate SQLite's write-ahead log, so that no file contains deleted data."""
        if self.engine.dialect.name == "sqlite":
            with _translated(), self.engine.connect() as connection:
                # On the driver's cursor: a checkpoint cannot run in SQLAlchemy's transaction.
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Session]:
        with self._connected(writes=writes) as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def _connected(self, *, writes: bool, is_snapshot: bool = False) -> Iterator[Connection]:
        # SQLite's transactions are snapshots.
        isolation = {"isolation_level": "REPEATABLE READ"} if is_snapshot and not self.is_sqlite else {}
        with (
            _translated(),
            nullcontext() if self._circuit is None else self._circuit.call(),
            self._turn() if writes else nullcontext(),
            connecting(),
            self._engine().connect().execution_options(writes=writes, **isolation) as connection,
        ):
            yield connection
            connection.commit()

    def _engine(self) -> Engine:
        """Return the engine whose statements are limited as this context is. All have the same connections."""
        libraries = tenancy.libraries()
        return self.engine if libraries is None else self._limited.of(libraries)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._writing is None:  # PostgreSQL locks rows
            yield
            return
        if not self._writing.acquire(timeout=self._turn_seconds):
            raise CatalogueUnavailable("The catalogue is busy: too many writes at once.")
        try:
            yield
        finally:
            self._writing.release()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate the schema to a revision, in the connection's transaction."""
    from alembic import command  # noqa: PLC0415  see `_is_current`
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _is_current(connection: Connection) -> bool:
    """Return whether the schema has the latest revision, without Alembic, which takes 11 MB of memory.

    A later revision counts too: this code runs on the schema of the next release, whose migrations only add to it.
    """
    latest = max(each.name for each in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found is not None and str(found) >= latest


def _make_private(file: Path) -> None:
    """Create the file of SQLite for its owner only, because it holds passwords. SQLite gives its logs the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(OSError):  # SQLite has better messages
        file.touch(mode=0o600)
    for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        with suppress(OSError):  # it does not exist, or it belongs to another user
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except CircuitOpen as error:
        raise CatalogueUnavailable(f"The catalogue does not respond: {error}") from error
    except (OperationalError, InternalError, InterfaceError, PoolTimeout) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if _is_full(cause):
            raise StorageFull(f"The catalogue's disk is full: {cause}") from error
        raise CatalogueUnavailable(f"The catalogue does not respond: {cause}") from error


def _is_full(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == POSTGRES_DISK_FULL


def _is_gone(error: Exception) -> bool:
    from services.catalog.postgres import is_gone  # noqa: PLC0415  an optional package

    return isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and is_gone(error.orig))


def now() -> datetime:
    """Return the current time, aware."""
    return datetime.now(UTC)

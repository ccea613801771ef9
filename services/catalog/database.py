"""The connection to the catalogue's database and its transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from services.catalog.tables import Table
from services.domain.errors import CatalogueUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"

# Writers on SQLite wait for one another; a scan's transactions last milliseconds, so this is ample.
SQLITE_BUSY_SECONDS = 15
# A stopped PostgreSQL must cost a request seconds, not minutes.
POSTGRES_TIMEOUT_SECONDS = 3

_CONNECT_ARGS: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False},
    "postgresql": {
        "connect_timeout": POSTGRES_TIMEOUT_SECONDS,
        "options": f"-c statement_timeout={POSTGRES_TIMEOUT_SECONDS * 10_000}",
        "tcp_user_timeout": POSTGRES_TIMEOUT_SECONDS * 1000,
    },
}


class Database:
    """An engine and the two kinds of transaction that the stores use."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = _engine(url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; writes nothing.

        Raises:
            CatalogueUnavailable: the database does not answer.
        """
        with self._transaction(writes=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed when the block ends and durable then.

        Raises:
            CatalogueUnavailable: the database does not answer, is locked or its disk is full.
        """
        with self._transaction(writes=True) as session:
            yield session

    def insert(self, table: type[Table]) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT, which SQLAlchemy has per dialect."""
        if self.engine.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def migrate(self) -> None:
        """Bring the schema up to date; safe to call from several processes."""
        if self.engine.dialect.name == "sqlite" and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with _translated(), self.engine.connect().execution_options(writes=True) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

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
        with (
            _translated(),
            self.engine.connect().execution_options(writes=writes) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session
            session.commit()
            connection.commit()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise CatalogueUnavailable(f"The catalogue does not answer: {cause}") from error


def _engine(url: str) -> Engine:
    backend = make_url(url).get_backend_name()
    pool = {} if backend == "sqlite" else {"pool_pre_ping": True, "pool_timeout": POSTGRES_TIMEOUT_SECONDS}
    # Parameters hold what people listen to: no error message, and so no log, may quote them.
    engine = create_engine(url, connect_args=_CONNECT_ARGS.get(backend, {}), hide_parameters=True, **pool)
    if backend == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


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

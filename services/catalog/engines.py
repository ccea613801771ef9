"""The engines of SQLite and PostgreSQL, with the timeouts of their statements.

Both hide parameters: error messages and logs must not contain what people listen to.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

# Timeout of a statement while a client waits. With a new connection the total stays below 3 s.
REQUEST_SECONDS = 1.8
# Timeouts of a statement in a worker and on the command line. SQLite's writers wait for each other, and a transaction
# of a scan takes milliseconds; PostgreSQL may have to read a whole library.
BACKGROUND_SECONDS = 30.0
SQLITE_BACKGROUND_SECONDS = 15.0
# The share of the timeout for which SQLite waits for the lock of the file, held by another process. Before that, the
# writer may have waited for other threads of this process.
SQLITE_BUSY_SHARE = 0.5
# The server times out before the client does, so that the connection can be used again.
SERVER_SHARE = 0.9


def sqlite_engine(url: str, timeout: float | None) -> Engine:
    """Return an engine for SQLite; `timeout` is the timeout of a statement in seconds, None that of background work."""
    busy = SQLITE_BACKGROUND_SECONDS if timeout is None else timeout * SQLITE_BUSY_SHARE
    engine = create_engine(url, connect_args={"timeout": busy, "check_same_thread": False}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", begin_sqlite)
    return engine


def postgres_engine(url: str, timeout: float | None) -> Engine:
    """Return an engine for PostgreSQL; `timeout` is as in `sqlite_engine`. Connect inside `connecting`."""
    from services.catalog.postgres import CONNECT_SECONDS, DeadlineConnection  # noqa: PLC0415  an optional package

    seconds = timeout or BACKGROUND_SECONDS
    timeouts = f"-c statement_timeout={int(1000 * SERVER_SHARE * seconds)}"
    # The name shows in pg_stat_activity, where `segue restore` looks for open connections.
    arguments = {"connect_timeout": CONNECT_SECONDS, "options": timeouts, "application_name": "segue"}
    engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_timeout=seconds, hide_parameters=True)

    def connect(_dialect: object, _record: object, positional: tuple[Any, ...], named: dict[str, Any]) -> object:
        now = time.monotonic()
        if now - getattr(_begun, "at", now) >= SERVER_SHARE * seconds:
            # Waiting for a pooled connection that turned out to be dead took all of the time.
            raise engine.dialect.loaded_dbapi.OperationalError("the server did not respond on an open connection")
        made = DeadlineConnection.connect(*positional, **named)
        made.deadline_seconds = seconds
        return made

    event.listen(engine, "do_connect", connect)
    return engine


_begun = threading.local()
"""The time at which this thread started to connect."""


@contextmanager
def connecting() -> Iterator[None]:
    """Count the time from here for the timeout of a connection of this thread."""
    _begun.at = time.monotonic()
    try:
        yield
    finally:
        _begun.__dict__.pop("at", None)  # another transaction of this thread may have ended inside of this one


def remove_timeouts(connection: Connection) -> None:
    """Remove the timeouts of a connection, for a migration; the connection does not return to the pool."""
    connection.detach()
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        driver.execute(f"PRAGMA busy_timeout = {int(1000 * SQLITE_BACKGROUND_SECONDS)}")
    else:
        driver.deadline_seconds = None
        connection.exec_driver_sql("SET statement_timeout = 0")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # `begin_sqlite` begins transactions
    for pragma in (
        "journal_mode = WAL",  # readers never wait for a writer
        "synchronous = FULL",  # committed data survives a power failure
        "foreign_keys = ON",
        "secure_delete = ON",  # deleted data is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}")


def begin_sqlite(connection: Any) -> None:  # noqa: ANN401  SQLAlchemy's event passes a Connection
    """Begin a transaction of SQLite, which takes the lock for writing at once if the connection `writes`."""
    # A deferred transaction fails at its first write if another connection writes; an immediate one waits.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

"""What `segue doctor` checks on the servers that Segue uses: the broker, PostgreSQL, and the clocks of both."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from services.catalog.database import Database
from services.settings import Settings
from services.tasks.queue import open_queue

# Leases, schedules and listens of other machines are compared with the clock of this one.
CLOCK_TOLERANCE_SECONDS = 5.0
# The oldest versions that are corrected, and that tests have run with.
OLDEST_BROKER = (6, 2)
OLDEST_POSTGRES = 14
# The first version that stores the version of a database's collation.
RECORDS_COLLATIONS = 15


def broker(settings: Settings) -> Iterator[str]:
    """Check that the broker keeps its messages, also over a restart, and that its clock is right."""
    if settings.redis_url is None:
        return
    with open_queue(settings).connection() as redis:
        info = redis.info()
        seconds, _ = redis.time()
        now = time.time()
    yield from broker_problems(info)
    yield from clock_problems("the broker", float(seconds), now)


def broker_problems(info: Mapping[str, Any]) -> Iterator[str]:
    """Judge the broker by its answer to `INFO`."""
    version = str(info["redis_version"])
    if tuple(map(int, version.split(".")[:2])) < OLDEST_BROKER:
        yield f"version {version} is too old; Segue needs {'.'.join(map(str, OLDEST_BROKER))}"
    if (policy := info.get("maxmemory_policy", "noeviction")) != "noeviction":
        yield f"maxmemory-policy is {policy}, which deletes waiting tasks; set it to noeviction"
    if not info.get("aof_enabled", 1):
        yield "a restart loses its messages, and Segue sends them again up to a minute later; set appendonly to yes"


def database(settings: Settings) -> Iterator[str]:
    """Check the version, encoding and collation of PostgreSQL, the rights of the role, and the clock."""
    opened = Database(settings.catalogue_url)
    try:
        if not opened.is_sqlite:
            with opened.translated(), opened.engine.connect() as connection:
                yield from _postgres(connection)
    finally:
        opened.close()


def _postgres(connection: Connection) -> Iterator[str]:
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    yield from postgres_problems(number, encoding)
    if connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar_one():
        yield "Segue's role is a superuser; create one that owns its database only (deploy/postgres-init.sh)"
    # Indexes on text are wrong if the system sorts otherwise than when they were built.
    changed = text(
        "SELECT datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid) FROM pg_database"
        " WHERE datname = current_database() AND datcollversion IS NOT NULL"
    )
    if number >= RECORDS_COLLATIONS and connection.execute(changed).scalar():
        yield (
            "its collation has another version than the indexes were built with; run REINDEX DATABASE and "
            "ALTER DATABASE … REFRESH COLLATION VERSION"
        )
    seconds = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    yield from clock_problems("PostgreSQL", seconds, time.time())


def postgres_problems(version: int, encoding: str) -> Iterator[str]:
    """Judge PostgreSQL by its major version and its encoding."""
    if version < OLDEST_POSTGRES:
        yield f"PostgreSQL {version} is too old; Segue needs {OLDEST_POSTGRES}"
    if encoding != "UTF8":
        yield f"its encoding is {encoding}; create a database with UTF8, and read a backup into it with `segue restore`"


def clock_problems(server: str, seconds: float, now: float) -> Iterator[str]:
    """Compare the time of a server with that of this machine, both in seconds since 1970."""
    difference = now - seconds
    if abs(difference) > CLOCK_TOLERANCE_SECONDS:
        ahead = "ahead of" if difference > 0 else "behind"
        yield f"the clock of this machine is {abs(difference):.0f} s {ahead} that of {server}; synchronise both by NTP"

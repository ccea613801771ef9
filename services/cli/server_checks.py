"""What `segue doctor` checks on the servers that Segue uses: the broker, PostgreSQL, and the clocks of both."""

import time
from collections.abc import Iterator

from sqlalchemy import Connection, text

from services.catalog.database import Database
from services.settings import Settings
from services.tasks.queue import open_queue

# Leases, schedules and listens of other machines are compared with the clock of this one.
CLOCK_TOLERANCE_SECONDS = 5.0
# The oldest versions that are corrected, and that tests have run with.
OLDEST_BROKER = (6, 2)
OLDEST_POSTGRES = 14


def broker(settings: Settings) -> Iterator[str]:
    """Check that the broker keeps its messages, also over a restart, and that its clock is right."""
    if settings.redis_url is None:
        return
    with open_queue(settings).connection() as redis:
        found = redis.info()
        seconds, _ = redis.time()
    numbers = str(found["redis_version"]).split(".")
    if tuple(map(int, numbers[:2])) < OLDEST_BROKER:
        yield f"version {found['redis_version']} is too old; Segue needs {'.'.join(map(str, OLDEST_BROKER))}"
    if (policy := found.get("maxmemory_policy", "noeviction")) != "noeviction":
        yield f"maxmemory-policy is {policy}, which deletes waiting tasks; set it to noeviction"
    if not found.get("aof_enabled", 1):
        yield "it does not store messages, so tasks wait for the next minute after its restart; set appendonly to yes"
    yield from _clock("the broker", float(seconds))


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
    if number < OLDEST_POSTGRES:
        yield f"PostgreSQL {number} is too old; Segue needs {OLDEST_POSTGRES}"
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        yield f"its encoding is {encoding}; create a database with UTF8, and read a backup into it with `segue restore`"
    if connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar_one():
        yield "Segue's role is a superuser; create one that owns its database only (deploy/postgres-init.sh)"
    # Indexes on text are wrong if the system sorts otherwise than when they were built.
    changed = text(
        "SELECT datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid) FROM pg_database"
        " WHERE datname = current_database() AND datcollversion IS NOT NULL"
    )
    if number > OLDEST_POSTGRES and connection.execute(changed).scalar():
        yield (
            "its collation has another version than the indexes were built with; run REINDEX DATABASE and "
            "ALTER DATABASE … REFRESH COLLATION VERSION"
        )
    yield from _clock("PostgreSQL", float(connection.execute(text("SELECT extract(epoch FROM now())")).scalar_one()))


def _clock(name: str, seconds: float) -> Iterator[str]:
    difference = time.time() - seconds
    if abs(difference) > CLOCK_TOLERANCE_SECONDS:
        ahead = "ahead of" if difference > 0 else "behind"
        yield f"the clock of this machine is {abs(difference):.0f} s {ahead} that of {name}; synchronise both by NTP"

"""A temporary PostgreSQL cluster."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text


def postgres_binaries() -> Path | None:
    """Return the folder of the newest installed PostgreSQL."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if versions:
        return versions[-1]
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def started_postgres(binaries: Path, superuser: str = "segue") -> Iterator[str]:
    """Run a cluster that listens on a socket only, and yield its URL."""
    folder = Path(tempfile.mkdtemp(prefix="segue-pg-"))
    as_postgres: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_postgres = ["runuser", "-u", "postgres", "--"]
    control = [*as_postgres, str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    try:
        subprocess.run(
            [*as_postgres, str(binaries / "initdb"), "-D", str(folder / "data"), "-U", superuser, "-A", "trust", "-N"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        subprocess.run(
            [*control, "-o", options, "-l", str(folder / "log"), "start"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        yield f"postgresql+psycopg://{superuser}@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


def empty(url: str) -> None:
    """Drop all tables that other tests have left in a database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()

"""Fixtures of all tests: a catalogue, and real servers that are started once and stopped at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from services.catalog import Catalogue
from tests.fakes.library import open_catalogue

IN_CI = os.environ.get("CI", "").lower() == "true"

# Tests set every setting themselves. The developer's own settings must not affect them.
for name in [name for name in os.environ if name.startswith("SEGUE_")]:
    del os.environ[name]

# Two processes that fill one numba cache at the same time corrupt it, so each process of pytest-xdist has its own.
NUMBA_CACHE = Path(__file__).parents[1] / ".pytest_cache" / f"numba-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
os.environ["NUMBA_CACHE_DIR"] = str(NUMBA_CACHE)

# Background jobs of a shell ignore SIGINT, and child processes inherit that. Tests need Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


TOGETHER = ("end_to_end",)
"""Folders whose tests share a service that is slow to start."""


class ByFile(LoadScopeScheduling):
    """Distribute tests by file, or by folder for those in `TOGETHER`, so that fixtures are not created twice."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.split("::", maxsplit=1)[0])
        return file.parent.name if file.parent.name in TOGETHER else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Return the scheduler for pytest-xdist."""
    return ByFile(config, log)


def missing(what: str) -> None:
    """Skip a test whose system package is missing. In CI, fail."""
    if IN_CI:
        pytest.fail(f"{what} is not installed, and CI must not skip: see tests/install-system-packages")
    pytest.skip(f"{what} is not installed: tests/install-system-packages installs it")


def _postgres_binaries() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if versions:
        return versions[-1]
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a temporary PostgreSQL cluster that listens on a socket only."""
    binaries = _postgres_binaries()
    if binaries is None:
        missing("PostgreSQL")
        return
    folder = Path(tempfile.mkdtemp(prefix="segue-pg-"))
    as_postgres: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_postgres = ["runuser", "-u", "postgres", "--"]
    control = [*as_postgres, str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    try:
        subprocess.run(
            [*as_postgres, str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "segue", "-A", "trust", "-N"],
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
        yield f"postgresql+psycopg://segue@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sqlite_catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """A new catalogue on SQLite."""
    with open_catalogue(tmp_path) as catalogue:
        yield catalogue


@pytest.fixture
def catalogue(sqlite_catalogue: Catalogue) -> Catalogue:
    """A new catalogue. Contract tests replace this fixture by one for each database."""
    return sqlite_catalogue


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start Chromium. It is here because Playwright runs once in a process, whatever the folder of a test."""
    if shutil.which("chromium") is None:
        missing("Chromium")
    from tests.fakes.chromium import chromium_starter  # noqa: PLC0415  most tests need no browser

    with chromium_starter() as start:
        yield start

"""Fixtures of all tests: a catalogue, and real servers that are started once and stopped at the end."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from services.catalog import Catalogue
from tests.fakes.library import open_catalogue
from tests.fakes.postgres import postgres_binaries, started_postgres

IN_CI = os.environ.get("CI", "").lower() == "true"

# Tests set every setting themselves. The developer's own settings must not affect them.
for name in [name for name in os.environ if name.startswith("SEGUE_") and not name.startswith("SEGUE_TEST_")]:
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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a temporary PostgreSQL cluster that listens on a socket only."""
    binaries = postgres_binaries()
    if binaries is None:
        missing("PostgreSQL")
        return
    with started_postgres(binaries) as url:
        yield url


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

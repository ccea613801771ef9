"""Fixtures that serve the API, in this process or as a gunicorn process."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.api.app import create_app
from services.catalog import Catalogue
from services.composition import Services, compose
from services.local.supervisor import api_command
from services.settings import Settings
from tests.fakes.library import tower, write_library
from tests.fakes.valkey import started_valkey

LIBRARY_SIZE = 24
TIMEOUT_SECONDS = 120.0
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """A real Valkey."""
    server = started_valkey()
    yield server.connection_url
    server.stop()


@pytest.fixture(scope="module")
def library_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with LIBRARY_SIZE ready tracks."""
    return _library(tmp_path_factory)


@pytest.fixture(scope="module", name="library_dir")
def long_library_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with tracks of ten minutes, for modules that import it. What plays is forgotten when its track ends."""
    return _library(tmp_path_factory, seconds=600)


def _library(tmp_path_factory: pytest.TempPathFactory, **options: float) -> Path:
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", LIBRARY_SIZE, **options)
    catalogue.close()
    return folder


@pytest.fixture(scope="module")
def services(library_dir: Path, broker_url: str) -> Iterator[Services]:
    """The composed services of that library and its experiments, with a real broker and the embedded index."""
    experiments = library_dir / "experiments.toml"
    named = str(experiments) if experiments.exists() else None
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url, experiments=named), tower())
    wait_until_indexed(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(services: Services) -> Flask:
    """The application of these services."""
    return create_app(services)


@pytest.fixture
def api(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()


def wait_until_indexed(services: Services) -> None:
    """Wait until the indexer has written all marked tracks."""
    indexed = (
        (services.embedded, services.catalogue.indexing),
        (services.embedded_pictures, services.catalogue.picture_indexing),
    )
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for embedded, queue in indexed:
        assert embedded is not None
        while embedded.indexer.problem is not None or queue.count_pending():
            assert time.monotonic() < deadline, embedded.indexer.problem
            time.sleep(0.01)


def free_port() -> int:
    """Return a free TCP port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def api_process(
    data_dir: Path,
    broker_url: str,
    port: int,
    timeout: float = TIMEOUT_SECONDS,
    options: Sequence[str] = (),
    **settings: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a gunicorn process, with further options of gunicorn, until it is ready, and stop it at the end."""
    environment = {
        **os.environ,
        **settings,
        "SEGUE_DATA_DIR": str(data_dir),
        "SEGUE_REDIS_URL": broker_url,
        "SEGUE_PORT": str(port),
    }
    served = Settings(host=settings.get("SEGUE_HOST", "127.0.0.1"), port=port)
    process = subprocess.Popen([*api_command(served), *options], env=environment, cwd=ROOT)
    try:
        _wait_until_ready(process, served.own_url, timeout)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=TIMEOUT_SECONDS)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        assert process.poll() is None, "the API process ended"
        assert time.monotonic() < deadline, "the API process is not ready"
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)

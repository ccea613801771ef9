"""The API as a real gunicorn process."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from segue_client import Segue

from models.evaluation.words.lists import load_lists
from services.catalog import Catalogue
from services.domain.access import Scope
from services.settings import Settings
from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE, ROOT, api_process, free_port

LARGEST_BYTES = 230 * 1024 * 1024  # with the text tower


@pytest.fixture
def port():
    return free_port()


def test_the_process_serves_many_at_once_and_stays_small(library_dir, broker_url, port):
    """Eight concurrent clients get the same answer, and the worker needs less than 230 MB after 80 texts."""
    with api_process(library_dir, broker_url, port) as process, Segue(f"http://127.0.0.1:{port}") as client:
        [worker] = psutil.Process(process.pid).children()
        history = [track_id(1)]
        with ThreadPoolExecutor(8) as listeners:
            answers = list(listeners.map(lambda _: client.recommend(history, limit=5), range(80)))
            texts = [phrase.text for phrase in load_lists().phrases["en"][:80]]
            by_words = list(listeners.map(lambda text: client.recommend(history, text=text, limit=5), texts))

        assert all(answer.tracks for answer in by_words)
        assert len({tuple(track.id for track in answer.tracks) for answer in answers}) == 1
        assert client.status().tracks["ready"] == LIBRARY_SIZE
        assert worker.memory_info().rss < LARGEST_BYTES

    assert process.returncode == 0
    assert not worker.is_running()


def test_a_current_catalogue_is_opened_without_alembic(library_dir):
    """It would stay in the memory of the API process, which imports it only to migrate."""
    program = (
        "import sys; import services.api.app; from services.catalog import Catalogue; "
        "from services.settings import Settings; Catalogue.open(Settings().catalogue_url).migrate(); "
        "sys.exit('alembic' in sys.modules)"
    )
    environment = {**os.environ, "SEGUE_DATA_DIR": str(library_dir)}

    subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
def test_an_ipv6_address_is_served_and_found(library_dir, broker_url, port):
    """Brackets in URLs, none in the setting; the address is a name of the service."""
    with api_process(library_dir, broker_url, port, SEGUE_HOST="::1"):
        shown = status(library_dir, port, SEGUE_HOST="[::1]")
        answer = httpx.get(f"http://[::1]:{port}/healthz", headers={"Origin": f"http://[::1]:{port}"}, trust_env=False)

    assert f"running at http://[::1]:{port}" in shown
    assert answer.status_code == 200


def status(data_dir, port, *options, **variables):
    """Return the output of `segue status` beside an API process, without `segue up`."""
    environment = {**os.environ, "SEGUE_DATA_DIR": str(data_dir), "SEGUE_PORT": str(port), **variables}
    return subprocess.run(
        [sys.executable, "-m", "services.cli.main", "status", *options],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_status_finds_a_service_that_segue_up_did_not_start(library_dir, broker_url, port, tmp_path):
    """As in a container. The service of another installation is not taken for its own."""
    with api_process(library_dir, broker_url, port):
        ours = json.loads(status(library_dir, port, "--json"))
        others = json.loads(status(tmp_path, port, "--json"))

    assert ours["running"] is True
    assert ours["tracks"]["ready"] == ours["index"]["points"] == LIBRARY_SIZE
    assert others["running"] is False
    assert others["tracks"]["ready"] == 0


def test_status_works_without_a_required_key(broker_url, port, tmp_path):
    """The counts come from the catalogue, and those of the index are left out."""
    catalogue = Catalogue.open(Settings(data_dir=tmp_path).catalogue_url)
    catalogue.migrate()
    catalogue.keys.create("admin", [Scope.ADMIN])
    catalogue.close()
    with api_process(tmp_path, broker_url, port, SEGUE_REQUIRE_KEYS="true"):
        shown = status(tmp_path, port)

    assert f"running at http://127.0.0.1:{port}" in shown
    assert "set `SEGUE_API_KEY`" in shown


def test_a_second_process_on_the_same_data_is_refused(library_dir, broker_url, port):
    """An embedded index has one API process: the second one exits with the reason."""
    with api_process(library_dir, broker_url, port):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(library_dir), "SEGUE_REDIS_URL": broker_url}
        program = "from services.api.app import create_app; create_app()"
        second = subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert second.returncode != 0
    assert "AlreadyRunning" in second.stderr

"""A frozen process (SIGSTOP) delays its clients by less than three seconds and is used again when it resumes."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
import pytest

from tests.fakes.installation import installation, running, wait_until
from tests.fakes.library import write_library
from tests.fakes.serving import free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc")

PROMISED_SECONDS = 3.0
RECOVERED_SECONDS = 30.0
AT_ONCE = 6
COUNT = 6


@contextmanager
def frozen(process):
    """Stop a process and its children inside the context."""
    family = [process, *process.children(recursive=True)]
    for member in family:
        member.suspend()
    try:
        yield
    finally:
        for member in family:
            member.resume()


def timed(api, method, path, **request):
    with httpx.Client(base_url=api.url, trust_env=False, timeout=60) as http:
        begun = time.monotonic()  # creating a client takes time, because it loads certificates
        answer = http.request(method, path, **request)
        return answer, time.monotonic() - begun


def assert_refused(api, method, path, **request):
    """Several requests at once, and one after them, get 503 within the promised time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: timed(api, method, path, **request), range(AT_ONCE)))
    answers.append(timed(api, method, path, **request))
    for answer, seconds in answers:
        assert answer.status_code == 503, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
        assert seconds < PROMISED_SECONDS


def assert_not_ready(api, part):
    """Readiness names the dependency in time, and the API process stays alive."""
    answer, seconds = timed(api, "GET", "/readyz")
    assert answer.status_code == 503
    assert not answer.json()["parts"][part]["ok"]
    assert seconds < PROMISED_SECONDS
    assert timed(api, "GET", "/healthz")[0].status_code == 200


def test_a_frozen_broker(tmp_path):
    """Scans are refused in time, recommendations still work, and scans are accepted again soon after."""
    with installation(tmp_path / "data") as here:
        write_library(here.catalogue, tmp_path / "music", COUNT)
        scan = {"json": {"path": str(tmp_path / "music")}}
        with here.api() as api:
            with frozen(psutil.Process(here.broker.process.pid)):
                assert_refused(api, "POST", "/v1/scans", **scan)
                assert_not_ready(api, "broker")
                assert timed(api, "GET", "/v1/tracks")[0].status_code == 200
                assert timed(api, "GET", "/v1/tracks/test:1/similar")[0].status_code == 200

            assert wait_until(api.is_ready) < RECOVERED_SECONDS
            assert timed(api, "POST", "/v1/scans", **scan)[0].status_code == 202


def postmaster(url):
    folder = url.partition("host=")[2]
    return next(
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(folder) for word in process.info["cmdline"] or ())
        and "-D" in process.info["cmdline"]
        and "postgres" in process.info["cmdline"][0]
    )


def test_a_frozen_database(tmp_path, postgres_url):
    """Requests that need the catalogue are refused in time and work again soon after."""
    with installation(tmp_path / "data", database_url=postgres_url) as here:
        write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api() as api:
            with frozen(postmaster(postgres_url)):
                assert_refused(api, "GET", "/v1/tracks")
                assert_refused(api, "POST", "/v1/recommendations", json={"history": [{"track_id": "test:1"}]})
                assert_not_ready(api, "catalogue")

            assert wait_until(api.is_ready) < RECOVERED_SECONDS
            assert timed(api, "GET", "/v1/tracks/test:1/similar")[0].status_code == 200


def test_a_frozen_index(tmp_path):
    """Requests that need the index are refused in time, the library is still listed, and both work again soon after."""
    port = free_port()
    server = [sys.executable, "-m", "tests.fakes.qdrant_nodes", "store", str(port)]
    with (
        running(server, tmp_path / "qdrant.log", {}) as qdrant,
        installation(tmp_path / "data", qdrant_url=f"http://127.0.0.1:{port}") as here,
    ):
        write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api() as api:
            with frozen(qdrant.process):
                assert_refused(api, "GET", "/v1/tracks/test:1/similar")
                assert_not_ready(api, "index")
                assert timed(api, "GET", "/v1/tracks")[0].status_code == 200

            assert wait_until(api.is_ready) < RECOVERED_SECONDS
            assert timed(api, "GET", "/v1/tracks/test:1/similar")[0].status_code == 200

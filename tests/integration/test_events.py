"""Server-sent events, by a real gunicorn process as `segue up` starts it."""

import json
import signal
import socket
import struct
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial

import httpx
import pytest

from services.api.http import streams
from services.api.security.permissions import COOKIE
from services.catalog import Catalogue
from services.domain.access import Scope
from services.domain.job import JobKind
from services.domain.people import Grant, Identity
from services.settings import Settings
from tests.fakes.installation import wait_until
from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE, api_process, free_port, long_library_dir

__all__ = ["long_library_dir"]

PAGES = 20


@pytest.fixture(scope="module")
def catalogue(library_dir):
    opened = Catalogue.open(Settings(data_dir=library_dir).catalogue_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def served(library_dir, broker_url):
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def http(served):
    with httpx.Client(base_url=served, trust_env=False, timeout=60) as client:
        yield client


@contextmanager
def stream(http, **headers):
    """Open a stream and yield an iterator over its events; retry while earlier streams are being closed."""
    with ExitStack() as opened:
        request = partial(http.stream, "GET", "/v1/events", headers=headers)
        response = opened.enter_context(request())
        while response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            time.sleep(0.1)
            response = opened.enter_context(request())
        assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, streams.MEDIA_TYPE)
        yield events_of(response)


def events_of(response):
    name = None
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def next_where(events, condition):
    return next(data for name, data in events if condition(name, data))


def test_the_status_is_sent_at_once_and_when_it_changes(http, catalogue):
    """The first event has the same as `GET /v1/status`; a pause is the next."""
    with stream(http) as events:
        name, first = next(events)
        assert name == "status"
        assert first["tracks"]["ready"] == LIBRARY_SIZE
        assert first.keys() == http.get("/v1/status").json().keys()
        http.put("/v1/analysis", json={"paused": True})
        assert next_where(events, lambda name, data: name == "status" and data["analysis"]["paused"])
        http.put("/v1/analysis", json={"paused": False})
        assert next_where(events, lambda name, data: name == "status" and not data["analysis"]["paused"])


def test_the_progress_of_a_job_is_sent_to_its_end(http, catalogue):
    """Each change, the last one included."""
    job = catalogue.jobs.create(JobKind.SCAN, "/music/new")
    with stream(http) as events:
        assert next_where(events, lambda name, data: name == "job" and data["id"] == job)["state"] == "queued"
        catalogue.jobs.begin(job, total=1)
        assert next_where(events, lambda name, data: name == "job" and data["total"] == 1)["state"] == "running"
        catalogue.jobs.add_failure(job, "/music/new/bad.mp3", "Not audio.")
        catalogue.jobs.complete_listing(job, unchanged=0)
        done = next_where(events, lambda name, data: name == "job" and data["state"] == "done")
        assert (done["done"], done["failed"]) == (0, 1)


def test_what_listeners_play_is_sent(http):
    """At the start and when it changes, with the track."""

    def next_of_ann(events):
        data = next_where(events, lambda name, _: name == "now_playing")
        return [each for each in data["playing"] if each["listener"] == "ann"]

    http.delete("/v1/users/ann/now-playing")
    with stream(http) as events:
        assert next_of_ann(events) == []
        http.put("/v1/users/ann/now-playing", json={"track_id": "test:1", "client": "A player"})
        [playing] = next_of_ann(events)
        assert (playing["client"], playing["track_id"]) == ("A player", track_id(1))
        http.delete("/v1/users/ann/now-playing")
        assert next_of_ann(events) == []


def test_jobs_are_sent_to_keys_with_ingest_only(http, catalogue):
    """A key with `read` gets the status, and never a job. When the key is revoked, the stream ends."""
    made = catalogue.keys.create("reader", [Scope.READ])
    job = catalogue.jobs.create(JobKind.SCAN, "/music/secret")
    with stream(http, **{"X-API-Key": made.text}) as events:
        name, first = next(events)
        assert (name, first["data_dir"]) == ("status", None)
        catalogue.jobs.fail(job, "No such folder.")
        catalogue.keys.revoke(made.id)
        assert [name for name, _ in events if name != "status"] == []


def test_a_session_gets_a_stream_until_it_ends(http, catalogue):
    """A person who signed in follows the service with the cookie, and no longer after signing out."""
    identity, grant = Identity("https://auth.example", "1", "ada", "Ada"), Grant(frozenset({Scope.READ}))
    session, secret = catalogue.people.sign_in(identity, grant, timedelta(hours=1))
    with stream(http, Cookie=f"{COOKIE}={session.id}.{secret}") as events:
        assert next(events)[0] == "status"
        catalogue.jobs.fail(catalogue.jobs.create(JobKind.SCAN, "/music/other"), "No such folder.")
        catalogue.people.end(session.id)
        assert [name for name, _ in events if name != "status"] == []


def test_twenty_open_pages_do_not_slow_a_request(served, http):
    """Two pages get a stream, eighteen are told to poll and do so, and every request is answered meanwhile."""
    stop, polls, refused = threading.Event(), [], []

    def poll():
        with httpx.Client(base_url=served, trust_env=False, timeout=60) as client:
            refused.append(client.get("/v1/events"))
            while not stop.wait(1.0):
                polls.append(client.get("/v1/status").status_code)

    pages = [threading.Thread(target=poll) for _ in range(PAGES - streams.STREAMS_MAX)]
    with stream(http), stream(http):
        for each in pages:
            each.start()
        try:
            wait_until(lambda: len(polls) >= len(pages))
            answered = [http.get("/v1/tracks?limit=5").status_code for _ in range(50)]
        finally:
            stop.set()
            for each in pages:
                each.join()

    assert answered == [200] * 50
    assert set(polls) == {200}
    assert [response.status_code for response in refused] == [503] * len(pages)
    assert all(int(response.headers["Retry-After"]) > 0 for response in refused)
    assert refused[0].json()["type"] == "urn:segue:problem:too-many-streams"
    assert "Poll" in refused[0].json()["detail"]


def test_a_client_that_is_gone_frees_its_thread(served, http):
    """Connections that are reset are noticed at the next look, so that two other clients get a stream."""
    host, port = served.removeprefix("http://").split(":")

    def opened():
        connection = socket.create_connection((host, int(port)))
        connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if b"200 OK" in connection.recv(4096):
            return connection
        connection.close()
        return None

    for _ in range(streams.STREAMS_MAX + 1):
        connections = [wait_for(opened), wait_for(opened)]
        assert http.get("/v1/events").status_code == 503
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset at the close
            connection.close()


def wait_for(attempt):
    found = []
    wait_until(lambda: found.append(attempt()) or found[-1])
    return found[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_open_streams_do_not_delay_a_stop(library_dir, broker_url, tmp_path, number):
    """The streams end by themselves when gunicorn stops; a stream that it killed would raise an error here."""
    port = free_port()
    with api_process(tmp_path, broker_url, port) as process, httpx.Client(trust_env=False, timeout=60) as client:
        url = f"http://127.0.0.1:{port}/v1/events"
        with client.stream("GET", url) as one, client.stream("GET", url) as two:
            received = [events_of(each) for each in (one, two)]
            assert [[next(each)[0] for _ in range(2)] for each in received] == 2 * [["status", "now_playing"]]
            process.send_signal(number)
            assert [list(each) for each in received] == [[], []]
        process.wait(timeout=60)


def test_few_threads_serve_no_streams(library_dir, broker_url, tmp_path):
    """With three threads a stream would take a third of them."""
    port = free_port()
    with api_process(tmp_path, broker_url, port, SEGUE_API_THREADS="3"):
        assert httpx.get(f"http://127.0.0.1:{port}/v1/events", trust_env=False).status_code == 503

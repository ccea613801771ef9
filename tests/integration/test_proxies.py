"""Segue behind nginx and Caddy, as docs/proxies.md configures them: TLS, HTTP/2, and a path of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.fakes.proxy import KINDS, PREFIX, Proxy, proxy
from tests.fakes.serving import LIBRARY_SIZE, ROOT, api_process, free_port


@pytest.fixture(scope="module")
def api_port(library_dir: Path, broker_url: str) -> Iterator[int]:
    """The port of an API process that trusts its proxy to authenticate users."""
    port = free_port()
    with api_process(library_dir, broker_url, port, SEGUE_REQUIRE_KEYS="false"):
        yield port


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest, api_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that serves the API below a path."""
    with proxy(request.param, api_port, tmp_path_factory.mktemp(request.param)) as started:
        yield started


def test_the_api_is_reached_with_tls_and_http_2(served):
    """A client that trusts the certificate reads the library over HTTP/2, below the path."""
    with served.client() as client:
        answer = client.get("/v1/tracks", params={"limit": 1})

    assert answer.status_code == HTTPStatus.OK
    assert answer.http_version == "HTTP/2"
    assert str(answer.url).startswith(f"https://{served.host}{PREFIX}/v1/")


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_can_serve_at_the_root(kind, api_port, tmp_path):
    """With an empty path the API is at the root of the host."""
    with proxy(kind, api_port, tmp_path, path="") as started, started.client() as client:
        assert client.get("/v1/status").status_code == HTTPStatus.OK


def test_addresses_in_responses_contain_the_path(served):
    """Location, covers and the server of the OpenAPI document lead through the proxy; so do problems."""
    with served.client() as client:
        started = client.post("/v1/radio", json={})
        album = client.get("/v1/albums", params={"limit": 1}).json()["albums"][0]
        [server] = client.get("/openapi.json").json()["servers"]
        problem = client.get("/nowhere")

        followed = [
            client.get(f"https://{served.host}{path}") for path in (started.headers["Location"], album["cover"])
        ]

    assert [answer.status_code for answer in followed] == [HTTPStatus.OK, HTTPStatus.OK]
    assert server == {"url": PREFIX}
    assert problem.json()["instance"] == f"{PREFIX}/nowhere"


def test_audio_is_sent_in_ranges(served):
    """A player behind the proxy can seek."""
    with served.client() as client:
        [track] = client.get("/v1/tracks", params={"limit": 1}).json()["tracks"]
        part = client.get(f"/v1/tracks/{track['id']}/audio", headers={"Range": "bytes=10-19"})

    assert (part.status_code, len(part.content)) == (HTTPStatus.PARTIAL_CONTENT, 10)


def test_the_address_without_a_slash_leads_to_the_page(served):
    """`/segue` is redirected to `/segue/`, below which the page finds its files."""
    with served.client(follow_redirects=True) as client:
        page = client.get(served.url)

    assert (page.status_code, page.headers["Content-Type"]) == (HTTPStatus.OK, "text/html; charset=utf-8")
    assert str(page.url) == f"{served.url}/"


def test_commands_reach_the_service_through_the_proxy(served, tmp_path):
    """`SEGUE_URL` may have a path, and `SSL_CERT_FILE` names an authority of one's own."""
    environment = os.environ | {"SEGUE_URL": served.url, "SSL_CERT_FILE": str(served.certificate)}
    command = [sys.executable, "-m", "services.cli.main", "status", "--json"]

    done = subprocess.run(
        command,
        env=environment | {"SEGUE_DATA_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tracks"]["ready"] == LIBRARY_SIZE

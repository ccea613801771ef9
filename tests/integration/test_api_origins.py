"""Checks of `Host`, `Origin` and `Sec-Fetch-Site`."""

import dataclasses

import pytest

from services.api.app import create_app
from services.settings import Settings

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  a setting, nothing binds
SCAN = {"json": {"path": "/nowhere"}}


@pytest.fixture
def client_with(services):
    """Make a client of the application with other settings."""

    def make(**changes):
        settings = Settings(data_dir=services.settings.data_dir, **changes)
        return create_app(dataclasses.replace(services, settings=settings)).test_client()

    return make


def status(client, host):
    return client.get("/healthz", headers={"Host": host}).status_code


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8765", "127.0.0.1:8765", "[::1]:8765"])
def test_loopback_names_are_always_allowed(client_with, host):
    """Health checks and the command line use them, whatever the setting is."""
    assert status(client_with(), host) == 200
    assert status(client_with(host=WILDCARDS[0], allowed_hosts=("music.example",)), host) == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.1.5", "[::1", "a b", ""])
@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/tracks", "/nowhere"])
def test_a_foreign_name_is_refused_everywhere(client_with, host, path):
    """DNS rebinding fails, and the problem names the setting to change."""
    answer = client_with().get(path, headers={"Host": host})

    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")
    assert answer.json["type"] == "urn:segue:problem:host-not-allowed"
    assert "SEGUE_ALLOWED_HOSTS" in answer.json["detail"]


def test_configured_names_are_allowed(client_with):
    """The address that the service binds to, its URL, and the names in the setting."""
    client = client_with(host="192.168.1.5", url="http://nas.home:80", allowed_hosts=("Music.Example", "[fd00::1]"))

    assert status(client_with(host="[fd00:0::2]"), "[fd00::2]:8765") == 200
    assert [status(client, host) for host in ("192.168.1.5:1", "nas.home", "music.example", "[fd00::1]:8765")] == [
        200
    ] * 4
    assert status(client, "192.168.1.6") == 403


@pytest.mark.parametrize("wildcard", WILDCARDS)
def test_a_wildcard_address_allows_addresses_but_no_names(client_with, wildcard):
    """DNS rebinding needs a name. Once names are configured, only they are allowed."""
    assert status(client_with(host=wildcard), "192.168.1.5:8765") == 200
    assert status(client_with(host=wildcard), "[fd00::1]:8765") == 200
    assert status(client_with(host=wildcard), "evil.example") == 403
    assert status(client_with(host=wildcard, allowed_hosts=("music.example",)), "192.168.1.5") == 403


def test_hosts_are_separated_by_commas(monkeypatch):
    """The variable takes names separated by commas."""
    monkeypatch.setenv("SEGUE_ALLOWED_HOSTS", "music.example, 10.0.0.7,")

    assert Settings().allowed_hosts == ("music.example", "10.0.0.7")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "http://localhost:3000/page"},
        {"Referer": "http://[x"},
        {"Origin": "null"},
        {"Origin": "http://[x"},
    ],
)
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_of_other_sites_cannot_change_anything(api, headers, method):
    """Methods that can change something are refused before the body is read."""
    answer = getattr(api, method)("/v1/scans", headers=headers, **SCAN)

    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")
    assert answer.json["type"] == "urn:segue:problem:cross-site-request"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://music.example"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "http://localhost/#/library"},
    ],
)
def test_its_own_page_and_programs_are_allowed(api, headers):
    """Their requests are processed; this one names a missing folder."""
    answer = api.post("/v1/scans", headers=headers, **SCAN)

    assert (answer.status_code, answer.json["type"]) == (422, "urn:segue:problem:path-not-scannable")


def test_links_from_other_sites_may_be_followed(api):
    """GET is allowed, because the other site cannot read the response."""
    assert api.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200

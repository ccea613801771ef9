"""Pages of other origins use the API only if the settings list them, and never with cookies."""

import pytest
from pydantic import ValidationError

from services.settings import Settings

ORIGIN = "https://player.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def allowed(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control")}


@pytest.fixture
def listed(client_with):
    """A client of an application that lists one origin."""
    return client_with(cors_origins=(ORIGIN,))


@pytest.mark.parametrize("origin", [ORIGIN, "null", "http://localhost"])
def test_no_origin_is_allowed_by_default(locked, key_for, origin):
    """Without the setting, no response has a CORS header."""
    headers = key_for("read") | {"Origin": origin}

    assert allowed(locked.get("/v1/tracks", headers=headers)) == {}
    assert allowed(locked.options("/v1/recommendations", headers={"Origin": origin, **PREFLIGHT})) == {}


def test_a_listed_origin_is_allowed(listed, key_for):
    """Its preflight requests need no key; its requests do."""
    preflight = listed.options("/v1/recommendations", headers={"Origin": ORIGIN, **PREFLIGHT})
    headers = key_for("read", "ingest") | {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}
    read = listed.get("/v1/tracks", headers=headers)
    changed = listed.post("/v1/scans", json={"path": "/none"}, headers=headers)
    refused = listed.get("/v1/tracks", headers={"Origin": ORIGIN})

    assert preflight.status_code == 200
    assert allowed(preflight)["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in allowed(preflight)["Access-Control-Allow-Methods"]
    assert {"Authorization", "Idempotency-Key"} <= set(allowed(preflight)["Access-Control-Allow-Headers"].split(", "))
    assert (read.status_code, changed.status_code, refused.status_code) == (200, 422, 401)
    for answer in (read, changed, refused):
        assert allowed(answer)["Access-Control-Allow-Origin"] == ORIGIN
        assert "Origin" in answer.vary
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://player.example.evil", "http://player.example", "https://player.example:8443",
        "https://evil.example", "null", "*",
    ],
)  # fmt: skip
def test_the_origin_must_match_exactly(listed, key_for, origin):
    """Scheme, host and port must be equal; other origins are not echoed, and `*` is never sent."""
    headers = key_for("read", "ingest") | {"Origin": origin, "Sec-Fetch-Site": "cross-site"}

    assert allowed(listed.get("/v1/tracks", headers=headers)) == {}
    assert listed.post("/v1/scans", json={"path": "/none"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "given", ["*", "player.example", "https://", "https://player.example/", "ftp://x", "https://a/b"]
)
def test_invalid_origins_are_refused(monkeypatch, given):
    """The setting accepts no wildcard, no bare name and no URL with a path."""
    monkeypatch.setenv("SEGUE_CORS_ORIGINS", given)
    with pytest.raises(ValidationError, match="not an origin"):
        Settings()


def test_origins_are_separated_by_commas(monkeypatch):
    """The variable takes several, in any case."""
    monkeypatch.setenv("SEGUE_CORS_ORIGINS", "https://A.example, http://b.example:8080")

    assert Settings().cors_origins == ("https://a.example", "http://b.example:8080")

"""Compression of JSON and XML, and answers that the client has already."""

import gzip
import json
from http import HTTPStatus

import pytest
from backports import zstd

PLAIN = {"Accept-Encoding": "identity"}
LONG = "/v1/tracks?limit=20"


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate", "*;q=0.5, zstd;q=0", "gzip;q=1, zstd;q=0.1", "*"])
def test_json_is_sent_with_gzip(api, accepted):
    """A client that accepts gzip gets the same JSON in fewer bytes."""
    packed, plain = api.get(LONG, headers={"Accept-Encoding": accepted}), api.get(LONG, headers=PLAIN)

    assert packed.content_encoding == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) * 3 < len(plain.data) == plain.content_length
    assert packed.content_length == len(packed.data)
    assert "accept-encoding" in packed.vary
    assert "accept-encoding" in plain.vary


def test_zstd_is_preferred(api):
    """Browsers that accept both get zstd, which is faster."""
    packed = api.get(LONG, headers={"Accept-Encoding": "gzip, br, zstd"})

    assert packed.content_encoding == "zstd"
    assert json.loads(zstd.decompress(packed.data)) == api.get(LONG, headers=PLAIN).json


@pytest.mark.parametrize(
    "path", ["/healthz", "/v1/me", "/nowhere", "/v1/tracks/test:1/audio", "/v1/tracks/test:1/cover"]
)
def test_small_answers_and_media_stay_as_they_are(api, path):
    """Compression would cost more than it saves."""
    answer = api.get(path, headers={"Accept-Encoding": "gzip, zstd"})

    assert answer.content_encoding is None


def test_nothing_is_compressed_for_a_client_that_accepts_nothing(api):
    """Without `Accept-Encoding`, with a zero quality, and where it prefers the plain text."""
    assert api.get(LONG).content_encoding is None
    for accepted in ("gzip;q=0", "identity, gzip;q=0.5"):
        assert api.get(LONG, headers={"Accept-Encoding": accepted}).content_encoding is None


def test_xml_is_compressed_too(api):
    """OpenSubsonic answers in XML by default."""
    answer = api.get(
        "/rest/getSimilarSongs?c=test&v=1.16.1&u=a&p=b&id=test:1&count=20", headers={"Accept-Encoding": "gzip"}
    )

    assert (answer.mimetype, answer.content_encoding) == ("text/xml", "gzip")


def test_the_openapi_document_is_sent_once(api):
    """A client that has it gets 304."""
    first = api.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    again = api.get("/openapi.json", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})

    assert first.content_encoding == "gzip"
    assert (again.status_code, again.data) == (HTTPStatus.NOT_MODIFIED, b"")
    assert "accept-encoding" in again.vary


@pytest.mark.parametrize(
    "prefix",
    ["//evil.example", "https://evil.example", "/a b", "a", "/..//x", "/..", "/../..", "/a/../b", "/./a", "/a/."],
)
def test_a_prefix_that_is_no_path_is_ignored(api, prefix):
    """Nobody can make a response lead to another host."""
    answer = api.get("/openapi.json", headers={"X-Forwarded-Prefix": prefix, "X-Real-IP": "192.0.2.1"})

    assert answer.json["servers"] == [{"url": "/"}]

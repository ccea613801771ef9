"""Every error is a problem with its headers and reveals no internals, also in a real API process."""

import json
import re
import socket

import pytest
from structlog.testing import capture_logs

from services.domain.access import Scope
from tests.fakes.serving import api_process, free_port

AUDIO = "/v1/tracks/test:1/audio"
INSIDE = re.compile(
    r"Traceback|File \"|\.py|SELECT |INSERT |sqlite|sqlalchemy|psycopg|/tmp/|/root|/work|site-packages", re.IGNORECASE
)


@pytest.fixture(scope="module")
def port(tmp_path_factory, broker_url):
    """The port of a real API process with an empty library."""
    found = free_port()
    with api_process(tmp_path_factory.mktemp("empty"), broker_url, found):
        yield found


def exchange(port, request):
    """Send raw bytes; return the status, the headers and the problem."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /v1/tracks?apiKey=" + b"s3cret" * 2000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"A%d: x\r\n" % n for n in range(200)) + b"\r\n", 431),
        (b"nonsense s3cret\r\n\r\n", 400),
        (b"GET /s3cret HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: s3cret\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: s3cret\r\n folded\r\n\r\n", 400),
        (b"POST /v1/scans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}", 400),
        (
            (
                b"POST /v1/scans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"0\r\n\r\n"
            ),
            400,
        ),
        (b"POST /v1/scans HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: s3cret\r\n\r\n", 501),
        (
            (
                b"POST /v1/scans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
            ),
            400,
        ),
        (
            (
                b"POST /v1/scans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            ),
            400,
        ),
    ],
)
def test_an_invalid_request_is_a_problem(port, capfd, request_bytes, status):
    """gunicorn refuses it before Flask sees it; neither the problem nor the log quotes the request."""
    found, headers, body = exchange(port, request_bytes)
    problem = json.loads(body)

    assert (found, problem["status"]) == (status, status)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-ID"] == problem["request_id"]
    assert b"s3cret" not in body
    assert not INSIDE.search(body.decode())
    assert "s3cret" not in "".join(capfd.readouterr())


def test_a_header_cannot_be_injected(port):
    """No value in a response header has a line break, whatever the request contains."""
    evil = "x%0d%0aSet-Cookie:%20a=b"
    for path in (f"/v1/tracks/{evil}", f"/v1/jobs/{evil}", f"/{evil}", f"/v1/tracks?q={evil}"):
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: a%0d%0ab\r\nConnection: close\r\n\r\n"
        status, headers, body = exchange(port, request.encode())

        assert status in (200, 404)
        assert "Set-Cookie" not in headers
        assert json.loads(body)
        assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])


@pytest.mark.parametrize(
    "path",
    [
        "/web/../client.py", "/web/..%2fclient.py", "/web/%2e%2e/%2e%2e/pyproject.toml", "/web/....//client.py",
        "/docs/assets/..%2f..%2f__init__.py", "/web//etc/passwd", "/web/%00", "/docs/assets/%5c..%5cx",
        "/v1/tracks/../../etc/passwd/audio", "/v1/tracks/..%2f..%2fetc%2fpasswd/audio", "/v1/jobs/..%2f..%2fx",
    ],
)  # fmt: skip
def test_no_path_leaves_the_served_folders(port, path):
    """Static files come from two folders, and audio by track id; no other file is served."""
    status, headers, body = exchange(
        port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )

    if status == 308:  # redirects to the path without the second slash, on the same host
        assert headers["Location"] == "http://localhost/web/etc/passwd"
        return
    assert (status, headers["Content-Type"]) == (404, "application/problem+json")
    assert b"root:" not in body


@pytest.mark.parametrize(
    ("sent", "status", "header"),
    [
        ({"path": "/v1/tracks/test:1"}, 401, "WWW-Authenticate"),
        ({"path": "/v1/jobs/x", "scope": "read"}, 403, "WWW-Authenticate"),
        ({"path": "/v1/tracks", "method": "DELETE", "scope": "admin"}, 405, "Allow"),
        ({"path": AUDIO, "headers": {"Range": "bytes=999999999-"}, "scope": "read"}, 416, "Content-Range"),
    ],
)
def test_errors_have_their_headers(locked, key_for, sent, status, header):
    """Each status comes with the header that HTTP requires."""
    headers = sent.get("headers", {}) | (key_for(sent["scope"]) if "scope" in sent else {})
    answer = locked.open(sent["path"], method=sent.get("method", "GET"), headers=headers)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.headers[header]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("requested", "status"),
    [
        ("bytes=0-9", 206), ("bytes=-5", 206), ("bytes=5-", 206),
        ("bytes=999999999-", 416),
        ("pages=1-2", 200), ("bytes=0-1,4-5", 200), ("bytes=x", 200), ("bytes", 200), ("", 200), ("bytes=5-2", 200),
    ],
)  # fmt: skip
def test_ranges_follow_rfc_9110(api, requested, status):
    """One byte range is served; other units, several ranges and invalid ones are ignored; beyond the end is 416."""
    answer = api.get(AUDIO, headers={"Range": requested})

    assert answer.status_code == status
    assert status == 416 or answer.headers["Accept-Ranges"] == "bytes"
    assert status != 206 or answer.headers["Content-Range"].startswith("bytes ")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/tracks?q='; DROP TABLE tracks; --", "/v1/tracks?q=%25%5F%5C", "/v1/tracks?cursor=' OR 1=1",
        "/v1/tracks/' OR '1'='1", "/v1/tracks/test:' UNION SELECT digest FROM api_keys --", "/v1/jobs/' OR 1=1 --",
        "/v1/audio-features/\u0000", "/v1/tracks/%00", "/v1/jobs/%00", "/v1/tracks/\ud7ff\uffff",
        "/v1/tracks?status=ready'--", "/v1/tracks?limit=1e9", "/v1/tracks?limit=٣",
    ],
)  # fmt: skip
def test_errors_reveal_no_internals(api, path):
    """No response has a traceback, a path or SQL in it, and none has a 5xx status."""
    answer = api.get(path)

    assert answer.status_code in (200, 404, 422)
    assert not INSIDE.search(answer.text.replace(path, "").replace(answer.json.get("detail", ""), ""))
    assert not INSIDE.search(re.sub(r"'.*'", "", answer.json.get("detail", "")))


def test_a_request_id_goes_into_the_queue(locked, key_for, services, tmp_path):
    """The message to the worker has the request id, so that the worker can log it."""
    headers = key_for(Scope.INGEST) | {"X-Request-ID": "follow-me"}
    with capture_logs():
        assert locked.post("/v1/scans", json={"path": str(tmp_path)}, headers=headers).status_code == 202
    with services.queue.connection() as redis:
        newest = json.loads(redis.lindex("scan", 0))

    assert newest["headers"]["request_id"] == "follow-me"

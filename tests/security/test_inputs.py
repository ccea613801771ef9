"""Requests: unknown fields are refused, sizes are limited, and no JSON or form causes a server error."""

import io
import re
import subprocess

import pytest

from services.api import request_limits
from services.domain.question import RESULTS_MAX
from services.settings import Settings
from tests.fakes.serving import ROOT

JSON = {"content_type": "application/json"}


def sent_schemas(document):
    """Return every schema that is part of a request body."""
    todo = [
        content["schema"]
        for path in document["paths"].values()
        for operation in path.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    found = {}
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo += node
        elif isinstance(node, dict):
            name = node.get("$ref", "").rsplit("/", 1)[-1]
            if name and name not in found:
                found[name] = document["components"]["schemas"][name]
                todo.append(found[name])
            todo += [value for value in node.values() if isinstance(value, dict | list)]
    return found


COMPAT_PATHS = ("/v1/compat", "/rest", "/1/", "/2.0/", "/audioscrobbler/")


def test_unknown_fields_are_refused(api):
    """Except in the APIs of other systems, whose clients send more fields than Segue uses."""
    document = api.get("/openapi.json").json
    document["paths"] = {path: item for path, item in document["paths"].items() if not path.startswith(COMPAT_PATHS)}
    objects = {name: schema for name, schema in sent_schemas(document).items() if schema.get("type") == "object"}

    assert len(objects) > 5
    assert [name for name, schema in objects.items() if schema.get("additionalProperties") is not False] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/recommendations", {"history": [], "is_admin": True}),
        ("/v1/recommendations", {"history": [{"track_id": "test:1", "score": 1}]}),
        ("/v1/scans", {"path": "/", "root": "/"}),
    ],
)
def test_unknown_fields_are_named(api, path, body):
    """The problem points to the field."""
    answer = api.post(path, json=body)

    assert (answer.status_code, answer.json["type"]) == (422, "urn:segue:problem:invalid-fields")


def test_limits_are_as_documented():
    """JSON 256 KiB, uploads 64 MiB, histories of 1,000 events, responses and pages of 100 tracks."""
    assert request_limits.JSON_MAX_BYTES == 256 * 1024
    assert Settings().upload_max_bytes == 64 * 1024 * 1024
    assert (request_limits.HISTORY_MAX, RESULTS_MAX, request_limits.PAGE_MAX) == (1000, 100, 100)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b"1" * 200_000,
        b'{"history": [], "limit": 1e999999}',
        b'{"history": [], "limit": ' + b"9" * 5000 + b"}",
        b'{"history": [{"track_id": "\\ud800"}]}',
        b'{"history": [{"track_id": "a\\u0000"}]}',
        b"\xff\xfe",
        b"",
        b"null",
        b'{"history": NaN}',
        b'{"history": [], "history": []}',
    ],
)
def test_malformed_json_is_a_client_error(api, body):
    """Deep, huge, invalid or repeated JSON gets 400 or 422 at once."""
    answer = api.post("/v1/recommendations", data=body, **JSON)

    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or body.count(b"history") == 2


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"file": (io.BytesIO(b"x"), "a.mp3"), "path": "/etc/passwd"}, {422}),
        ({"file": [(io.BytesIO(b"x"), "a.mp3"), (io.BytesIO(b"y"), "b.mp3")]}, {422}),
        ({f"f{number}": "x" for number in range(2000)}, {413, 422}),
        ({"file": "x" * 600_000}, {413, 422}),
        ({"file": (io.BytesIO(b"ID3" + bytes(100)), "../../../etc/cron.d/x\r\nSet-Cookie: a=b")}, {415, 422}),
    ],
)
def test_malformed_forms_are_client_errors(api, form, status):
    """Extra fields and files, thousands of parts, and file names with paths are refused."""
    answer = api.post("/v1/tracks", data=form, content_type="multipart/form-data")

    assert answer.status_code in status
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["http://example.org/a.mp3", "file:///etc/passwd", "//host/share", "ftp://x/y", "data:,x"]
)
def test_no_url_is_fetched(api, path):
    """A URL is treated as a path that does not exist."""
    assert api.post("/v1/scans", json={"path": path}).status_code == 422


def test_modules_that_handle_input_have_no_http_client():
    """Only the modules that ask Qdrant, linked servers and the sign-in provider, and send webhooks, have one."""
    found = subprocess.run(
        [
            "git",
            "grep",
            "-lE",
            r"^(import|from) (httpx|requests|urllib\.request|urllib3|http\.client|aiohttp)\b",
            "--",
            "services",
            "workers",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()

    assert found == [
        "services/index/nodes.py",
        "services/links/http.py",
        "services/sign_in/provider.py",
        "services/webhooks/delivery.py",
    ]


def test_every_name_in_the_security_page_exists():
    """`docs/security.md` names a test for each claim, and each of them exists."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)

    assert len(named) > 15
    for file, function in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert not function or f"def {function}(" in source, f"{file}::{function}"

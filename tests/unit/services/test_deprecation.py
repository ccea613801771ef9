"""Deprecated operations announce their removal as docs/api-stability.md says."""

from datetime import date

import pytest
from flask import Flask, Response

from services.api.http.deprecation import Deprecation
from services.api.http.operation import operation
from services.api.schemas.moods import Moods

OLD = Deprecation(since=date(2026, 3, 1), sunset=date(2026, 9, 1), successor="/v1/tracks")


@pytest.mark.parametrize("returned", [Moods(moods=[]), Response("{}"), None, ({"songs": []}, {"ETag": "1"})])
def test_every_response_announces_the_removal(returned):
    """Whatever a view returns, the headers are those of the page's example, and its own headers stay."""
    app = Flask(__name__)
    app.get("/v1/songs")(operation("listSongs", "List songs", deprecated=OLD)(lambda: returned))

    answer = app.test_client().get("/v1/songs", environ_overrides={"SCRIPT_NAME": "/segue"})

    assert answer.headers["Deprecation"] == "@1772323200"
    assert answer.headers["Sunset"] == "Tue, 01 Sep 2026 00:00:00 GMT"
    assert answer.headers["Link"] == '</segue/v1/tracks>; rel="successor-version"'
    if isinstance(returned, tuple):
        assert answer.headers["ETag"] == "1"


def test_other_operations_have_no_such_header():
    """A client may log each response that has one."""
    app = Flask(__name__)
    app.get("/v1/songs")(operation("listSongs", "List songs")(lambda: Moods(moods=[])))

    assert {"Deprecation", "Sunset", "Link"}.isdisjoint(app.test_client().get("/v1/songs").headers.keys())

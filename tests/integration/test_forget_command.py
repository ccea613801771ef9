"""`segue forget` on a catalogue."""

import json
import os
import subprocess
import sys

import pytest

from services.catalog.database import now
from services.domain.access import Scope
from services.domain.links import Link, LinkKind
from services.domain.listening import NewListen
from services.links.passwords import store_password
from services.settings import Settings
from tests.fakes.library import open_catalogue
from tests.fakes.serving import ROOT


@pytest.fixture
def catalogue(tmp_path):
    with open_catalogue(tmp_path) as opened:
        opened.accounts.add("ada", "a long password")
        opened.listens.add("ada", [NewListen(names=("isrc:GBAYE0601498",), at=now())])
        opened.keys.create("phone", [Scope.LISTEN], ["ada"])
        opened.links.add(Link(name="nas", kind=LinkKind.SUBSONIC, url="http://127.0.0.1:1", user="u", listener="ada"))
        store_password(Settings(data_dir=tmp_path), "nas", "secret")
        yield opened


@pytest.fixture
def segue(tmp_path):
    def run(*arguments, given="", code=0):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(tmp_path), "COLUMNS": "200"}
        command = [sys.executable, "-m", "services.cli.main", "forget", *arguments]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == code, ran.stderr
        return ran

    return run


def test_nothing_is_deleted_without_consent(catalogue, segue):
    """The question has the numbers of what would be deleted."""
    asked = segue("ada", given="n\n", code=1).stderr

    assert "listens 1, accounts 1, links 1, api keys 1" in asked
    assert catalogue.listens.count("ada") == 1


def test_a_forgotten_listener_is_gone_with_the_links(catalogue, segue, tmp_path):
    """Also the password of a link. The second time there is nothing to delete."""
    found = json.loads(segue("ada", "--yes", "--json").stdout)

    assert found == {
        "forgotten": "ada",
        "rows": {"listens": 1, "accounts": 1, "links": 1, "api_keys": 1},
        "links": ["nas"],
    }
    assert catalogue.listeners.traces("ada") == {}
    assert catalogue.links.all() == []
    assert list((tmp_path / "links").iterdir()) == []
    assert "Nothing is stored of ada." in segue("ada").stderr

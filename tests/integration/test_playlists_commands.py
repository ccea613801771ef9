"""`segue playlists` against a real service."""

import json
import os
import subprocess
import sys

import pytest

from tests.fakes.library import track_id
from tests.fakes.serving import ROOT, api_process, free_port


@pytest.fixture(scope="module")
def url(library_dir, broker_url):
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def segue(url):
    def run(*arguments, code=0):
        environment = {**os.environ, "SEGUE_URL": url, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}
        command = [sys.executable, "-m", "services.cli.main", "playlists", *map(str, arguments)]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == code, ran.stderr
        return ran

    return run


def test_a_playlist_goes_to_a_file_and_back(segue, tmp_path):
    """Each command does its part; an imported file with an unknown line says which."""
    made = json.loads(segue("create", "Rainy", "test:3", "Title 005", "--owner", "ada", "--json").stdout)
    shown = segue("show", "Rainy")
    listed = segue("list", "--owner", "ada")
    segue("export", "Rainy", tmp_path / "rainy.m3u8")
    for name in ("rainy.xspf", "rainy.jspf"):
        segue("export", made["id"], tmp_path / name, "--absolute")
    printed = segue("export", "Rainy", "-").stdout
    copy = tmp_path / "copy.m3u8"
    copy.write_text(printed + "nowhere.mp3\n", encoding="utf-8")
    read = segue("import", copy, "--name", "Copy", "--owner", "ada")
    copied = json.loads(segue("show", "Copy", "--json").stdout)

    assert [item["track"]["id"] for item in made["items"]] == [track_id(3), track_id(5)]
    assert "Title 005" in shown.stdout
    assert "2 tracks, 0 of them without a file." in shown.stderr
    assert made["id"][:8] in listed.stdout
    assert segue("show", made["id"][:8]).stdout == shown.stdout
    assert (tmp_path / "rainy.m3u8").read_text(encoding="utf-8") == printed
    assert "/music/003.wav" in (tmp_path / "rainy.xspf").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "rainy.jspf").read_text(encoding="utf-8"))["playlist"]["title"] == "Rainy"
    assert "with 2 tracks" in read.stderr
    assert "matches no track: nowhere.mp3" in read.stderr
    assert [item["track"]["id"] for item in copied["items"]] == [track_id(3), track_id(5)]


def test_mistakes_are_explained(segue, tmp_path):
    """An unknown or ambiguous name, and an unknown format, are errors that say what to do."""
    for _ in range(2):
        segue("create", "Twice", "test:1")

    assert "segue playlists list" in segue("show", "Nothing", code=1).stderr
    assert "Use an id" in segue("show", "Twice", code=1).stderr
    assert ".xspf" in segue("export", "Twice", tmp_path / "list.txt", code=1).stderr
    assert "cannot be written" in segue("export", _first(segue), tmp_path / "no" / "x.m3u8", code=1).stderr


def _first(segue):
    return json.loads(segue("list", "--json").stdout)["playlists"][0]["id"]

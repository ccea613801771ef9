"""`segue search` and `segue recommend --text`, against a real service with the real text tower."""

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


def segue(url, *arguments):
    environment = {**os.environ, "SEGUE_URL": url, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "services.cli.main", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_search_shows_what_was_understood_and_names_first(url):
    """The first line has the filter and the words; a title comes first."""
    described = segue(url, "search", "sad piano,", "under 90 bpm")
    named = json.loads(segue(url, "search", "title 005", "--json").stdout)

    assert described.stderr.splitlines()[0] == "Understood: “sad piano”; tempo at most 90."
    assert "vibe" in described.stdout
    assert (named["tracks"][0]["id"], named["tracks"][0]["match"]) == (track_id(5), "title")


def test_recommendations_for_a_text_need_no_track(url):
    """With a track beside it, the track is named as well; with neither, the command says what to give."""
    alone = segue(url, "recommend", "--text", "calm piano", "--json")
    both = segue(url, "recommend", "test:1", "--text", "calm piano")
    neither = segue(url, "recommend")

    answer = json.loads(alone.stdout)
    assert len(answer["tracks"]) == 10
    assert answer["tracks"][0]["because_of"][0].startswith("words:calm piano")
    assert ["After “Title 001”" in both.stderr, "Understood: “calm piano”." in both.stderr] == [True, True]
    assert (neither.returncode, neither.stderr.count("--text")) == (1, 1)


def test_ids_of_tables_name_tracks(url):
    """The first characters of an id are enough for every command; the table has no more of them."""
    short = track_id(5)[:8]
    shown = segue(url, "similar", short, "--limit", "3")

    assert "Similar to “Title 005”" in shown.stderr
    assert short not in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()) <= 80
    assert segue(url, "path", short, track_id(7)[:9], "--steps", "3").returncode == 0


def test_filters_of_the_commands(url):
    """Every track meets them; an excluded artist is left out; a radio keeps to them too."""
    asked = ["--year", "2001..2010", "--artist", "artist 1", "--artist", "Artist 2", "--json"]
    for command in (
        ["recommend", "test:1", "--exclude-artist", "ARTIST 2"],
        ["radio", "test:1"],
        ["similar", "test:1"],
    ):
        tracks = json.loads(segue(url, *command, *asked).stdout)["tracks"]

        assert {track["artist"] for track in tracks} <= {"Artist 1", "Artist 2"}
        assert all(2001 <= track["year"] <= 2010 for track in tracks)
        assert command[0] != "recommend" or "Artist 2" not in {track["artist"] for track in tracks}


def test_answers_as_a_playlist(url, tmp_path):
    """`--m3u -` prints nothing else; a file has absolute paths, or with `--relative` those below the root."""
    printed = segue(url, "recommend", "test:1", "--limit", "3", "--m3u", "-").stdout.splitlines()
    written = segue(url, "similar", "test:1", "--limit", "3", "--m3u", tmp_path / "next.m3u8", "--relative")
    refused = segue(url, "similar", "test:1", "--m3u", tmp_path / "no" / "x.m3u8")
    lines = (tmp_path / "next.m3u8").read_text(encoding="utf-8").splitlines()

    assert printed[0] == "#EXTM3U"
    assert len([line for line in printed if line.startswith("/")]) == 3
    assert "Wrote 3 tracks" in written.stderr
    assert "title" in written.stdout
    assert not any(line.startswith("/") for line in lines)
    assert (refused.returncode, "cannot be written" in refused.stderr) == (1, True)
    assert segue(url, "similar", "test:1", "--m3u", "-", "--json").returncode == 2

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

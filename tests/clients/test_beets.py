"""Unmodified beets with a real API process."""

import pytest

from services.composition import compose
from services.settings import Settings
from tests.clients.environments import HERE, python, run
from tests.clients.table import check
from tests.fakes.library import track_id
from tests.fakes.serving import api_process, free_port, wait_until_indexed

PLAYLIST = "Evening"


@pytest.fixture(scope="module")
def url(library_dir, broker_url):
    """The address of the API; the listener ada has a playlist with track 1."""
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url))
    wait_until_indexed(made)
    made.catalogue.playlists.create(PLAYLIST, [track_id(1)], owner="ada")
    made.close()
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}"


def test_beets_lets_segue_scan_and_reads_playlists(url, library_dir, tmp_path):
    """After each import, beets asks for a scan; it tags the songs of a playlist in its own library."""
    calls = run(python("beets"), HERE / "beets" / "calls.py", url, library_dir / "music", PLAYLIST, tmp_path)

    assert [call.result for call in calls] == ["ok", "ok", "ok"]
    check("beets", calls)

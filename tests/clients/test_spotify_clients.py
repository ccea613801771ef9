"""Unmodified clients of Spotify's API with a real API process."""

import pytest

from services.api.compat.ids import short
from services.catalog.library import FileStamp
from services.composition import compose
from services.domain.track import Tags
from services.settings import Settings
from tests.clients.environments import HERE, node, python, run
from tests.clients.table import check
from tests.fakes.library import track_id
from tests.fakes.serving import api_process, free_port, wait_until_indexed

REFUSED = {"recommendations (empty range)": 400, "tracks/{id} (unknown)": 404, "audio-analysis/{id}": 404}
"""Calls that get an error, which the clients must understand, and its status."""


@pytest.fixture(scope="module")
def arguments(library_dir, broker_url):
    """The address of the API, and two of its tracks: one with tags, and one whose file has none."""
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url))
    file = library_dir / "music" / "005.wav"
    stamp = FileStamp(str(file), str(file.parent), file.stat().st_size, file.stat().st_mtime_ns)
    made.catalogue.library.register(track_id(5), Tags(title="005"), stamp)
    wait_until_indexed(made)
    made.close()
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}/v1/compat/spotify", short(track_id(1)), short(track_id(5))


def test_spotify_clients_understand_every_call(arguments):
    """The table of docs/players.md shows what each client returned; only what must be refused is refused."""
    calls = run(python("spotify"), HERE / "spotify" / "calls.py", *arguments)
    calls += run("node", node("spotify-js") / "calls.mjs", *arguments)

    assert len({call.client for call in calls}) == 4
    for call in calls:
        assert call.result == (f"refused ({REFUSED[call.call]})" if call.call in REFUSED else "ok"), call
    check("spotify", calls)

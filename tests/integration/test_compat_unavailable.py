"""What clients of other systems hear while a part of Segue is down."""

import pytest

from services.api.app import create_app
from services.composition import compose
from services.settings import Settings
from tests.fakes.serving import free_port


@pytest.fixture(scope="module")
def api(library_dir, broker_url):
    """The application with a Qdrant server that is not there."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url, qdrant_url=nowhere))
    yield create_app(made).test_client()
    made.close()


def test_spotifys_clients_hear_when_to_ask_again(api):
    """The status and the header are those of every other path, the body is Spotify's."""
    answer = api.get("/v1/compat/spotify/recommendations?seed_tracks=test:1")

    assert answer.status_code == 503
    assert set(answer.json["error"]) == {"status", "message"}
    assert int(answer.headers["Retry-After"]) > 0


def test_subsonics_clients_hear_a_generic_error(api):
    """The answer is a failed one that its clients can read, and names neither address nor driver."""
    answer = api.get("/rest/getSonicSimilarTracks?id=test:1&f=json")
    error = answer.json["subsonic-response"]["error"]

    assert (answer.status_code, error["code"]) == (200, 0)
    assert "127.0.0.1" not in error["message"]
    assert int(answer.headers["Retry-After"]) > 0


def test_what_needs_no_index_is_answered(api):
    """Audio features come from the catalogue alone."""
    assert api.get("/v1/compat/spotify/audio-features/test:1").status_code == 200
    assert api.get("/rest/ping?f=json").json["subsonic-response"]["status"] == "ok"

"""Responses of the compatible APIs while the vector index is unavailable."""

import pytest

from services.api.app import create_app
from services.composition import compose
from services.settings import Settings
from tests.fakes.serving import free_port


@pytest.fixture(scope="module")
def api(library_dir, broker_url):
    """The application with the address of a Qdrant server that does not exist."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url, qdrant_url=nowhere))
    yield create_app(made).test_client()
    made.close()


def test_spotify_clients_get_503_with_retry_after(api):
    """In Spotify's error format."""
    answer = api.get("/v1/compat/spotify/recommendations?seed_tracks=test:1")

    assert answer.status_code == 503
    assert set(answer.json["error"]) == {"status", "message"}
    assert int(answer.headers["Retry-After"]) > 0


def test_subsonic_clients_get_a_generic_error(api):
    """Without the address and the driver's message."""
    answer = api.get("/rest/getSonicSimilarTracks?id=test:1&f=json")
    error = answer.json["subsonic-response"]["error"]

    assert (answer.status_code, error["code"]) == (200, 0)
    assert "127.0.0.1" not in error["message"]
    assert int(answer.headers["Retry-After"]) > 0


def test_requests_without_the_index_succeed(api):
    """Audio features come from the catalogue alone."""
    assert api.get("/v1/compat/spotify/audio-features/test:1").status_code == 200
    assert api.get("/rest/ping?f=json").json["subsonic-response"]["status"] == "ok"

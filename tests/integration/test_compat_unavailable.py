"""Responses of the compatible APIs while the vector index or the broker is unavailable."""

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


@pytest.fixture(scope="module")
def api_without_broker(library_dir):
    """The application with the address of a broker that does not exist."""
    nowhere = {"redis_url": f"redis://127.0.0.1:{free_port()}", "qdrant_url": f"http://127.0.0.1:{free_port()}"}
    made = compose(Settings(data_dir=library_dir, **nowhere))
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


def test_scrobblers_do_not_notice_that_the_broker_is_away(api_without_broker):
    """Plays are stored, and what plays now is lost; only who asks for it gets an error."""
    metadata = {"artist_name": "Artist 1", "track_name": "Title 001"}
    token = {"Authorization": "Token ann"}
    sign_in = {"method": "auth.getMobileSession", "username": "ann", "password": "any", "api_sig": 32 * "0"}
    session = api_without_broker.post("/2.0/", data={**sign_in, "format": "json"}).json["session"]["key"]
    song = {"artist": "Artist 1", "track": "Title 001", "sk": session, "api_sig": 32 * "0"}
    answers = [
        api_without_broker.post(
            "/1/submit-listens",
            json={"listen_type": kind, "payload": [{**more, "track_metadata": metadata}]},
            headers=token,
        )
        for kind, more in (("playing_now", {}), ("single", {"listened_at": 1_760_000_000}))
    ]
    answers += [
        api_without_broker.post("/2.0/", data={"method": "track.updateNowPlaying", **song}),
        api_without_broker.post("/audioscrobbler/now-playing", data={"s": session, "a": "Artist 1", "t": "Title 001"}),
        api_without_broker.put("/v1/users/ann/now-playing", json={"track_id": "test:1"}),
        api_without_broker.post("/2.0/", data={"method": "user.getRecentTracks", "sk": session}),
        api_without_broker.get("/1/user/ann/listen-count"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 204, 200, 200]
    assert answers[-1].json["payload"]["count"] == 1
    assert [api_without_broker.get(path).status_code for path in ("/v1/now-playing", "/1/user/ann/playing-now")] == [
        503,
        503,
    ]

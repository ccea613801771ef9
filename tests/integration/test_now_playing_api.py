"""What listeners play now, over HTTP."""

import pytest

from services.domain.access import Scope
from tests.fakes.library import track_id
from tests.fakes.serving import long_library_dir

__all__ = ["long_library_dir"]


@pytest.fixture(autouse=True)
def quiet(services):
    """Nobody plays anything when a test begins."""
    for each in services.now_playing.all():
        services.now_playing.clear(each.listener)


def playing(api, **headers):
    answer = api.get("/v1/now-playing", headers=headers)
    assert answer.status_code == 200
    return answer.json["playing"]


def test_a_player_tells_what_it_plays(api):
    """The track is listed with its tags and length until another one starts or the player stops."""
    answers = [api.put("/v1/users/ann/now-playing", json={"track_id": f"test:{number}"}) for number in (1, 2)]
    [shown] = playing(api)

    assert [answer.status_code for answer in answers] == [204, 204]
    assert (shown["listener"], shown["client"], shown["track_id"]) == ("ann", None, track_id(2))
    assert (shown["title"], shown["artist"]) == (shown["track"]["title"], shown["track"]["artist"])
    assert shown["duration_ms"] == shown["track"]["duration_ms"]
    assert api.delete("/v1/users/ann/now-playing").status_code == 204
    assert playing(api) == []


def test_a_track_must_be_in_the_library(api):
    """Players of this API send ids; an unknown one is an error."""
    assert api.put("/v1/users/ann/now-playing", json={"track_id": "isrc:none"}).status_code == 404
    assert playing(api) == []


def test_an_unknown_track_is_listed_as_the_scrobbler_names_it(api):
    """A track that the library does not have has no id."""
    listen = {"artist_name": "Choir", "track_name": "Rain", "additional_info": {"submission_client": "x"}}
    body = {"listen_type": "playing_now", "payload": [{"track_metadata": listen}]}
    api.post("/1/submit-listens", json=body, headers={"Authorization": "Token bob"})
    [shown] = playing(api)

    assert (shown["listener"], shown["artist"], shown["title"], shown["client"]) == ("bob", "Choir", "Rain", "x")
    assert (shown["track_id"], shown["track"], shown["duration_ms"]) == (None, None, None)


def test_a_key_sees_its_own_listeners(api, services):
    """A key that is bound to listeners gets what these play, and cannot tell what others play."""
    own = services.catalogue.keys.create("own", [Scope.LISTEN], ["ann"])
    headers = {"X-API-Key": own.text}
    for listener in ("ann", "bob"):
        api.put(f"/v1/users/{listener}/now-playing", json={"track_id": "test:1"})

    assert [each["listener"] for each in playing(api, **headers)] == ["ann"]
    assert [each["listener"] for each in playing(api)] == ["bob", "ann"]
    assert api.put("/v1/users/bob/now-playing", json={"track_id": "test:1"}, headers=headers).status_code == 403
    services.catalogue.keys.revoke(own.id)

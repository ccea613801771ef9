"""Tastes over HTTP: stable ids, the tracks behind them, what a listener takes out, and who may see it."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.access import Scope
from services.domain.listening import EventKind
from tests.fakes.library import track_id

FEELS = 4
LIMIT = 8
names = (f"taster {number}" for number in itertools.count())


@pytest.fixture
def user():
    return next(names)


def ago(**time):
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def play(api, user, *numbers, event="play"):
    listens = [
        {"track_id": f"test:{number}", "event": event, "at": ago(hours=1, minutes=place)}
        for place, number in enumerate(numbers)
    ]
    assert api.post(f"/v1/users/{user}/listens", json={"listens": listens}).status_code == 200


def tastes(api, user):
    answer = api.get(f"/v1/users/{user}/taste")
    assert answer.status_code == 200
    return answer.json


def with_track(api, user, number):
    """The taste that was made from a track."""
    return next(taste for taste in tastes(api, user)["tastes"] if track_id(number) in taste["plays"])


def recommended_feels(api, user):
    answer = api.get(
        f"/v1/users/{user}/recommendations",
        query_string={"limit": LIMIT, "max_per_artist": LIMIT, "max_per_album": LIMIT},
    )
    return [feel_of(track) for track in answer.json["tracks"]]


def feel_of(track):
    return int(track["ids"]["test"]) % FEELS


def radio_feels(api, **start):
    session = api.post("/v1/radio", json=start).json["id"]
    return [feel_of(track) for track in api.post(f"/v1/radio/{session}/next", json={"limit": LIMIT}).json["tracks"]]


def status(answer):
    return answer.status_code


def test_a_taste_shows_its_strongest_tracks(api, user):
    """Each has its share, its plays and whether it is liked; the shares of a taste add up to 1."""
    play(api, user, 0, 4, 4)
    play(api, user, 8, event="like")
    [taste] = tastes(api, user)["tastes"]
    shown = {track["id"]: (track["plays"], track["liked"]) for track in taste["tracks"]}

    assert shown == {track_id(0): (1, False), track_id(4): (2, False), track_id(8): (0, True)}
    assert [track["id"] for track in taste["tracks"]] == taste["plays"]
    assert sum(track["share"] for track in taste["tracks"]) == pytest.approx(1)
    assert taste["tracks"][0]["title"].startswith("Title")


def test_a_taste_keeps_its_id_while_plays_are_added(api, user):
    """More plays of the same kind change neither id; a new kind gets a new one."""
    play(api, user, 0, 4, 1, 5)
    before = {number: with_track(api, user, number)["id"] for number in (0, 1)}
    play(api, user, 8, 12, 9, 2)

    assert {number: with_track(api, user, number)["id"] for number in (0, 1)} == before
    assert with_track(api, user, 2)["id"] not in before.values()


def test_a_dismissed_taste_is_avoided_everywhere_until_that_is_undone(api, user):
    """Recommendations, radio and the taste page do without it; the other taste stays; undoing brings it back."""
    play(api, user, 0, 4, 8, 1, 5)
    unwanted, other = with_track(api, user, 0), with_track(api, user, 1)["id"]
    path = f"/v1/users/{user}/tastes/{unwanted['id']}/dismiss"
    assert 0 in recommended_feels(api, user)
    assert status(api.post(path)) == 204
    after = tastes(api, user)

    assert [taste["id"] for taste in after["tastes"]] == [other]
    [dismissed] = after["dismissed"]
    assert (dismissed["id"], dismissed["label"]) == (unwanted["id"], unwanted["label"])
    assert set(dismissed["plays"]) == {track_id(number) for number in (0, 4, 8)}
    assert 0 not in recommended_feels(api, user)
    assert 0 not in radio_feels(api, user=user)
    play(api, user, 12)  # a later play of its kind changes nothing
    assert 0 not in recommended_feels(api, user)
    assert status(api.delete(path)) == 204
    assert with_track(api, user, 0)["id"] == unwanted["id"]
    assert 0 in recommended_feels(api, user)
    assert 0 in radio_feels(api, user=user)


def test_what_a_request_asks_for_counts_in_spite_of_a_dismissal(api, user):
    """Seeds of a radio session and the history of a request may be of a dismissed kind."""
    play(api, user, 0, 4, 8)
    api.post(f"/v1/users/{user}/tastes/{with_track(api, user, 0)['id']}/dismiss")
    body = {"user": user, "history": [{"track_id": "test:16"}], "limit": 2, "max_per_album": 3}

    assert 0 not in recommended_feels(api, user)[:3]
    assert {feel_of(track) for track in api.post("/v1/recommendations", json=body).json["tracks"]} == {0}
    assert radio_feels(api, user=user, seeds={"tracks": ["test:0"]})[:3].count(0) >= 2


def test_a_running_session_leaves_a_taste_that_is_dismissed(api, user):
    """The next tracks are of other kinds, although the session began with it."""
    play(api, user, 0, 4, 8, 1, 5)
    session = api.post("/v1/radio", json={"user": user}).json["id"]
    first = api.post(f"/v1/radio/{session}/next", json={"limit": LIMIT}).json["tracks"]
    api.post(f"/v1/users/{user}/tastes/{with_track(api, user, 0)['id']}/dismiss")
    then = api.post(f"/v1/radio/{session}/next", json={"limit": LIMIT}).json["tracks"]

    assert 0 in map(feel_of, first)
    assert 0 not in map(feel_of, then)


def test_unknown_tastes_are_not_found(api, user):
    """A taste of another listener is unknown."""
    play(api, user, 0)
    own = with_track(api, user, 0)["id"]

    assert status(api.post(f"/v1/users/{user}/tastes/none/dismiss")) == 404
    assert status(api.delete(f"/v1/users/{user}/tastes/none/dismiss")) == 404
    assert status(api.post(f"/v1/users/{next(names)}/tastes/{own}/dismiss")) == 404


def test_a_removed_track_leaves_the_tastes_and_comes_back(api, user):
    """Its listens stay; the answer lists it, so that the removal can be undone."""
    play(api, user, 0, 4, 1)
    assert status(api.delete(f"/v1/users/{user}/tracks/test:1")) == 204
    removed = tastes(api, user)

    assert [set(taste["plays"]) for taste in removed["tastes"]] == [{track_id(0), track_id(4)}]
    assert [each["track"]["id"] for each in removed["removed"]] == [track_id(1)]
    assert removed["counts"]["events"]["play"] == 3
    assert 1 not in recommended_feels(api, user)[:3]
    assert status(api.put(f"/v1/users/{user}/tracks/test:1")) == 204
    assert with_track(api, user, 1)
    assert tastes(api, user)["removed"] == []
    assert status(api.delete(f"/v1/users/{user}/tracks/nobody")) == 404


def test_an_event_of_a_session_is_stored_once_however_often_it_is_sent(api, services, user):
    """A player that closed in mid-session sends its last event twice: to the listens, and later to the session."""
    session = api.post("/v1/radio", json={"user": user, "seeds": {"tracks": ["test:0"]}}).json["id"]
    event = {"track_id": "test:4", "event": "play", "at": "2026-03-01T20:15:00.123Z", "played_ms": 2_000}
    api.post(f"/v1/users/{user}/listens", json={"listens": [event]})
    api.post(f"/v1/radio/{session}/next", json={"events": [event], "call": "1"})
    api.post(f"/v1/radio/{session}/next", json={"events": [event], "call": "2"})

    assert services.catalogue.listens.counts(user).by_kind[EventKind.PLAY] == 1
    assert [play["track_id"] for play in api.get(f"/v1/radio/{session}").json["played"]] == [track_id(4)]


def test_without_keys_the_sender_may_do_everything(api):
    """There is no key, and every listener is allowed."""
    assert api.get("/v1/me").json == {
        "authenticated": False,
        "key": None,
        "session": None,
        "listener": None,
        "listeners": None,
        "scopes": ["read", "listen", "ingest", "admin"],
    }


def test_a_key_shows_what_it_may_do_and_lists_its_listeners_only(api, services, user):
    """A key that is bound to one listener names it, and sees no other."""
    play(api, user, 0)
    play(api, next(names), 0)
    key = services.catalogue.keys.create("phone", [Scope.LISTEN, Scope.READ], [user])
    headers = {"Authorization": f"Bearer {key.text}"}
    me = api.get("/v1/me", headers=headers).json
    listed = api.get("/v1/users", headers=headers).json["users"]
    services.catalogue.keys.revoke(key.id)

    assert me == {
        "authenticated": True,
        "key": {"id": key.id, "name": "phone", "scopes": ["listen", "read"]},
        "session": None,
        "listener": user,
        "listeners": [user],
        "scopes": ["read", "listen"],
    }
    assert [(each["name"], each["listens"]) for each in listed] == [(user, 1)]
    assert len(api.get("/v1/users").json["users"]) > 1

"""New listeners over HTTP: mood presets, and the start from moods, artists and tracks."""

import itertools

import pytest

from services.api.request_limits import START_CHOICES_MAX, START_MOODS_MAX
from services.words.moods import moods
from tests.fakes.library import track_id

names = (f"newcomer {number}" for number in itertools.count())


@pytest.fixture
def user():
    return next(names)


def start(api, user, status=200, **choice):
    answer = api.post(f"/v1/users/{user}/start", json=choice)
    assert answer.status_code == status, answer.json
    return answer.json


def artists(answer):
    return {track["artist"] for track in answer["tracks"]}


def test_all_mood_presets_are_listed(api):
    """Each preset has its id, titles, words, targets and filters."""
    found = api.get("/v1/moods").json["moods"]
    sleep = next(mood for mood in found if mood["id"] == "sleep")

    assert [mood["id"] for mood in found] == list(moods())
    assert sleep["titles"] == {"en": "Sleep", "de": "Schlaf"}
    assert {"text": "drums", "weight": -0.5} in sleep["words"]
    assert sleep["targets"]["tempo"] == 65
    assert sleep["filters"] == {"energy": {"min": None, "max": 0.5}}


def test_a_new_listener_gets_tracks_at_once(api, user):
    """The first answer follows the choice, and every call that it suggests is one of the API."""
    answer = start(api, user, moods=["party"], artists=["artist 3", "Nobody"], tracks=["test:1", "gone"], limit=5)
    reasons = {reason for track in answer["tracks"] for reason in track["because_of"]}

    assert len(answer["tracks"]) == 5
    assert reasons <= {"mood:party", "artist:artist 3", track_id(1)}
    assert answer["unknown"] == ["Nobody", "gone"]
    assert [(call["method"], call["path"].replace("%20", " ")) for call in answer["next"]] == [
        ("POST", f"/v1/users/{user}/listens"),
        ("GET", f"/v1/users/{user}/recommendations"),
        ("POST", "/v1/radio"),
    ]


def test_recommendations_and_radio_follow_the_start(api, user):
    """Without any listen, recommendations, tastes and radio sessions are of the chosen artist's kind of music."""
    start(api, user, artists=["Artist 2"])
    recommended = api.get(f"/v1/users/{user}/recommendations", query_string={"limit": 2}).json
    tastes = api.get(f"/v1/users/{user}/taste").json["tastes"]
    session = api.post("/v1/radio", json={"user": user, "variety": 0}).json
    played = api.post(f"/v1/radio/{session['id']}/next", json={"limit": 1}).json

    assert artists(recommended) == artists(played) == {"Artist 2"}
    assert played["tracks"][0]["because_of"] == ["artist:Artist 2"]
    assert len(tastes) == len(session["directions"]) == 1


def test_a_start_fades_as_listens_arrive(api, user):
    """The taste of the start has the whole answer at first, and a small share after likes of another kind."""
    start(api, user, artists=["Artist 2"])
    [first] = api.get(f"/v1/users/{user}/taste").json["tastes"]
    listens = [{"track_id": track_id(number), "event": "like"} for number in range(3, 24, 4)]
    api.post(f"/v1/users/{user}/listens", json={"listens": listens})
    *_, last = api.get(f"/v1/users/{user}/taste").json["tastes"]

    assert (first["weight"], last["plays"]) == (1.0, first["plays"])
    assert last["weight"] < 0.1


def test_a_start_is_shown_replaced_and_forgotten(api, user):
    """A second start replaces the first; deleting the listener deletes it."""
    start(api, user, moods=["focus"], tracks=["test:1"])
    start(api, user, moods=["sleep", "sleep"], artists=["Artist 1"])
    shown = api.get(f"/v1/users/{user}/start").json
    api.delete(f"/v1/users/{user}")
    forgotten = api.get(f"/v1/users/{user}/start")

    assert {name: shown[name] for name in ("moods", "artists", "tracks")} == {
        "moods": ["sleep"],
        "artists": ["Artist 1"],
        "tracks": [],
    }
    assert forgotten.status_code == 404


def test_a_start_without_a_match_stores_nothing(api, user):
    """If no choice matches a track, the error says so and the listener has no start."""
    answer = start(api, user, 422, artists=["Nobody"])

    assert "None of the moods, artists and tracks" in answer["detail"]
    assert api.get(f"/v1/users/{user}/start").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, "at least one of"),
        ({"moods": ["grumpy"]}, "focus, study, reading"),
        ({"moods": ["focus"] * (START_MOODS_MAX + 1)}, "`moods`"),
        ({"artists": ["A"] * (START_CHOICES_MAX + 1)}, "`artists`"),
        ({"artists": ["A\0"]}, "`artists.0`"),
        ({"tracks": [""]}, "`tracks.0`"),
        ({"moods": ["focus"], "limit": 0}, "`limit`"),
    ],
)
def test_a_wrong_choice_is_named(api, user, wrong, named):
    """The problem names the field; for an unknown mood, it lists all moods."""
    assert named in start(api, user, 422, **wrong)["detail"]


@pytest.mark.parametrize(
    "asked",
    [
        lambda api, mood: api.post("/v1/recommendations", json={"mood": mood}),
        lambda api, mood: api.get("/v1/users/somebody/recommendations", query_string={"mood": mood}),
        lambda api, mood: api.get("/v1/search", query_string={"text": "music", "mood": mood}),
    ],
    ids=["recommendations", "listener", "search"],
)
def test_a_mood_is_accepted_wherever_words_are(api, asked):
    """The tracks fit the filters of the mood and name it as a reason; an unknown mood is refused with a list."""
    answer = asked(api, "sleep")
    refused = asked(api, "grumpy")

    assert answer.status_code == 200, answer.json
    assert all(track["attributes"]["energy"] <= 0.5 for track in answer.json["tracks"])
    assert "mood:sleep" in answer.json["tracks"][0]["because_of"]
    assert refused.status_code == 422
    assert "The mood presets are: focus, study" in refused.json["detail"]


def test_filters_and_targets_of_a_request_have_precedence_over_its_mood(api):
    """A range in the request replaces the mood's range of the same field."""
    filters = {"energy": {"min": 0.6}}
    answer = api.post("/v1/recommendations", json={"mood": "sleep", "filters": filters}).json

    assert {track["attributes"]["energy"] for track in answer["tracks"]} == {0.75}

"""Radio sessions over HTTP: requests, responses, concurrent calls, and the terms of a session."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE

FEELS = 4


def start(api, *numbers, **body):
    seeds = {"tracks": [f"test:{number}" for number in numbers]} if numbers else {}
    answer = api.post("/v1/radio", json={"seeds": seeds, "seed": 1, **body})
    assert answer.status_code == 201, answer.json
    return answer.json


def following(api, session, *events, limit=10, **body):
    answer = api.post(f"/v1/radio/{session['id']}/next", json={"events": list(events), "limit": limit, **body})
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(answer):
    return [track["id"] for track in answer["tracks"]]


def event(track, kind="play"):
    return {"track_id": track, "event": kind}


def test_a_session_is_started_shown_and_ended(api):
    """`Location` is the path of the session, which shows labelled directions; after DELETE it is gone."""
    answer = api.post("/v1/radio", json={"seeds": {"tracks": ["test:0", "nobody"]}})
    shown = api.get(answer.headers["Location"])

    assert (answer.status_code, shown.status_code) == (201, 200)
    assert answer.json["unknown"] == ["nobody"]
    [direction] = shown.json["directions"]
    assert (direction["active"], direction["plays"], direction["weight"]) == (True, [track_id(0)], 1)
    assert direction["label"].startswith("calm")
    assert api.delete(answer.headers["Location"]).status_code == 204
    for gone in (api.get, api.delete):
        assert gone(answer.headers["Location"]).json["type"] == "urn:segue:problem:radio-not-found"


@pytest.mark.parametrize(
    ("seeds", "genre"), [({"artists": ["ARTIST 1"]}, "Folk"), ({"genres": ["industrial"]}, "Industrial")]
)
def test_an_artist_or_a_genre_is_a_seed(api, seeds, genre):
    """Most of the next tracks are of the named artist or genre."""
    session = start(api, seeds=seeds)
    heard = following(api, session, limit=4)["tracks"]

    assert Counter(track["genre"] for track in heard).most_common(1)[0][0] == genre


def test_a_genre_is_of_the_files_or_a_tag(api):
    """As in the Spotify API: no file has the genre "calm", but all tracks have the tag."""
    session = start(api, seeds={"genres": ["Calm", "polka"]})

    assert session["unknown"] == ["genre:polka"]
    assert session["directions"]
    assert len(ids(following(api, session, limit=4))) == 4


def test_seeds_without_any_match_are_refused(api):
    """A session of an unknown artist would play anything."""
    answer = api.post("/v1/radio", json={"seeds": {"artists": ["Nobody"], "tracks": ["spotify:x"]}})

    assert (answer.status_code, answer.json["title"]) == (422, "Invalid request")


def test_three_skips_of_one_kind_change_direction(api):
    """The kind's share of the next ten decreases by at least 70 %, and a like brings the direction back."""
    numbers = (0, 4, 3, 7)
    before = following(api, start(api, *numbers), limit=10)
    session = start(api, *numbers)
    first = following(api, session, limit=3)
    assert {direction["active"] for direction in first["directions"]} == {True}
    events = [event(track_id(number), "skip") for number in (8, 12, 16)]
    after = following(api, session, *events, limit=10)

    def share(answer):
        return sum(track["genre"] == "Ambient" for track in answer["tracks"]) / len(answer["tracks"])

    [turned] = [direction for direction in after["directions"] if not direction["active"]]
    assert set(turned["plays"]) == {track_id(0), track_id(4)}
    assert turned["rejections"] == 3
    assert share(before) >= 0.3
    assert share(after) <= 0.3 * share(before)
    back = following(api, session, event(track_id(8), "like"))
    assert all(direction["active"] for direction in back["directions"])


def test_a_repeated_call_gets_the_same_answer_and_counts_once(api):
    """After a lost response the client repeats its call; the session has moved on by one call only."""
    session = start(api, 0)
    first, again = (following(api, session, event("test:4", "skip"), call="a") for _ in range(2))
    other = api.post(f"/v1/radio/{session['id']}/next", json={"call": "a", "limit": 3})
    shown = api.get(f"/v1/radio/{session['id']}").json

    assert first == again
    assert (shown["answered"], len(shown["played"])) == (10, 1)
    assert other.status_code == 422
    assert "'a'" in other.json["detail"]
    assert not set(ids(first)) & set(ids(following(api, session, call="b")))


def test_an_event_with_the_same_time_counts_once(api):
    """A player that reports its last events with every call does not skip a track three times."""
    session = start(api, 0)
    skip = event("test:4", "skip") | {"at": "2026-11-01T12:00:00Z"}
    following(api, session, skip)
    answer = following(api, session, skip, event("spotify:x"))

    assert [direction["rejections"] for direction in answer["directions"]] == [1]
    assert answer["unknown"] == ["spotify:x"]
    assert len(api.get(f"/v1/radio/{session['id']}").json["played"]) == 1


def test_concurrent_calls_return_different_tracks(app):
    """Several processes may continue one session: no track is returned twice, and no call is lost."""
    session = start(app.test_client(), 0)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ids(following(app.test_client(), session, limit=4)), range(5)))
    heard = [track for answer in answers for track in answer]

    assert len(heard) == 20
    assert len(set(heard)) == 20


numbers = st.integers(0, LIBRARY_SIZE - 1)
reports = st.lists(st.tuples(numbers, st.sampled_from(["play", "skip", "like", "dislike", "ban"])), max_size=5)


terms = st.fixed_dictionaries(
    {
        "filters": st.fixed_dictionaries({"tempo": st.fixed_dictionaries({"min": st.integers(75, 105)})}),
        "exclude": st.fixed_dictionaries(
            {
                "tracks": st.lists(numbers.map("test:{}".format), max_size=4),
                "artists": st.lists(st.sampled_from([f"Artist {feel}" for feel in range(FEELS)]), max_size=2),
            }
        ),
        "order": st.sampled_from(["relevance", "flow", "energy_down"]),
        "targets": st.sampled_from([{}, {"energy": 1.0, "tempo": 90}]),
    }
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seeds=st.lists(numbers, max_size=3, unique=True),
    terms=terms,
    calls=st.lists(st.tuples(reports, st.integers(1, 12)), min_size=1, max_size=4),
)
def test_whatever_happens_the_session_keeps_to_its_terms(api, seeds, terms, calls):
    """No track is excluded, barred or outside of the filters; none comes twice while unheard ones are left."""
    session = start(api, *seeds, **terms)
    qualified = {
        track_id(number)
        for number in range(LIBRARY_SIZE)
        if 80 + number >= terms["filters"]["tempo"]["min"]
        and f"test:{number}" not in terms["exclude"]["tracks"]
        and f"Artist {number % FEELS}" not in terms["exclude"]["artists"]
    }
    heard, barred = {track_id(number) for number in seeds}, set()
    for reported, limit in calls:
        for number, kind in reported:
            heard.add(track_id(number))
            if kind in ("ban", "dislike"):
                barred.add(track_id(number))
            elif kind == "like":
                barred.discard(track_id(number))
        events = [event(f"test:{number}", kind) for number, kind in reported]
        answered = ids(following(api, session, *events, limit=limit))

        assert len(answered) == len(set(answered))
        assert set(answered) <= qualified - barred
        assert len(set(answered) - heard) == min(limit, len(qualified - heard))
        heard.update(answered)


def test_a_session_can_start_from_words_alone(api):
    """The first tracks are of the described kind; the session shows what was understood."""
    session = start(api, text="folk", variety=0)
    answer = following(api, session, limit=1)

    assert [track["genre"] for track in answer["tracks"]] == ["Folk"]
    assert answer["tracks"][0]["because_of"][0] == "words:folk"
    assert [text["rest"] for text in session["understood"]] == ["folk"]


def test_text_and_mood_steer_a_running_session_until_they_are_ended(api):
    """`calmer now` compares with the reported track; null ends a text or a mood; a missing field changes nothing."""
    session = start(api, 3)
    steered = following(api, session, event(track_id(7)), text="calmer now", mood="sleep", limit=4)
    kept = following(api, session, limit=2)
    without_mood = following(api, session, mood=None, limit=1)
    without_text = following(api, session, text=None, limit=1)
    shown = api.get(f"/v1/radio/{session['id']}").json

    [understood] = steered["understood"]
    assert understood["filters"]["energy"]["max"] < 0.75
    assert understood["rest"] is None
    assert all(track["attributes"]["energy"] <= 0.5 for track in steered["tracks"] + kept["tracks"])
    assert [(each["mood"], len(each["understood"])) for each in (steered, kept, without_mood, without_text, shown)] == [
        ("sleep", 1),
        ("sleep", 1),
        (None, 1),
        (None, 0),
        (None, 0),
    ]


def test_an_edited_text_steers_a_session(api):
    """An item of `understood` can be sent back with changes; it is not analysed again."""
    session = start(api, 3)
    [understood] = following(api, session, text="under 90 bpm", limit=1)["understood"]
    edited = {**understood, "filters": {"tempo": {"max": 95}}}
    answer = following(api, session, text=[edited], limit=8)

    assert answer["understood"][0]["filters"] == {"tempo": {"max": 95}}
    assert all(track["descriptors"]["tempo"] <= 95 for track in answer["tracks"])


@pytest.mark.parametrize("wrong", [{"mood": "grumpy"}, {"text": ""}, {"text": ["a"] * 9}, {"text": 1}])
def test_wrong_words_of_a_session_are_refused(api, wrong):
    """The problem names the field, and the session does not change."""
    session = start(api, 3, text="folk")
    answer = api.post(f"/v1/radio/{session['id']}/next", json=wrong)

    assert answer.status_code == 422
    assert f"`{next(iter(wrong))}" in answer.json["detail"]
    assert api.get(f"/v1/radio/{session['id']}").json["understood"] == session["understood"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=80)
    | st.sampled_from(["\0", "\ud800", "calmer \u202e now", "🎷" * 50, "慢一点", "a" * 10_001])
)
def test_any_text_steers_a_session_or_is_refused(api, text):
    """No text causes a server error, and a refused one changes nothing."""
    session = start(api, 3)
    answer = api.post(f"/v1/radio/{session['id']}/next", json={"text": text, "limit": 1})

    assert answer.status_code in {200, 400, 422}
    assert len(api.get(f"/v1/radio/{session['id']}").json["understood"]) == (answer.status_code == 200)

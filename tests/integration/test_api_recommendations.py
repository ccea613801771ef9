"""Recommendations over HTTP: histories, exclusions, filters, and invalid bodies."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api.request_limits import JSON_MAX_BYTES, RECOMMENDATION_MAX_BYTES
from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS
from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE

URL = "/v1/recommendations"


def test_a_history_gives_more_of_the_same(api):
    """For plays of one cluster, its other tracks are returned, and `because_of` names the plays."""
    history = [{"track_id": track_id(1)}, {"track_id": "test:5", "event": "like", "at": "2026-01-01T12:00:00+02:00"}]
    answer = api.post(URL, json={"history": history, "limit": 2})

    assert answer.status_code == 200
    assert {track["genre"] for track in answer.json["tracks"]} == {"Folk"}
    assert len(answer.json["tracks"]) == 2
    for track in answer.json["tracks"]:
        assert track["id"] not in (track_id(1), track_id(5))
        assert set(track["because_of"]) <= {track_id(1), track_id(5)}
        assert track["because_of"]
    assert answer.json["unknown"] == []


def test_unknown_ids_are_listed_and_ignored(api):
    """Ids that are not in the library are listed in `unknown`; the rest of the history counts."""
    answer = api.post(URL, json={"history": [{"track_id": "spotify:xyz"}, {"track_id": "test:1"}]})

    assert answer.json["unknown"] == ["spotify:xyz"]
    assert len(answer.json["tracks"]) == 10


def test_excluded_tracks_stay_out(api):
    """By their track id or an external id."""
    asked = {"history": [{"track_id": "test:1"}], "limit": 100}
    before = [track["id"] for track in api.post(URL, json=asked).json["tracks"]]
    after = api.post(URL, json={**asked, "exclude": {"tracks": [before[0], "test:5"]}}).json["tracks"]

    assert track_id(5) in before
    assert {track["id"] for track in after} == set(before) - {before[0], track_id(5)}


def test_filters_hold_for_every_answer(api):
    """Every condition in the body holds for every track."""
    filters = {"tempo": {"min": 90, "max": 100}, "genre": ["FOLK", "ambient"], "energy": {"max": 0.1}}
    answer = api.post(URL, json={"history": [{"track_id": "test:1"}], "limit": 100, "filters": filters})

    assert {track["id"] for track in answer.json["tracks"]} == {track_id(number) for number in (12, 16, 20)}


def test_an_empty_history_is_no_error(api):
    """The tracks come from the whole library, without tastes and reasons."""
    answer = api.post(URL, json={"history": []}).json

    assert len({track["id"] for track in answer["tracks"]}) == 10
    assert (answer["tastes"], answer["unknown"]) == ([], [])
    assert all(track["because_of"] == [] and track["taste"] is None for track in answer["tracks"])


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"#/history"}),
        ({"history": [{"track_id": "a", "event": "love"}]}, {"#/history/0/event"}),
        ({"history": [{}]}, {"#/history/0/track_id"}),
        ({"history": [{"track_id": "a", "at": "2026-01-01T00:00:00"}]}, {"#/history/0/at"}),
        ({"history": [{"track_id": "a", "played_ms": -1}]}, {"#/history/0/played_ms"}),
        ({"history": [], "limit": "10", "mood": "good"}, {"#/limit", "#/mood"}),
        ({"history": [], "limit": 101}, {"#/limit"}),
        ({"history": [], "filters": {"tempo": {"min": 9, "max": 1}}}, {"#/filters/tempo"}),
        ({"history": [], "filters": {"tempo": {}}}, {"#/filters/tempo"}),
        ({"history": [], "filters": {"genre": []}}, {"#/filters/genre"}),
        ({"history": [], "filters": {"colour": {"min": 1}}}, {"#/filters/colour"}),
        ({"history": [], "exclude": {"tracks": ["\u0000"]}}, {"#/exclude/tracks/0"}),
        ({"history": [{"track_id": "a"}] * 1001}, {"#/history"}),
        ([], {"#"}),
    ],
)
def test_each_wrong_field_is_pointed_to(api, body, pointers):
    """An invalid body gets 422, and `errors` points to every wrong field."""
    answer = api.post(URL, json=body)

    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json["errors"]} == pointers


@pytest.mark.parametrize(
    "data", ["", "{", '{"history": [NaN]', "\ud800".encode(errors="surrogatepass"), b"\xff", "[" * 9999]
)
def test_invalid_json_is_400(api, data):
    """With a problem document."""
    answer = api.post(URL, data=data, content_type="application/json")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


def test_a_body_of_another_type_is_415(api):
    """JSON is required, so that an HTML form of another site cannot post."""
    assert api.post(URL, data={"history": "[]"}).status_code == 415


@pytest.mark.parametrize(("url", "limit"), [(URL, RECOMMENDATION_MAX_BYTES), ("/v1/radio", JSON_MAX_BYTES)])
def test_a_body_that_is_too_long_is_413(api, url, limit):
    """Recommendations take pictures in the body, other requests 256 KiB of JSON."""
    answer = api.post(url, data=b" " * (limit + 1), content_type="application/json")

    assert answer.status_code == 413
    assert f"{limit:,}" in answer.json["detail"]


names = st.one_of(
    st.integers(0, LIBRARY_SIZE - 1).map(track_id),
    st.integers(0, LIBRARY_SIZE + 5).map("test:{}".format),
    st.text(max_size=12),
)
events = st.fixed_dictionaries(
    {"track_id": names},
    optional={
        "event": st.sampled_from(["play", "skip", "like", "dislike", "hum"]),
        "at": st.one_of(st.none(), st.datetimes().map(lambda moment: moment.isoformat() + "Z"), st.just("yesterday")),
        "played_ms": st.one_of(st.none(), st.integers(-10, 10**9)),
    },
)
numbers = st.one_of(st.none(), st.floats(), st.integers(-(10**20), 10**20), st.floats(0, 200))
filters = st.dictionaries(
    st.sampled_from([*RANGE_FIELDS, "colour"]), st.dictionaries(st.sampled_from(["min", "max"]), numbers), max_size=3
)
keywords = st.dictionaries(st.sampled_from(KEYWORD_FIELDS), st.lists(st.text(max_size=5), max_size=3), max_size=2)
bodies = st.fixed_dictionaries(
    {"history": st.lists(events, max_size=6)},
    optional={
        "limit": st.one_of(st.integers(-1, 102), st.text(max_size=2)),
        "filters": st.one_of(st.none(), st.builds(lambda left, right: {**left, **right}, filters, keywords)),
        "exclude": st.lists(names, max_size=3),
    },
)


@given(body=bodies)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_gets_an_answer_or_a_problem(api, body):
    """The answer is 200 and meets the conditions, or a problem with a status of 400 or 422."""
    answer = api.post(URL, data=json.dumps(body), content_type="application/json")

    if answer.status_code != 200:
        assert answer.status_code in (400, 422), answer.text
        assert answer.content_type == "application/problem+json"
        return
    found = [track["id"] for track in answer.json["tracks"]]
    named = [event["track_id"] for event in body["history"]] + body.get("exclude", [])
    assert len(found) == len(set(found)) <= body.get("limit", 10)
    assert not set(found) & set(named)
    assert not {f"test:{number}" for number in range(LIBRARY_SIZE) if track_id(number) in found} & set(named)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_outside_of_utc_years_is_no_error(api, at):
    """A time that cannot be converted to UTC counts."""
    answer = api.post(URL, json={"history": [{"track_id": "test:1", "at": at}, {"track_id": "test:5"}]})

    assert answer.status_code == 200
    assert answer.json["tracks"]

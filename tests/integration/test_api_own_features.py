"""Own features over HTTP: import, every kind of answer with conditions, tracks, tables and removal."""

import io
import json

import pytest

from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE, wait_until_indexed

ALL = 100
ALLOWED = {track_id(number) for number in range(8)}
CONDITIONS = ["mine.rank:..15", "mine.ok:true", "mine.scene:EVENING", "mine.scene:night"]
ROWS = [
    f"test:{number},{number},{'true' if number < 8 else 'false'},{'evening' if number % 2 else 'night'}"
    for number in range(20)
]


def put(api, content, namespace="mine", **fields):
    form = {"file": (io.BytesIO(content.encode()), "features.csv"), **fields}
    return api.put(f"/v1/own-features/{namespace}", data=form, content_type="multipart/form-data")


@pytest.fixture(scope="module", autouse=True)
def imported(services, app):
    """Ranks, flags and texts of twenty tracks; eight of them meet all conditions."""
    answer = put(app.test_client(), "\n".join(["track_id,rank,ok,scene", *ROWS]))
    assert answer.status_code == 200, answer.json
    assert answer.json == {"own_features": ["mine.ok", "mine.rank", "mine.scene"], "tracks": 20, "unknown_tracks": 0}
    wait_until_indexed(services)


def recommended(api, own_features):
    body = {"history": [{"track_id": "test:0"}], "limit": ALL, "filters": {"own_features": own_features}}
    return api.post("/v1/recommendations", json=body)


def similar(api, own_features):
    return api.get(f"/v1/tracks/{track_id(0)}/similar", query_string={"limit": ALL, "own_features": own_features})


def path(api, own_features):
    query = {"from": "test:1", "to": "test:2", "steps": ALL, "own_features": own_features}
    return api.get("/v1/path", query_string=query)


def of_listener(api, own_features):
    return api.get("/v1/users/anna/recommendations", query_string={"limit": ALL, "own_features": own_features})


def searched(api, own_features):
    query = {"text": "under 200 bpm", "limit": ALL, "own_features": own_features}
    return api.get("/v1/search", query_string=query)


def of_radio(api, own_features):
    started = api.post("/v1/radio", json={"seeds": {"tracks": ["test:0"]}, "filters": {"own_features": own_features}})
    return (
        started if started.status_code != 201 else api.post(f"/v1/radio/{started.json['id']}/next", json={"limit": ALL})
    )


def listed(api, own_features):
    return api.get("/v1/tracks", query_string={"limit": ALL, "own_features": own_features})


ANSWERS = [recommended, similar, path, of_listener, searched, of_radio, listed]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: each.__name__)
def test_every_answer_keeps_to_the_conditions(api, answer):
    """They are combined with AND; texts of a feature are alternatives."""
    found = {track["id"] for track in answer(api, CONDITIONS).json["tracks"]}
    only_flag = {track["id"] for track in answer(api, ["mine.ok:false"]).json["tracks"]}

    assert found <= ALLOWED
    assert found
    ends = {track_id(1), track_id(2)} if answer is path else set()
    assert only_flag - ends <= {track_id(number) for number in range(8, 20)}


def test_the_library_is_filtered(api):
    """Each condition alone, and all of them."""
    counts = {
        condition: listed(api, [condition]).json["total"]
        for condition in ("mine.rank:3", "mine.rank:10..12", "mine.ok:true", "mine.ok:0", "mine.scene:Night")
    }

    assert counts == {
        "mine.rank:3": 1,
        "mine.rank:10..12": 3,
        "mine.ok:true": 8,
        "mine.ok:0": 12,
        "mine.scene:Night": 10,
    }
    assert {track["id"] for track in listed(api, CONDITIONS).json["tracks"]} == ALLOWED
    assert listed(api, []).json["total"] == LIBRARY_SIZE


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("mine.other:1..2", "There is no own feature 'mine.other'"),
        ("mine.rank:high", "after the colon must be LOW..HIGH"),
        ("mine.rank:2..1", "after the colon must be LOW..HIGH"),
        ("mine.rank:nan", "after the colon must be LOW..HIGH"),
        ("mine.rank", "write `mine.rank:` and a value"),
        ("mine.ok:maybe", "after the colon must be true or false"),
    ],
)
def test_wrong_conditions_are_refused(api, answer, condition, message):
    """With the condition, instead of an answer without tracks."""
    answered = answer(api, [condition])

    assert answered.status_code == 422, answered.json
    assert message in answered.json["detail"]


def test_two_conditions_on_a_number_are_refused(api):
    """Because one range says the same."""
    assert "has two conditions" in listed(api, ["mine.rank:1..", "mine.rank:..2"]).json["detail"]


def test_a_track_shows_its_values(api):
    """Numbers, flags and texts as what they are."""
    shown = api.get(f"/v1/tracks/{track_id(1)}").json["own_features"]

    assert shown == {"mine.ok": True, "mine.rank": 1.0, "mine.scene": "evening"}
    assert shown["mine.ok"] is True
    assert api.get(f"/v1/tracks/{track_id(21)}").json["own_features"] == {}


def test_features_are_listed(api):
    """With type, range and number of tracks."""
    found = api.get("/v1/own-features").json["own_features"]

    assert [(each["name"], each["type"], each["tracks"], each["low"], each["high"]) for each in found] == [
        ("mine.ok", "flag", 20, None, None),
        ("mine.rank", "number", 20, 0.0, 19.0),
        ("mine.scene", "text", 20, None, None),
    ]


def test_the_table_has_a_column_for_each(api):
    """Of the type of the feature."""
    rows = {each["track_id"]: each for each in map(json.loads, api.get("/v1/export/features").text.splitlines())}

    assert {name: rows[track_id(1)][name] for name in ("mine.ok", "mine.rank", "mine.scene")} == {
        "mine.ok": True,
        "mine.rank": 1.0,
        "mine.scene": "evening",
    }
    assert rows[track_id(21)]["mine.rank"] is None


def test_a_wrong_file_is_refused_with_the_row(api):
    """And nothing of it is imported."""
    answer = put(api, "track_id,rank\ntest:0,1\ntest:99,2\n", "other")

    assert answer.status_code == 422
    assert "'features.csv', row 3: no track has the id 'test:99'" in answer.json["detail"]
    assert put(api, "track_id,rank\ntest:0,1\ntest:99,2\n", "other", skip_unknown="true").json["unknown_tracks"] == 1
    assert api.delete("/v1/own-features/other").status_code == 204
    assert api.delete("/v1/own-features/other").status_code == 404


def test_smart_playlists_keep_their_conditions(api):
    """Also after the feature is removed; then no track meets them."""
    assert put(api, "track_id,score\ntest:1,1\ntest:2,5\n", "other").status_code == 200
    rules = {"filters": {"own_features": ["other.score:2.."]}, "sort": "title", "limit": 50}
    made = api.post("/v1/playlists", json={"name": "Smart", "rules": rules}).json

    assert [item["track"]["id"] for item in made["items"]] == [track_id(2)]
    assert made["rules"]["filters"]["own_features"] == ["other.score:2.."]
    assert api.delete("/v1/own-features/other.score").status_code == 204
    made = api.post(f"/v1/playlists/{made['id']}/refresh").json
    assert (made["items"], made["rules"]["filters"]["own_features"]) == ([], ["other.score:2.."])

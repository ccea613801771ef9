"""Paths between two tracks, over HTTP."""

import pytest

from tests.fakes.library import register, track_id, write_tone

URL = "/v1/path"


def ids(answer):
    return [track["id"] for track in answer.json["tracks"]]


def test_a_path_leads_from_one_track_to_another(api):
    """It has the requested length, no track twice, both ends, and the similarity of neighbours."""
    answer = api.get(URL, query_string={"from": "test:0", "to": track_id(3), "steps": 6})

    assert answer.status_code == 200
    assert (ids(answer)[0], ids(answer)[-1]) == (track_id(0), track_id(3))
    assert len(set(ids(answer))) == 6
    similarities = [track["similarity"] for track in answer.json["tracks"]]
    assert similarities[0] == 1
    assert all(-1 <= similarity < 1 for similarity in similarities[1:])
    assert {track["artist"] for track in answer.json["tracks"]} >= {"Artist 0", "Artist 3"}


def test_a_path_has_ten_steps_by_default(api):
    """Two steps are the ends alone."""
    assert len(ids(api.get(URL, query_string={"from": "test:0", "to": "test:3"}))) == 10
    assert ids(api.get(URL, query_string={"from": "test:0", "to": "test:3", "steps": 2})) == [track_id(0), track_id(3)]


def test_filters_apply_between_the_ends(api):
    """The path is shorter if too few tracks match."""
    parameters = {"from": "test:0", "to": "test:3", "steps": 20, "genre": "folk", "min_tempo": 90}
    between = ids(api.get(URL, query_string=parameters))[1:-1]

    assert set(between) == {track_id(number) for number in (13, 17, 21)}


def test_a_path_from_a_track_to_itself_is_that_track(api):
    """Under either id."""
    assert ids(api.get(URL, query_string={"from": "test:5", "to": track_id(5)})) == [track_id(5)]


def test_a_path_may_have_one_track_of_each_artist(api):
    """The four artists of the library once each; variety draws other tracks."""
    parameters = {"from": "test:0", "to": "test:3", "steps": 20, "one_per_artist": "true"}
    tracks = api.get(URL, query_string=parameters).json["tracks"]
    varied = ids(api.get(URL, query_string={**parameters, "variety": 1, "seed": 5}))

    assert sorted(track["artist"] for track in tracks) == ["Artist 0", "Artist 1", "Artist 2", "Artist 3"]
    assert varied == ids(api.get(URL, query_string={**parameters, "variety": 1, "seed": 5}))


@pytest.mark.parametrize(
    ("parameters", "status", "named"),
    [
        ({"from": "test:0", "to": "spotify:x"}, 404, "'spotify:x'"),
        ({"from": "nobody", "to": "test:0"}, 404, "'nobody'"),
        ({"from": "test:0"}, 422, "to"),
        ({"from": "test:0", "to": "test:1", "steps": 1}, 422, "steps"),
        ({"from": "test:0", "to": "test:1", "steps": 101}, 422, "steps"),
        ({"from": "test:0", "to": "\0"}, 422, "to"),
        ({"from": "test:0", "to": "test:1", "variety": 2}, 422, "variety"),
        ({"from": "test:0", "to": "test:1", "mood": "x"}, 422, "mood"),
    ],
)
def test_unknown_ends_and_invalid_parameters_are_named(api, parameters, status, named):
    """By the detail of the problem."""
    answer = api.get(URL, query_string=parameters)

    assert answer.status_code == status
    assert named in answer.json["detail"]


def test_an_end_that_is_not_analysed_is_named(api, services, tmp_path):
    """A pending track cannot be an end of a path, and the problem names its status."""

    register(services.catalogue, write_tone(tmp_path / "new.wav", 700), 900)
    answer = api.get(URL, query_string={"from": "test:0", "to": "test:900"})

    assert answer.status_code == 422
    assert "'test:900' has no analysis: its status is 'pending'" in answer.json["detail"]

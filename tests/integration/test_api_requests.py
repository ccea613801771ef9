"""What clients expect of requests: first tracks of a radio at once, short forms, batches, explained scores."""

from itertools import pairwise

import pytest

from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE

UNKNOWN = "isrc:USRC17607839"


def recommended(api, **body):
    answer = api.post("/v1/recommendations", json={"history": [{"track_id": "test:0"}, {"track_id": "test:1"}], **body})
    assert answer.status_code == 200, answer.json
    return answer.json["tracks"]


def test_a_radio_session_returns_its_first_tracks_at_once(api):
    """With `limit`, no second request is needed, and the next tracks follow the first ones."""
    started = api.post("/v1/radio", json={"seeds": {"tracks": ["test:0"]}, "seed": 1, "limit": 5}).json
    following = api.post(f"/v1/radio/{started['id']}/next", json={"limit": 5}).json["tracks"]
    alone = api.post("/v1/radio", json={"seeds": {"tracks": ["test:0"]}, "seed": 1}).json
    later = api.post(f"/v1/radio/{alone['id']}/next", json={"limit": 5}).json["tracks"]

    assert len(started["tracks"]) == started["answered"] == 5
    assert alone["tracks"] == []
    assert [track["id"] for track in started["tracks"]] == [track["id"] for track in later]
    assert {track["id"] for track in started["tracks"]}.isdisjoint(track["id"] for track in following)


def test_seeds_may_be_a_list_of_ids(api):
    """The short form starts the same session."""
    short, long = (
        api.post("/v1/radio", json={"seeds": seeds, "seed": 1, "limit": 3}).json
        for seeds in (["test:0", "test:4"], {"tracks": ["test:0", "test:4"]})
    )

    assert short["tracks"] == long["tracks"] != []


@pytest.mark.parametrize("seeds", [[{"id": "test:0"}], [1]])
def test_a_wrong_list_of_seeds_is_told_the_right_shape(api, seeds):
    """The problem shows both forms."""
    answer = api.post("/v1/radio", json={"seeds": seeds})

    assert answer.status_code == 422
    assert 'must be ids, as in ["id"], or an object, as in {"tracks": ["id"]' in answer.json["detail"]


def test_rank_scores_fall_within_a_taste(api):
    """`rank_score` explains the order of an answer; `score` is a similarity and may rise."""
    tracks = recommended(api, limit=12, **dict.fromkeys(("max_per_artist", "max_per_album", "max_per_genre")))

    for taste in {track["taste"] for track in tracks}:
        scores = [track["rank_score"] for track in tracks if track["taste"] == taste]
        assert all(later <= earlier + 1e-6 for earlier, later in pairwise(scores))
        assert len(scores) > 1


@pytest.mark.parametrize("tag", ["calm", "mtt:calm", "MSD:Calm"])
def test_tags_of_audio_features_are_filters(api, tag):
    """A tag may be copied from audio features, with the prefix of its data set, or be named without it."""
    listed = api.get("/v1/tracks", query_string={"tags": tag}).json

    assert listed["total"] == LIBRARY_SIZE
    assert len(recommended(api, filters={"tags": [tag]}, limit=5)) == 5
    assert recommended(api, filters={"tags": ["mtt:loud"]}) == []


def test_tracks_are_listed_by_ids(api):
    """Track ids and external ids; unknown ones are left out."""
    ids = ["test:3", track_id(1), UNKNOWN]

    answer = api.get("/v1/tracks", query_string={"ids": ids, "sort": "tempo"}).json

    assert [track["id"] for track in answer["tracks"]] == [track_id(n) for n in (1, 3)]
    assert answer["total"] == 2
    assert api.get("/v1/tracks", query_string={"ids": [UNKNOWN]}).json["tracks"] == []


def test_tracks_are_listed_by_genre_and_artist(api):
    """Both conditions hold for every track, and the list is sorted."""
    [first] = api.get("/v1/tracks", query_string={"limit": 1}).json["tracks"]

    answer = api.get(
        "/v1/tracks", query_string={"genre": first["genre"], "artist": first["artist"], "sort": "tempo"}
    ).json["tracks"]

    assert {(track["genre"], track["artist"]) for track in answer} == {(first["genre"], first["artist"])}
    tempi = [track["descriptors"]["tempo"] for track in answer]
    assert tempi == sorted(tempi)


def test_many_analyses_are_read_at_once(api):
    """In the order of the request, each track once, like the answers to single requests."""
    ids = ["test:2", "test:1", UNKNOWN, "test:2"]

    answer = api.post("/v1/audio-features", json={"ids": ids})

    assert answer.json["unknown"] == [UNKNOWN]
    assert answer.json["audio_features"] == [api.get(f"/v1/audio-features/test:{n}").json for n in (2, 1)]


def test_a_batch_has_a_limit(api):
    """1,000 ids are read; more are refused."""
    everything = [f"test:{number}" for number in range(1_000)]

    assert len(api.post("/v1/audio-features", json={"ids": everything}).json["audio_features"]) == LIBRARY_SIZE
    assert api.post("/v1/audio-features", json={"ids": [*everything, "test:0"]}).status_code == 422
    assert api.post("/v1/audio-features", json={"ids": []}).status_code == 422

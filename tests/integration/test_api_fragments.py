"""Intros and excluded genres over HTTP: left out of every answer, and never out of the library."""

import pytest

from tests.fakes.library import record, register, track_id, write_tone
from tests.fakes.serving import LIBRARY_SIZE, wait_until_indexed

INTRO = LIBRARY_SIZE
ALL = 100
"""More than the library has."""


@pytest.fixture(scope="module", autouse=True)
def intro(services, library_dir):
    """A track of the genre Folk that is an intro by its title and its length."""
    file = write_tone(library_dir / "music" / "intro.wav", 999)
    record(services.catalogue, register(services.catalogue, file, INTRO, title="Intro", copy_of=1), 1)
    wait_until_indexed(services)


def recommended(api, **body):
    answer = api.post("/v1/recommendations", json={"history": [{"track_id": "test:0"}], "limit": ALL, **body})
    assert answer.status_code == 200, answer.json
    return answer.json["tracks"]


def similar(api, **query):
    return api.get(f"/v1/tracks/{track_id(0)}/similar", query_string={"limit": ALL, **query}).json["tracks"]


def path(api, **query):
    return api.get("/v1/path", query_string={"from": "test:0", "to": "test:2", "steps": ALL, **query}).json["tracks"]


def of_listener(api, **query):
    return api.get("/v1/users/anna/recommendations", query_string={"limit": ALL, **query}).json["tracks"]


def searched(api, **query):
    return api.get("/v1/search", query_string={"text": "under 200 bpm", "limit": ALL, **query}).json["tracks"]


def of_radio(api, **body):
    filters = {"filters": {"exclude_genre": body.pop("exclude_genre")}} if "exclude_genre" in body else {}
    session = api.post("/v1/radio", json={"seeds": {"tracks": ["test:0"]}, **body, **filters}).json["id"]
    return api.post(f"/v1/radio/{session}/next", json={"limit": ALL}).json["tracks"]


def by_body(api, **body):
    filters = {"filters": {"exclude_genre": body.pop("exclude_genre")}} if "exclude_genre" in body else {}
    return recommended(api, **body, **filters)


ANSWERS = [by_body, similar, path, of_listener, searched, of_radio]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: each.__name__)
def test_fragments_are_found_on_request_only(api, answer):
    """Each kind of answer has an option for it."""
    without = {track["id"] for track in answer(api)}
    with_fragments = {track["id"] for track in answer(api, include_fragments=True)}

    assert track_id(INTRO) not in without
    assert with_fragments - without == {track_id(INTRO)}


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: each.__name__)
def test_genres_are_excluded(api, answer):
    """All tracks of other genres remain; the ends of a path are what was asked for."""
    found = answer(api, exclude_genre=["FOLK", "industrial"])
    between = [track for track in found if track["id"] not in (track_id(0), track_id(2))]

    assert between
    assert {track["genre"] for track in between} <= {"Ambient", "Orchestral"}


def test_the_library_has_fragments(api):
    """They can be looked up, listed, played and used as a seed."""
    assert api.get(f"/v1/tracks/{track_id(INTRO)}").json["fragment"] == "intro"
    assert api.get(f"/v1/tracks/{track_id(0)}").json["fragment"] is None
    listed = {track["id"] for track in api.get("/v1/tracks?limit=100").json["tracks"]}
    assert track_id(INTRO) in listed
    assert api.get(f"/v1/tracks/{track_id(INTRO)}/similar").status_code == 200
    assert api.get("/v1/search", query_string={"text": "Intro"}).json["tracks"][0]["id"] == track_id(INTRO)


def test_lists_of_the_library_exclude_genres(api):
    """With the same condition."""
    listed = api.get("/v1/tracks?limit=100&exclude_genre=folk&exclude_genre=ambient").json

    assert {track["genre"] for track in listed["tracks"]} == {"Industrial", "Orchestral"}
    assert listed["total"] == len(listed["tracks"])


def test_smart_playlists_keep_excluded_genres(api):
    """Their rules have the condition, and their tracks are music."""
    rules = {"filters": {"exclude_genre": ["Ambient"]}, "sort": "title", "limit": 50}
    made = api.post("/v1/playlists", json={"name": "Smart", "rules": rules}).json

    assert made["rules"]["filters"]["exclude_genre"] == ["Ambient"]
    found = [item["track"] for item in made["items"]]
    assert {track["genre"] for track in found} == {"Folk", "Industrial", "Orchestral"}
    assert track_id(INTRO) not in {track["id"] for track in found}

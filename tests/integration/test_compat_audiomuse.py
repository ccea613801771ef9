"""AudioMuse-AI's requests, over HTTP, with ids of a linked server and with Segue's."""

import pytest

from services.domain.filters import Filters
from services.domain.question import RESULTS_MAX, Question
from services.recommend.seeds import by_artist, exemplars
from tests.fakes.library import GENRES, track_id
from tests.fakes.named import retag
from tests.fakes.serving import LIBRARY_SIZE

FEELS = len(GENRES)


@pytest.fixture(scope="module", autouse=True)
def _linked(services, library_dir):
    """All even tracks have ids of a media server."""
    for number in range(0, LIBRARY_SIZE, 2):
        retag(services, library_dir, number, ids={"navidrome": f"nd{number}"})


def found(api, path, **parameters):
    answer = api.get(f"/api/{path}", query_string=parameters)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_similar_tracks_of_a_linked_server_have_its_ids(api):
    """Tracks that the server does not have are left out; the nearest come first."""
    tracks = found(api, "similar_tracks", item_id="nd2", n=4, eliminate_duplicates="true", radius_similarity="true")

    assert [set(track) for track in tracks] == [{"item_id", "title", "author", "album", "distance"}] * 4
    assert {int(track["item_id"].removeprefix("nd")) % FEELS for track in tracks} == {2}
    assert "nd2" not in {track["item_id"] for track in tracks}
    assert tracks == sorted(tracks, key=lambda track: track["distance"])
    assert len(found(api, "similar_tracks", item_id="nd2", n=200)) == LIBRARY_SIZE // 2 - 1


def test_similar_tracks_of_a_segue_id_are_those_of_segue(api):
    """The distance is 1 − similarity."""
    native = api.get("/v1/tracks/test:1/similar", query_string={"limit": 5}).json["tracks"]
    tracks = found(api, "similar_tracks", item_id=track_id(1), n=5)

    assert [track["item_id"] for track in tracks] == [track["id"] for track in native]
    assert tracks[0]["distance"] == pytest.approx(1 - native[0]["score"])


def test_a_track_may_be_named_by_title_and_artist(api):
    """In any case."""
    by_id = found(api, "similar_tracks", item_id="nd2", n=3)

    assert found(api, "similar_tracks", title="TITLE 002", artist="artist 2", n=3) == by_id


def test_a_path_has_its_ends_and_its_length(api):
    """It has at most `max_steps` tracks."""
    path = found(api, "find_path", start_song_id="nd0", end_song_id="nd2", max_steps=5)

    assert (path["path"][0]["item_id"], path["path"][-1]["item_id"]) == ("nd0", "nd2")
    assert 2 <= len(path["path"]) <= 5
    assert path["total_distance"] > 0


def test_the_server_of_an_id_may_be_named(api, services, library_dir):
    """Two servers may use one id for different tracks. A server that is not linked is named in the error."""
    retag(services, library_dir, 1, ids={"subsonic": "nd2"})
    ends = {"start_song_id": "nd2", "end_song_id": "nd2"}
    servers = ("", "navidrome", "subsonic")
    paths = [found(api, "find_path", **ends, server=server)["path"] for server in servers]

    assert [[track["title"] for track in path] for path in paths] == [
        *(["Title 002"], ["Title 002"], ["Title 001"]),
    ]
    assert {track["item_id"] for path in paths for track in path} == {"nd2"}
    unknown = api.get("/api/find_path", query_string={**ends, "server": "no such server"})
    assert (unknown.status_code, "'no such server'" in unknown.json["error"]) == (404, True)


@pytest.mark.parametrize("artist", ["Artist 0", "Artist 1", "Artist 2", "Artist 3"])
def test_similar_artists_are_other_artists(api, services, artist):
    """Every other artist of the library, each once, in the order of their most similar tracks."""
    artists = [each["artist"] for each in found(api, "similar_artists", artist=artist.upper())]
    [seed] = exemplars(services.index, [by_artist(artist)])
    question = Question(limit=RESULTS_MAX, filters=Filters(none_of={"artist": (artist,)}))
    following = [each.track_id for each in services.recommender.seeded([seed], question)]
    known = services.catalogue.tracks.get_many(following)

    assert sorted([*artists, artist]) == ["Artist 0", "Artist 1", "Artist 2", "Artist 3"]
    assert artists == list(dict.fromkeys(known[each].artist for each in following))
    assert [each["artist"] for each in found(api, "similar_artists", artist=artist, n=1)] == artists[:1]


@pytest.mark.parametrize(
    "parameters",
    [
        {"title": "title 004"},
        {"title": "Title 004", "artist": "Artist 0"},
        {"title": "004", "artist": "artist 0", "server": "navidrome"},
    ],
)
def test_a_search_finds_the_ids_of_the_linked_server(api, parameters):
    """By title, by artist and title, and by all words."""
    [track] = found(api, "search_tracks", **parameters)

    assert (track["item_id"], track["title"], track["author"]) == ("nd4", "Title 004", "Artist 0")


def test_a_search_finds_tracks_that_no_server_knows(api):
    """With Segue's ids, as long as no linked server knows one of them."""
    assert [track["item_id"] for track in found(api, "search_tracks", title="Title 005")] == [track_id(5)]
    assert {track["item_id"][:2] for track in found(api, "search_tracks", title="title")} == {"nd"}
    assert found(api, "search_tracks", title="nothing of the kind") == []
    assert found(api, "search_tracks") == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("similar_tracks?item_id=nobody", 404),
        ("similar_tracks?title=nothing&artist=nobody", 404),
        ("similar_tracks", 400),
        ("similar_tracks?item_id=nd2&server=zz", 404),
        ("similar_tracks?title=title+002&server=zz", 404),
        ("search_tracks?title=title&server=zz", 404),
        ("similar_tracks?item_id=nd2&n=0", 400),
        ("find_path?start_song_id=nd0", 400),
        ("find_path?start_song_id=nd0&end_song_id=nobody", 404),
        ("find_path?start_song_id=nd0&end_song_id=nd2&max_steps=1", 400),
        ("similar_artists?artist=nobody", 404),
        ("similar_artists", 400),
        ("nothing", 404),
    ],
)
def test_errors_are_an_object_with_error(api, path, status):
    """With the status that clients expect."""
    answer = api.get(f"/api/{path}")

    assert answer.status_code == status
    assert set(answer.json) == {"error"}
    assert answer.json["error"]


def test_errors_name_what_is_missing(api):
    """The parameter, or the server."""
    assert "`item_id` is required" in api.get("/api/similar_tracks").json["error"]
    assert "'zz'" in api.get("/api/similar_tracks?item_id=nd2&server=zz").json["error"]

"""Spotify's recommendations and audio features, over HTTP."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api.compat.ids import short
from tests.fakes.library import GENRES, track_id
from tests.fakes.named import retag
from tests.fakes.serving import LIBRARY_SIZE

BASE = "/v1/compat/spotify"
FEELS = len(GENRES)

FEATURES = {
    *("acousticness", "analysis_url", "danceability", "duration_ms", "energy", "id", "instrumentalness", "key"),
    *("liveness", "loudness", "mode", "speechiness", "tempo", "time_signature", "track_href", "type", "uri", "valence"),
}
TRACK = {
    *("album", "artists", "available_markets", "disc_number", "duration_ms", "explicit", "external_ids"),
    *("external_urls", "href", "id", "is_local", "is_playable", "name", "popularity", "preview_url", "track_number"),
    *("type", "uri"),
}
ALBUM = {
    *("album_type", "artists", "available_markets", "external_urls", "href", "id", "images", "name", "release_date"),
    *("release_date_precision", "total_tracks", "type", "uri"),
}
SEED = {"afterFilteringSize", "afterRelinkingSize", "href", "id", "initialPoolSize", "type"}


def recommended(api, **parameters):
    answer = api.get(f"{BASE}/recommendations", query_string=parameters)
    assert answer.status_code == 200, answer.json
    return answer.json


def numbers(answer):
    short_ids = {short(track_id(number)): number for number in range(LIBRARY_SIZE)}
    return [short_ids[track["id"]] for track in answer["tracks"]]


def test_a_seed_track_gives_similar_tracks(api):
    """The tracks are from its cluster, without the seed, and have every field of Spotify's objects."""
    answer = recommended(api, seed_tracks="test:1", limit=2)
    [seed] = answer["seeds"]

    assert {number % FEELS for number in numbers(answer)} == {1}
    assert 1 not in numbers(answer)
    assert set(seed) == SEED
    assert (seed["id"], seed["type"]) == ("test:1", "TRACK")
    for track in answer["tracks"]:
        assert set(track) == TRACK
        assert set(track["album"]) == ALBUM
        assert track["album"]["total_tracks"] == LIBRARY_SIZE // FEELS
        assert [artist["name"] for artist in track["artists"]] == ["Artist 1"]
        assert track["uri"] == f"spotify:track:{track['id']}"
        assert track["preview_url"].endswith("/audio#t=0.000,2.000")  # a shorter track is a preview as a whole


def test_links_work(api):
    """Every URL in a response gets 200."""
    answer = recommended(api, seed_tracks="test:1", seed_artists="artist 2", limit=1)
    [track] = answer["tracks"]
    links = [seed["href"] for seed in answer["seeds"]]
    links += [track["href"], track["preview_url"], track["artists"][0]["href"], track["album"]["href"]]
    links += [track["album"]["images"][0]["url"], track["external_urls"]["spotify"]]
    features = api.get(f"{BASE}/audio-features/{track['id']}").json
    links += [features["track_href"], features["analysis_url"]]

    assert [api.get(link).status_code for link in links] == [200] * len(links)
    listed = api.get(track["artists"][0]["external_urls"]["spotify"]).json["tracks"]
    assert track["artists"][0]["name"] in {each["artist"] for each in listed}
    assert api.get(track["artists"][0]["href"]).json["id"] == track["artists"][0]["id"]
    assert api.get(track["href"]).json == track


def test_artists_are_given_by_name_or_by_id(api):
    """A name in any case and the id of a track object give the same tracks, the artist's own included."""
    artist = recommended(api, seed_tracks="test:2", limit=1)["tracks"][0]["artists"][0]
    by_name, by_id = (recommended(api, seed_artists=name, limit=2) for name in ("ARTIST 2", artist["id"]))

    assert numbers(by_name) == numbers(by_id)
    assert {number % FEELS for number in numbers(by_name)} == {2}
    assert by_name["seeds"][0]["type"] == "ARTIST"


def test_genres_are_those_of_the_files_or_tags_of_the_analysis(api):
    """In any case; an unknown genre gives nothing."""
    folk, calm, polka = (recommended(api, seed_genres=name, limit=2) for name in ("FOLK", "calm", "polka"))

    assert {number % FEELS for number in numbers(folk)} == {GENRES.index("Folk")}
    assert len(numbers(calm)) == 2
    assert polka["tracks"] == []
    assert (folk["seeds"][0]["type"], folk["seeds"][0]["href"]) == ("GENRE", None)


def test_seeds_have_the_same_weight(api):
    """A track and an artist with six tracks get half of the response each."""
    answer = recommended(api, seed_tracks="test:0", seed_artists="Artist 3", limit=4)

    assert sorted(number % FEELS for number in numbers(answer)) == [0, 0, 3, 3]


def test_more_than_five_seeds_are_allowed(api):
    """Spotify allowed five; here all eight count."""
    answer = recommended(api, seed_tracks=",".join(f"test:{number}" for number in range(8)), limit=100)

    assert len(answer["seeds"]) == 8
    assert set(numbers(answer)) == set(range(8, LIBRARY_SIZE))


def test_pool_sizes_are_counted(api):
    """All tracks without the seeds, then those that meet the conditions; both are 0 for an unknown seed."""
    answer = recommended(api, seed_tracks="test:0,nobody", seed_genres="folk,polka", min_tempo=100, limit=100)
    sizes = {
        seed["id"]: (seed["initialPoolSize"], seed["afterFilteringSize"], seed["afterRelinkingSize"])
        for seed in answer["seeds"]
    }
    before, after = LIBRARY_SIZE - 1, 4  # tracks 20 to 23

    assert sizes == {
        "test:0": (before, after, after),
        "nobody": (0, 0, 0),
        "folk": (before, after, after),
        "polka": (0, 0, 0),
    }
    assert len(answer["tracks"]) == after


def test_targets_change_the_order(api):
    """A target changes which tracks come first, and excludes none."""
    slow, fast = (recommended(api, seed_tracks="test:0", target_tempo=tempo, limit=4) for tempo in (80, 103))

    assert sum(numbers(slow)) < sum(numbers(fast))
    assert len(recommended(api, seed_tracks="test:0", target_tempo=300, limit=100)["tracks"]) == LIBRARY_SIZE - 1


def test_unknown_values_count_as_0(api):
    """Conditions on popularity are ignored; an unknown liveness counts as 0."""
    everything = len(recommended(api, seed_tracks="test:0", limit=100)["tracks"])
    ignored = {"min_popularity": 50, "target_popularity": 90, "market": "SE", "x": "y"}

    assert len(recommended(api, seed_tracks="test:0", limit=100, **ignored)["tracks"]) == everything
    assert len(recommended(api, seed_tracks="test:0", limit=100, max_liveness=0.8)["tracks"]) == everything
    assert recommended(api, seed_tracks="test:0", limit=100, min_liveness=0.1)["tracks"] == []


ranges = {  # of 32 bits, as the index compares them
    "energy": st.floats(0, 1, width=32),
    "tempo": st.floats(75, 110, width=32),
    "key": st.integers(-1, 11),
    "mode": st.integers(0, 1),
    "time_signature": st.integers(0, 5),
    "liveness": st.floats(-0.25, 1, width=32),
    "loudness": st.floats(-70, 0, width=32),
    "duration_ms": st.integers(0, 4000),
}
ends = {f"{end}_{name}": values for name, values in ranges.items() for end in ("min", "max", "target")}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conditions=st.fixed_dictionaries({}, optional=ends), limit=st.integers(1, 100))
def test_conditions_apply_to_every_track(api, conditions, limit):
    """The audio features of every track meet them; the response is complete and has no duplicates."""
    parameters = {"seed_tracks": "test:0", "seed_genres": "folk", "limit": limit, **conditions}
    answer = api.get(f"{BASE}/recommendations", query_string=parameters)
    if any(conditions.get(f"min_{name}", -math.inf) > conditions.get(f"max_{name}", math.inf) for name in ranges):
        assert answer.status_code == 400
        return
    ids = [track["id"] for track in answer.json["tracks"]]
    everything = api.get(
        f"{BASE}/audio-features", query_string={"ids": ",".join(f"test:{n}" for n in range(1, LIBRARY_SIZE))}
    ).json["audio_features"]
    qualified = {
        features["id"]
        for features in everything
        if all(
            conditions.get(f"min_{name}", -math.inf) <= features[name] <= conditions.get(f"max_{name}", math.inf)
            for name in ranges
        )
    }

    assert set(ids) <= qualified
    assert len(set(ids)) == len(ids) == min(limit, len(qualified))
    assert all(seed["afterFilteringSize"] == len(qualified) for seed in answer.json["seeds"])


def test_audio_features_have_every_field(api):
    """The values are those of the v1 API, under Spotify's names."""
    features = api.get(f"{BASE}/audio-features/test:5").json
    native = api.get("/v1/audio-features/test:5").json

    assert set(features) == FEATURES
    assert features["type"] == "audio_features"
    assert features["id"] == short(track_id(5))
    for name in ("energy", "valence", "tempo", "key", "mode", "duration_ms", "acousticness"):
        assert features[name] == native[name]
    assert native["liveness"] is None
    assert (features["liveness"], features["loudness"], features["time_signature"]) == (0, -60, 4)


@pytest.mark.parametrize("path", [f"{BASE}/audio-features", f"{BASE}/audio-features/"])
def test_several_audio_features_keep_their_order(api, path):
    """Repeated ids are repeated in the response, and unknown ids give null."""
    ids = ["test:3", "nobody", short(track_id(1)), track_id(2), "test:3", f"spotify:track:{short(track_id(4))}"]
    found = api.get(path, query_string={"ids": ",".join(ids)}).json["audio_features"]

    assert [None if each is None else each["tempo"] for each in found] == [83, None, 81, 82, 83, 84]


def test_at_most_a_hundred_ids_are_allowed(api):
    """As in Spotify's API."""
    assert len(api.get(f"{BASE}/audio-features?ids={'x,' * 100}").json["audio_features"]) == 100
    assert api.get(f"{BASE}/audio-features?ids={'x,' * 101}").status_code == 400


@pytest.fixture
def _spotify_id_of_track_9(services, library_dir):
    retag(services, library_dir, 9, ids={"spotify": "4NHQUGzhtTLFvgF5SZesLK"})
    yield
    services.catalogue.external_ids.change(track_id(9), {"spotify": None})


@pytest.mark.usefixtures("_spotify_id_of_track_9")
def test_registered_spotify_ids_are_used(api):
    """A track that is registered as `spotify:…` is found by that id, and returned with it."""
    features = api.get(f"{BASE}/audio-features/4NHQUGzhtTLFvgF5SZesLK").json
    [track] = [
        track for track in recommended(api, seed_tracks="test:1", limit=100)["tracks"] if track["name"] == "Title 009"
    ]

    assert (features["tempo"], features["id"]) == (89, "4NHQUGzhtTLFvgF5SZesLK")
    assert track["uri"] == "spotify:track:4NHQUGzhtTLFvgF5SZesLK"
    assert track["external_urls"]["spotify"] == "https://open.spotify.com/track/4NHQUGzhtTLFvgF5SZesLK"
    assert api.get(track["href"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("recommendations", 400),
        ("recommendations?seed_tracks=,%20,", 400),
        ("recommendations?seed_tracks=a&limit=0", 400),
        ("recommendations?seed_tracks=a&limit=101", 400),
        ("recommendations?seed_tracks=a&limit=ten", 400),
        ("recommendations?seed_tracks=a&limit=1&limit=2", 400),
        ("recommendations?seed_tracks=a&min_energy=nan", 400),
        ("recommendations?seed_tracks=a&max_tempo=inf", 400),
        ("recommendations?seed_tracks=a&target_key=C", 400),
        ("recommendations?seed_tracks=a&min_energy=.9&max_energy=.1", 400),
        ("recommendations?seed_tracks=" + ",".join(map(str, range(101))), 400),
        ("recommendations?seed_genres=" + ",".join(map(str, range(21))), 400),
        ("audio-features", 400),
        ("audio-features?ids=", 400),
        ("audio-features/nobody", 404),
        ("audio-features/%00", 404),
        ("nothing", 404),
    ],
)
def test_errors_have_spotifys_format(api, path, status):
    """An object with status and message."""
    answer = api.get(f"{BASE}/{path}")

    assert (answer.status_code, answer.content_type) == (status, "application/json")
    assert set(answer.json) == {"error"}
    assert answer.json["error"]["status"] == status
    assert answer.json["error"]["message"]


def test_errors_outside_views_have_spotifys_format(api):
    """A foreign host name and an unsupported method; headers are kept."""
    foreign = api.get(f"{BASE}/audio-features?ids=x", headers={"Host": "evil.example"})
    posted = api.post(f"{BASE}/recommendations")

    assert (foreign.status_code, foreign.json["error"]["status"]) == (403, 403)
    assert (posted.status_code, posted.json["error"]["status"]) == (405, 405)
    assert "GET" in posted.headers["Allow"]


@pytest.mark.parametrize("name", ["\0", "\ud7ff", "%", "a" * 2000, "1" * 2000, "../../etc/passwd", "'; drop--", ":"])
def test_unusual_seeds_are_unknown(api, name):
    """They get an empty pool."""
    answer = recommended(api, seed_tracks=name, seed_artists=name, seed_genres=name)

    assert [seed["initialPoolSize"] for seed in answer["seeds"]] == [0, 0, 0]
    assert answer["tracks"] == []

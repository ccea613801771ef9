"""Spotify's tracks, artists and search, over HTTP."""

import pytest

from services.api.compat.ids import short
from services.catalog.library import FileStamp
from services.domain.track import Tags
from tests.fakes.library import track_id
from tests.fakes.named import retag
from tests.fakes.serving import LIBRARY_SIZE

BASE = "/v1/compat/spotify"


def found(api, path, **parameters):
    answer = api.get(f"{BASE}/{path}", query_string=parameters)
    assert answer.status_code == 200, answer.json
    return answer.json


def titles(answer):
    return [track["name"] for track in answer["tracks"]["items"]]


def searched(api, text, **parameters):
    return found(api, "search", q=text, type="track", **parameters)


def test_tracks_keep_the_order_of_their_ids(api):
    """By every kind of id; an unknown id gives null, and one track alone is the same object."""
    ids = [short(track_id(3)), "nobody", "test:1", track_id(2), f"spotify:track:{short(track_id(3))}"]
    tracks = found(api, "tracks", ids=",".join(ids))["tracks"]

    assert [track and track["name"] for track in tracks] == ["Title 003", None, "Title 001", "Title 002", "Title 003"]
    assert found(api, f"tracks/{ids[0]}") == tracks[0]
    assert tracks[0]["album"]["total_tracks"] == LIBRARY_SIZE // 4


def test_an_artist_is_found_by_id_and_by_name(api):
    """With the genres of its tracks; an unknown one gives Spotify's error."""
    [credited] = found(api, "tracks/test:1")["artists"]
    artist = found(api, f"artists/{credited['id']}")

    assert credited["id"].isalnum()
    assert (artist["name"], artist["genres"], artist["followers"]["total"]) == ("Artist 1", ["Folk"], 0)
    assert found(api, "artists/ARTIST 1") == artist
    assert api.get(f"{BASE}/artists/{'0' * 22}").json["error"]["status"] == 404


@pytest.fixture
def _nameless(services, library_dir):
    file = library_dir / "music" / "005.wav"
    stamp = FileStamp(str(file), str(file.parent), file.stat().st_size, file.stat().st_mtime_ns)
    services.catalogue.library.register(track_id(5), Tags(title="Title 005", ids={"test": ("5",)}), stamp)
    yield
    retag(services, library_dir, 5, ids={})


@pytest.mark.usefixtures("_nameless")
def test_a_track_without_tags_has_an_artist_and_an_album_with_ids(api):
    """Typed clients refuse null. The album is the track alone."""
    track = found(api, "tracks/test:5")
    [artist] = track["artists"]

    assert (artist["id"], artist["name"], artist["uri"]) == ("0" * 22, "", f"spotify:artist:{'0' * 22}")
    assert track["album"]["artists"] == [artist]
    assert (track["album"]["album_type"], track["album"]["id"], track["album"]["total_tracks"]) == (
        *("single", short(track_id(5)), 1),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title 007", ["Title 007"]),
        ("track:title 007 artist:artist 3", ["Title 007"]),
        ('artist:"Artist 3" track:"Title 007"', ["Title 007"]),
        ("title 007 artist:artist 2", []),
        ("title 007 album:album 3", ["Title 007"]),
        ("title 007 album:album 2", []),
        ("title 007 genre:orchestral", ["Title 007"]),
        ("title 007 genre:folk", []),
        ("year:2003", ["Title 003"]),
        ("genre:folk year:2001-2005", ["Title 001", "Title 005"]),
        ("nothing of the kind", []),
        ("isrc:QMFME1234567", []),
        ("isrc:", []),
        ("\0", []),
    ],
)
def test_a_search_finds_tracks_by_name(api, text, expected):
    """Words of title and artist in any order and case, and Spotify's conditions."""
    assert titles(searched(api, text)) == expected


def test_a_search_finds_an_isrc(api, services, library_dir):
    """However it is written."""
    retag(services, library_dir, 6, ids={"isrc": "QMFME1234567"})

    assert titles(searched(api, "isrc:QM-FME-12-34567")) == ["Title 006"]


@pytest.mark.parametrize("text", ["title", "genre:folk"])
def test_the_pages_of_a_search_have_every_track_once(api, text):
    """`next` and `previous` lead through them."""
    page = searched(api, text, limit=5)["tracks"]
    names = [track["name"] for track in page["items"]]
    assert page["previous"] is None
    while page["next"]:
        before, page = page, api.get(page["next"]).json["tracks"]
        assert api.get(page["previous"]).json["tracks"]["items"] == before["items"]
        names += [track["name"] for track in page["items"]]

    assert len(names) == len(set(names)) == page["total"] == (LIBRARY_SIZE if text == "title" else LIBRARY_SIZE // 4)


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "x"},
        {"type": "track"},
        {"q": "x", "type": "album"},
        {"q": "", "type": "track"},
        {"q": "x", "type": "track", "limit": 51},
        {"q": "x", "type": "track", "offset": 1001},
        {"q": "year:last", "type": "track"},
    ],
)
def test_a_search_that_cannot_be_answered_is_refused(api, parameters):
    """With Spotify's error and its status 400."""
    answer = api.get(f"{BASE}/search", query_string=parameters)

    assert answer.status_code == answer.json["error"]["status"] == 400


def test_every_genre_seed_gives_recommendations(api):
    """Genres of the files come first, then tags of the analysis."""
    genres = found(api, "recommendations/available-genre-seeds")["genres"]

    assert genres == ["Ambient", "Folk", "Industrial", "Orchestral", "calm"]
    assert all(found(api, "recommendations", seed_genres=genre, limit=1)["tracks"] for genre in genres)


def test_a_detailed_analysis_is_refused_with_the_reason(api):
    """And with what to ask instead."""
    answer = api.get(f"{BASE}/audio-analysis/test:1")

    assert answer.status_code == 404
    assert "audio-features" in answer.json["error"]["message"]


def test_clients_may_put_v1_before_every_path(api):
    """Errors have Spotify's format there as well."""
    assert found(api, "v1/tracks/test:1") == found(api, "tracks/test:1")
    assert found(api, "v1/recommendations", seed_tracks="test:1", limit=1)["tracks"]
    assert api.get(f"{BASE}/v1/nothing").json["error"]["status"] == 404

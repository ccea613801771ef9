"""The OpenAPI document describes the compatible APIs, with their own formats."""

import pytest
from openapi_schema_validator import OAS31Validator

from services.api.compat.subsonic.views import METHODS

SPOTIFY = "/v1/compat/spotify"


@pytest.fixture
def document(api):
    return api.get("/openapi.json").json


def check(document, schema, value):
    """Raise if a value does not fit a schema of the document."""
    OAS31Validator({**schema, "components": document["components"]}).validate(value)


@pytest.mark.parametrize(
    ("asked", "template", "status"),
    [
        ("recommendations?seed_tracks=test:1&seed_artists=artist+2&seed_genres=x", "recommendations", 200),
        ("recommendations", "recommendations", 400),
        ("audio-features?ids=test:1,x", "audio-features", 200),
        ("audio-features", "audio-features", 400),
        ("audio-features/test:1", "audio-features/{track_id}", 200),
        ("audio-features/nobody", "audio-features/{track_id}", 404),
        ("audio-analysis/test:1", "audio-analysis/{track_id}", 404),
        ("tracks?ids=test:1,x", "tracks", 200),
        ("tracks/test:1", "tracks/{track_id}", 200),
        ("tracks/nobody", "tracks/{track_id}", 404),
        ("artists/artist%201", "artists/{artist_id}", 200),
        ("artists/nobody", "artists/{artist_id}", 404),
        ("search?q=title&type=track&limit=2", "search", 200),
        ("search?q=title&type=album", "search", 400),
        ("recommendations/available-genre-seeds", "recommendations/available-genre-seeds", 200),
    ],
)
def test_spotify_responses_fit_their_schema(api, document, asked, template, status):
    """Successes and errors."""
    answer = api.get(f"{SPOTIFY}/{asked}")
    documented = document["paths"][f"{SPOTIFY}/{template}"]["get"]["responses"]

    assert answer.status_code == status
    check(document, documented[str(status)]["content"]["application/json"]["schema"], answer.json)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("health", 200),
        ("similar_tracks?item_id=test:1&n=2", 200),
        ("similar_tracks?item_id=nobody", 404),
        ("find_path?start_song_id=test:1&end_song_id=test:2", 200),
        ("find_path", 400),
        ("similar_artists?artist=artist%201", 200),
        ("similar_artists?artist=nobody", 404),
        ("search_tracks?title=title", 200),
    ],
)
def test_audiomuse_responses_fit_their_schema(api, document, asked, status):
    """Successes and errors."""
    answer = api.get(f"/api/{asked}")
    documented = document["paths"][f"/api/{asked.partition('?')[0]}"]["get"]["responses"]

    assert answer.status_code == status
    check(document, documented[str(status)]["content"]["application/json"]["schema"], answer.json)


@pytest.mark.parametrize("verb", ["get", "post"])
@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("ping", {}),
        ("getLicense", {}),
        ("getOpenSubsonicExtensions", {}),
        ("getUser", {"username": "ada"}),
        ("tokenInfo", {}),
        ("getMusicFolders", {}),
        ("getIndexes", {}),
        ("getMusicDirectory", {"id": "0"}),
        ("getArtists", {}),
        ("getArtist", {"id": "nobody"}),
        ("getAlbum", {"id": "nothing"}),
        ("getSong", {"id": "test:1"}),
        ("getGenres", {}),
        ("getAlbumList", {"type": "newest"}),
        ("getAlbumList2", {"type": "alphabeticalByName"}),
        ("getRandomSongs", {}),
        ("getSongsByGenre", {"genre": "folk"}),
        ("search2", {"query": "title"}),
        ("search3", {"query": ""}),
        ("getTopSongs", {"artist": "Artist 1"}),
        ("getArtistInfo", {"id": "test:1"}),
        ("getArtistInfo2", {"id": "test:1"}),
        ("getAlbumInfo2", {"id": "test:1"}),
        ("getScanStatus", {}),
        ("startScan", {}),
        ("getLyrics", {"title": "Title 001"}),
        ("getLyricsBySongId", {"id": "test:1"}),
        ("getStarred", {"u": "ada"}),
        ("getStarred2", {"u": "ada"}),
        ("getNowPlaying", {"u": "ada"}),
        ("getPlaylists", {"u": "ada"}),
        ("getPlaylist", {"id": "none"}),
        ("getPlayQueue", {"u": "ada"}),
        ("getPlayQueueByIndex", {"u": "ada"}),
        ("star", {"u": "ada", "id": "test:1"}),
        ("unstar", {"u": "ada", "albumId": "nothing"}),
        ("setRating", {"u": "ada", "id": "test:1", "rating": "0"}),
        ("scrobble", {"u": "ada", "id": "test:1", "submission": "false"}),
        ("createPlaylist", {"u": "ada"}),
        ("updatePlaylist", {"u": "ada", "playlistId": "none"}),
        ("deletePlaylist", {"u": "ada", "id": "none"}),
        ("savePlayQueue", {"u": "ada"}),
        ("savePlayQueueByIndex", {"u": "ada"}),
        ("getSimilarSongs", {"id": "test:1"}),
        ("getSimilarSongs2", {"id": "test:1"}),
        ("getSonicSimilarTracks", {"id": "test:1"}),
        ("findSonicPath", {"startSongId": "test:1", "endSongId": "test:2"}),
        ("findSonicPath", {}),
    ],
)
def test_subsonic_responses_fit_their_schema(api, document, verb, method, parameters):
    """Each method is described for GET and POST, and every response has the status 200."""
    answer = getattr(api, verb)(f"/rest/{method}", query_string={"f": "json", **parameters})
    documented = document["paths"][f"/rest/{method}"][verb]["responses"]

    assert set(documented) == {"200", "414", "431"}
    assert answer.status_code == 200
    check(document, documented["200"]["content"]["application/json"]["schema"], answer.json)


def test_parameters_have_descriptions(document):
    """And so has each field of a form."""
    forms = {
        operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["$ref"].rsplit("/", 1)[1]
        for path, operations in document["paths"].items()
        if path.startswith("/rest/")
        for operation in operations.values()
        if "requestBody" in operation
    }

    assert forms == {method.query.__name__ for method in METHODS}
    for form in forms:
        for field in document["components"]["schemas"][form]["properties"].values():
            assert field["description"]

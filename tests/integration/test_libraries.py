"""Named libraries: their files, the filter, and the keys and listeners that are bound to one."""

import pytest

from services.api.app import create_app
from services.catalog.library import FileStamp
from services.catalog.tenancy import limited_to
from services.composition import compose
from services.domain.access import Scope
from services.domain.errors import InvalidRequest, LibraryNotFound
from services.domain.filters import Filters
from services.domain.libraries import library_of, within
from services.domain.track import Tags
from services.settings import Settings
from tests.fakes.library import open_catalogue, record, register, tower, track_id, write_tone
from tests.fakes.serving import wait_until_indexed

TRACKS = range(8)
PASSWORD = "correct horse"  # noqa: S105  the test's own
KIDS = {track_id(number) for number in TRACKS if number % 2}


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """A folder of tracks 0 to 7: the odd ones in `kids`, a folder of it."""
    return tmp_path_factory.mktemp("music")


@pytest.fixture(scope="module")
def services(music, broker_url, tmp_path_factory):
    made = compose(Settings(data_dir=tmp_path_factory.mktemp("data"), redis_url=broker_url), tower())
    for number in TRACKS:
        folder = music / "kids" if number % 2 else music
        folder.mkdir(exist_ok=True)
        record(
            made.catalogue, register(made.catalogue, write_tone(folder / f"{number}.wav", 200 + number), number), number
        )
    made.catalogue.libraries.put("Kids", [str(music / "kids")], ["mia"])
    wait_until_indexed(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(services):
    return create_app(services).test_client()


@pytest.fixture(scope="module")
def bound(services):
    """The header of a key that is bound to the library."""
    made = services.catalogue.keys.create("tablet", [Scope.READ, Scope.LISTEN], libraries=["kids"])
    return {"X-API-Key": made.text}


def ids(answer):
    assert answer.status_code in {200, 201}, answer.text
    return {track["id"] for track in answer.json["tracks"]}


def test_the_longest_folder_decides():
    """A file belongs to one library, and not to that of a folder whose name begins alike."""
    roots = {"/music": "all", "/music/kids": "kids"}

    assert library_of("/music/kids/a.mp3", roots) == "kids"
    assert library_of("/music/kids2/a.mp3", roots) == "all"
    assert library_of("/other/a.mp3", roots) is None


def test_filters_cannot_leave_a_library():
    """A request for another library finds nothing."""
    both = frozenset({"kids", "rock"})

    assert within(Filters(), both).any_of == {"library": ("kids", "rock")}
    assert within(Filters(any_of={"library": ("KIDS", "Jazz")}), both).any_of == {"library": ("kids",)}
    assert within(Filters(any_of={"library": ("Jazz",)}), both).any_of == {"library": ("",)}


def test_the_filter_keeps_to_a_library(client):
    """In the index and in the catalogue, without regard to case."""
    asked = {"history": [{"track_id": track_id(0)}], "filters": {"library": ["kids"]}, "limit": 20}

    assert ids(client.post("/v1/recommendations", json=asked)) == KIDS
    assert ids(client.get("/v1/tracks?library=KIDS")) == KIDS
    assert ids(client.get(f"/v1/tracks/{track_id(0)}/similar?library=kids")) == KIDS
    assert ids(client.get("/v1/tracks?library=none")) == set()


def test_a_bound_key_gets_its_tracks_only(client, bound):
    """Whatever it asks for: lists, recommendations, radio, search and audio."""
    inside, outside = track_id(1), track_id(0)
    session = client.post("/v1/radio", json={"seeds": {"tracks": [inside]}}, headers=bound).json["id"]
    everything = {"history": [{"track_id": outside}], "limit": 20}

    unknown = client.post("/v1/radio", json={"seeds": {"tracks": [outside]}}, headers=bound)

    assert unknown.status_code == 422
    assert ids(client.get("/v1/tracks", headers=bound)) == KIDS
    assert ids(client.post("/v1/recommendations", json=everything, headers=bound)) == KIDS
    assert ids(client.post(f"/v1/radio/{session}/next", json={"limit": 20}, headers=bound)) <= KIDS
    assert ids(client.get("/v1/search?text=title", headers=bound)) <= KIDS
    for path in ("", "/audio", "/cover", "/similar"):
        assert client.get(f"/v1/tracks/{inside}{path}", headers=bound).status_code == 200
        assert client.get(f"/v1/tracks/{outside}{path}", headers=bound).status_code == 404
    assert client.get(f"/v1/path?from={outside}&to={inside}", headers=bound).status_code == 404
    listed = client.get("/v1/libraries", headers=bound).json["libraries"]
    assert [(each["name"], each["roots"], each["users"]) for each in listed] == [("Kids", None, None)]


def test_a_bound_key_records_listens(client, services):
    """A scrobbler and a player may report what they play."""
    made = services.catalogue.keys.create("player", [Scope.LISTEN], ["mia"], libraries=["kids"])
    played = {"listens": [{"track_id": track_id(1), "event": "play", "at": "2026-03-01T12:00:00Z"}]}
    track = {"artist_name": "Artist 1", "track_name": "Title 001"}
    scrobble = {"listen_type": "single", "payload": [{"listened_at": 1_750_000_000, "track_metadata": track}]}
    token = {"Authorization": f"Token {made.text}"}

    assert client.post("/v1/users/mia/listens", json=played, headers={"X-API-Key": made.text}).json["recorded"] == 1
    assert client.post("/1/submit-listens", json=scrobble, headers=token).status_code == 200
    assert client.get("/1/user/mia/listens", headers=token).json["payload"]["count"] == 2
    assert client.delete("/v1/users/mia").status_code == 200


@pytest.mark.parametrize("request_", [("PUT", "/v1/analysis"), ("POST", "/v1/map/refit"), ("GET", "/metrics")])
def test_a_bound_key_does_not_administer(client, services, request_):
    """What concerns the whole installation is refused."""
    method, path = request_
    key = services.catalogue.keys.create("k", [Scope.READ, Scope.INGEST], libraries=["kids"])
    refused = client.open(path, method=method, json={"paused": True}, headers={"X-API-Key": key.text})

    assert (refused.status_code, refused.json["type"]) == (403, "urn:segue:problem:library-not-allowed")


def test_a_bound_listener_gets_tracks_of_the_library(client):
    """In recommendations and radio sessions; other listeners get all."""
    session = client.post("/v1/radio", json={"user": "mia", "seeds": {"tracks": [track_id(0)]}}).json["id"]

    assert ids(client.get("/v1/users/mia/recommendations?limit=20")) == KIDS
    assert ids(client.post("/v1/recommendations", json={"user": "mia", "limit": 20})) == KIDS
    assert ids(client.post(f"/v1/radio/{session}/next", json={"limit": 20})) <= KIDS
    assert len(ids(client.get("/v1/users/ada/recommendations?limit=20"))) == len(TRACKS)


def test_a_library_is_defined_and_removed_over_http(client, services, music):
    """Known files belong to it at once; a folder has one library, a new key an existing one."""
    made = client.put("/v1/libraries/All", json={"roots": [str(music)], "users": ["bo"]})
    taken = client.put("/v1/libraries/Other", json={"roots": [str(music / "kids")]})
    key = {"name": "k", "libraries": ["all", "kids"]}

    assert (made.json["tracks"], made.json["users"]) == (len(TRACKS) - len(KIDS), ["bo"])
    assert taken.status_code == 422
    assert client.post("/v1/keys", json=key).json["libraries"] == ["all", "kids"]
    assert client.post("/v1/keys", json=key | {"libraries": ["none"]}).status_code == 404
    assert client.post("/v1/keys", json=key | {"scopes": ["admin"]}).status_code == 422
    assert client.put("/v1/libraries/All", json={"roots": ["relative"]}).status_code == 422
    assert client.delete("/v1/libraries/ALL").status_code == 204
    assert services.catalogue.libraries.of_listener("bo") == frozenset()
    assert client.delete("/v1/libraries/All").status_code == 404


def test_members_come_and_go_over_http(client, services):
    """One member is added and removed without the others, and what they did so far belongs to the library."""
    services.catalogue.playlists.create("Road trip", owner="tom")
    assert client.put("/v1/libraries/KIDS/members/tom").status_code == 204
    assert client.put("/v1/libraries/Kids/members/tom").status_code == 204
    assert services.catalogue.libraries.get("Kids").listeners == ("mia", "tom")
    with limited_to(frozenset({"kids"})):
        assert [each.name for each in services.catalogue.playlists.listed(["tom"])] == ["Road trip"]
    assert client.delete("/v1/libraries/Kids/members/tom").status_code == 204

    assert services.catalogue.libraries.get("Kids").listeners == ("mia",)
    assert client.put("/v1/libraries/none/members/tom").status_code == 404
    assert client.put("/v1/libraries/Kids/members/a%2Fb").status_code in {404, 422}


def test_a_removed_member_gets_no_tracks(client, services):
    """Neither with recommendations nor an account, until an owner adds them again or allows all tracks."""
    libraries = services.catalogue.libraries
    services.catalogue.accounts.add("ivy", PASSWORD)

    def recommended():
        return ids(client.get("/v1/users/ivy/recommendations?limit=20"))

    def found():
        query = {"u": "ivy", "p": PASSWORD, "f": "json", "query": "", "songCount": 20}
        answer = client.get("/rest/search3", query_string=query).json["subsonic-response"]["searchResult3"]
        return {song["id"] for song in answer.get("song", [])}

    assert len(recommended()) == len(found()) == len(TRACKS)
    client.put("/v1/libraries/Kids/members/ivy")
    assert len(recommended()) == len(found()) == len(KIDS)
    client.delete("/v1/libraries/Kids/members/ivy")
    assert recommended() == found() == set()
    client.put("/v1/libraries/Kids/members/ivy")
    assert len(recommended()) == len(found()) == len(KIDS)
    libraries.put("Passing", [], ["ivy"])
    libraries.remove_member("Kids", "ivy")
    assert libraries.of_listener("ivy") == {"passing"}
    assert libraries.remove("Passing") == ["ivy"]
    assert recommended() == found() == set()
    libraries.remove_member("Kids", "who never was one")
    assert libraries.of_listener("who never was one") is None

    libraries.allow_all("ivy")
    assert len(recommended()) == len(found()) == len(TRACKS)


def test_a_removed_member_loses_no_listen(client, services):
    """Their scrobbler still works, though their account has no tracks."""
    services.catalogue.accounts.add("jo", PASSWORD)
    for change in (client.put, client.delete):
        change("/v1/libraries/Kids/members/jo")
    play = {"method": "track.scrobble", "artist": "Artist 1", "track": "Title 001", "timestamp": "1750000000"}
    signed = {"api_key": "f" * 32, "api_sig": "0" * 32, "format": "json"}
    sign_in = {"method": "auth.getMobileSession", "username": "jo", "password": PASSWORD}
    session = client.post("/2.0/", data=signed | sign_in).json["session"]["key"]
    answer = client.post("/2.0/", data=signed | play | {"sk": session})

    assert (answer.status_code, answer.json["scrobbles"]["@attr"]["accepted"]) == (200, "1")
    assert len(client.get("/v1/users/jo/listens").json["listens"]) == 1


def test_listens_over_the_quota_are_recorded(client, services):
    """Each way to report plays works when all other requests get 429; they count too."""
    client.put("/v1/libraries/Full", json={"roots": ["/music/full"], "users": ["flo"]})
    client.put("/v1/libraries/full/quota", json={"requests": 0})
    key = services.catalogue.keys.create("full", [Scope.READ, Scope.LISTEN], ["flo"], libraries=["full"]).text
    header, rest = {"X-API-Key": key}, {"apiKey": key, "f": "json", "c": "test", "v": "1.16.1"}
    played = {"listens": [{"track_id": track_id(1), "event": "play", "at": "2026-03-01T12:00:00Z"}]}
    track = {"artist_name": "Artist 1", "track_name": "Title 001"}
    scrobble = {"listen_type": "single", "payload": [{"listened_at": 1_750_000_000, "track_metadata": track}]}
    lastfm = {"method": "track.scrobble", "artist": "A", "track": "T", "timestamp": "1750000900", "format": "json"}
    signed = {"api_key": key, "api_sig": "0" * 32}
    answers = [
        client.post("/v1/users/flo/listens", json=played, headers=header),
        client.post("/1/submit-listens", json=scrobble, headers={"Authorization": f"Token {key}"}),
        client.post("/2.0/", data=lastfm | signed),
        client.delete("/v1/users/flo/now-playing", headers=header),
        client.get("/rest/scrobble", query_string=rest),
    ]

    assert client.get("/v1/tracks", headers=header).status_code == 429
    assert client.get("/rest/getPlaylists", query_string=rest).json["subsonic-response"]["status"] == "failed"
    assert [answer.status_code for answer in answers] == [200, 200, 200, 204, 200]
    assert answers[-1].json["subsonic-response"]["error"]["code"] == 10  # the id is missing, which the method says
    assert client.get("/v1/users/flo/listens").json["listens"][2:] != []
    assert client.get("/v1/libraries/Full/usage").json["days"][0]["requests"] == 5
    client.delete("/v1/libraries/Full")


def test_files_that_come_go_and_move_change_the_library(tmp_path):
    """The track is marked for the index whenever its libraries change; a copy adds one."""
    with open_catalogue(tmp_path) as catalogue:
        catalogue.libraries.put("Kids", ["/music/kids"], [])

        def scan(path):
            catalogue.library.register(track_id(1), Tags("Song"), FileStamp(path, "/music", 1, 1))

        def payload():
            [change] = catalogue.indexing.pending(10)
            catalogue.indexing.clear([change])
            return change.point.payload.get("library")

        scan("/music/a.mp3")
        record(catalogue, track_id(1), 1)
        assert payload() is None
        scan("/music/kids/a.mp3")
        assert payload() == ["kids"]
        scan("/music/b.mp3")
        assert catalogue.indexing.pending(10) == []
        catalogue.library.forget_files(["/music/kids/a.mp3"])
        assert payload() is None
        catalogue.libraries.put("All", ["/music"], [])
        assert payload() == ["all"]
        catalogue.libraries.remove("all")
        assert payload() is None
        with pytest.raises(LibraryNotFound):
            catalogue.libraries.get("All")
        with pytest.raises(InvalidRequest):
            catalogue.libraries.put("Other", ["/music/kids"], [])


def test_requests_over_the_quota_are_refused(client, services):
    """They get 429 and when to try again; other keys are not limited. The usage counts them by day."""
    client.put("/v1/libraries/Quota", json={"roots": ["/music/quota"]})
    made = services.catalogue.keys.create("limited", [Scope.READ], libraries=["quota"])
    key = {"X-API-Key": made.text}
    limits = {"tracks": None, "upload_bytes": 10**9, "requests": 2, "analysis_minutes": None}
    stored = client.put("/v1/libraries/quota/quota", json={"upload_bytes": 10**9, "requests": 2})
    answers = [client.get("/v1/libraries", headers=key) for _ in range(3)]
    usage = client.get("/v1/libraries/Quota/usage").json

    assert stored.json == client.get("/v1/libraries/Quota/quota").json == limits
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json["type"] == "urn:segue:problem:quota-exceeded"
    assert 0 < int(answers[2].headers["Retry-After"]) <= 86400
    assert client.get("/v1/libraries").status_code == 200
    assert (usage["quota"], usage["days"][0]["requests"]) == (limits, 2)
    assert client.put("/v1/libraries/Quota/quota", json={"tracks": -1}).status_code == 422
    assert client.get("/v1/libraries/none/quota").status_code == 404
    client.put("/v1/libraries/quota/quota", json={})
    assert client.get("/v1/libraries", headers=key).status_code == 200
    client.delete("/v1/libraries/Quota")

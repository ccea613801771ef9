"""Keys of libraries ingest into their libraries, and reach the listeners that are members."""

from io import BytesIO

import pytest

from services.api.app import create_app
from services.catalog.library import FileStamp
from services.composition import compose
from services.domain.access import Scope
from services.domain.track import Tags
from services.ingest.scan import request_scan, run_scan
from services.settings import Settings
from tests.fakes.library import record, track_id, write_tone

SCOPES = (Scope.READ, Scope.LISTEN, Scope.INGEST)
BOTH = 9
"""A track with a file in each library."""


@pytest.fixture
def services(tmp_path, broker_url):
    """Two libraries with a track each, one that both have, and a library inside the folder of the first."""
    for name in ("a", "a/inner", "b"):
        (tmp_path / name).mkdir()
    made = compose(Settings(data_dir=tmp_path / "data", redis_url=broker_url))
    catalogue = made.catalogue
    catalogue.libraries.put("A", [str(tmp_path / "a")], ["ann"])
    catalogue.libraries.put("Inner", [str(tmp_path / "a" / "inner")], [])
    catalogue.libraries.put("B", [str(tmp_path / "b")], ["bob"])
    for number, name in ((1, "a/1"), (2, "b/2"), (BOTH, "a/9"), (BOTH, "b/9")):
        file = write_tone(tmp_path / f"{name}.wav", 200 + number)
        catalogue.library.register(track_id(number), Tags(name), FileStamp(str(file), str(file.parent), 1, 1))
    record(catalogue, track_id(1), 1)
    yield made
    made.close()


@pytest.fixture
def client(services):
    return create_app(services).test_client()


@pytest.fixture
def of(services):
    """Return the header of a key of some libraries."""

    def header(*libraries):
        return {"X-API-Key": services.catalogue.keys.create("k", SCOPES, libraries=libraries).text}

    return header


def listen(number):
    return {"listens": [{"track_id": track_id(number), "at": "2026-03-01T12:00:00Z"}]}


def names(client, header):
    return {track["id"] for track in client.get("/v1/tracks", headers=header).json["tracks"]}


def test_an_upload_belongs_to_the_library_of_the_key(client, services, of, tmp_path):
    """Also after its folders were replaced; a key of several libraries names one."""
    song = write_tone(tmp_path / "song.wav", 440).read_bytes()

    def upload(header, **more):
        return client.post("/v1/tracks", data={"file": (BytesIO(song), "song.wav"), **more}, headers=header)

    job = upload(of("b")).json
    services.catalogue.libraries.put("B", [str(tmp_path / "b")], ["bob"])
    [uploaded] = job["tracks"]

    assert uploaded in names(client, of("b"))
    assert uploaded not in names(client, of("a"))
    assert client.get(f"/v1/jobs/{job['id']}", headers=of("b")).status_code == 200
    assert client.get(f"/v1/jobs/{job['id']}", headers=of("a")).status_code == 404
    assert [each.roots for each in services.catalogue.libraries.all() if each.name == "B"] == [(str(tmp_path / "b"),)]
    assert upload(of("a", "b")).status_code == 422
    assert upload(of("a", "b"), library="A").json["tracks"] == [uploaded]
    assert upload(of("b"), library="A").status_code == 404
    assert uploaded in names(client, of("a"))


def test_scans_lie_below_the_folders_of_the_library(client, of, tmp_path):
    """A folder elsewhere is refused whether or not it exists, and so is one that contains another library."""

    def scan(folder, *libraries):
        return client.post("/v1/scans", json={"path": str(tmp_path / folder)}, headers=of(*libraries))

    accepted = scan("b", "b")

    assert accepted.status_code == 202
    assert client.get("/v1/jobs", headers=of("b")).json["total"] == 1
    assert client.get("/v1/jobs", headers=of("a")).json["total"] == 0
    assert [scan(folder, "b").status_code for folder in ("a", "none", ".")] == [422] * 3
    assert scan("a", "a").status_code == 422
    assert scan("a/inner", "inner").status_code == 202


def test_a_key_reaches_members_only(client, services, of):
    """One of another library and one who is known but no member are 404; who is new joins when something is stored."""
    client.post("/v1/users/old/listens", json=listen(1))

    assert client.get("/v1/users/ann/listens", headers=of("b")).status_code == 404
    assert client.post("/v1/users/ann/listens", json=listen(2), headers=of("b")).status_code == 404
    assert client.post("/v1/users/old/listens", json=listen(2), headers=of("b")).status_code == 404
    assert client.get("/v1/users/new/listens", headers=of("b")).json["listens"] == []
    assert services.catalogue.libraries.of_listener("new") is None
    assert client.post("/v1/users/new/listens", json=listen(2), headers=of("b")).json["recorded"] == 1
    assert services.catalogue.libraries.of_listener("new") == {"b"}
    assert client.get("/v1/users/new/listens", headers=of("a")).status_code == 404
    listed = {each["name"] for each in client.get("/v1/users", headers=of("b")).json["users"]}
    assert listed == {"new"}


def test_listens_follow_the_member(client, services, of):
    """A key of all libraries stores them in that of the listener, or of the track if the listener has several."""
    services.catalogue.libraries.put("A", ["/a"], ["ann", "both"])
    services.catalogue.libraries.put("B", ["/b"], ["bob", "both"])
    services.catalogue.library.register(track_id(3), Tags("A"), FileStamp("/a/3", "/a", 1, 1))
    services.catalogue.library.register(track_id(4), Tags("B"), FileStamp("/b/4", "/b", 1, 1))
    client.post("/v1/users/ann/listens", json=listen(3))
    for number in (3, 4):
        client.post("/v1/users/both/listens", json=listen(number))

    def heard(user, *libraries):
        found = client.get(f"/v1/users/{user}/listens", headers=of(*libraries)).json["listens"]
        return {each["track_id"] for each in found}

    assert heard("ann", "a") == {track_id(3)}
    assert heard("both", "a") == {track_id(3)}
    assert heard("both", "b") == {track_id(4)}
    assert heard("both", "a", "b") == {track_id(3), track_id(4)}


def test_a_deletion_leaves_the_files_of_other_libraries(client, services, of, tmp_path):
    """A track of both loses the files of one, whose scans leave it out; a track of one is gone."""
    both, own = track_id(BOTH), track_id(2)

    assert client.delete(f"/v1/tracks/{both}", headers=of("b")).status_code == 204
    assert client.delete(f"/v1/tracks/{own}", headers=of("b")).status_code == 204
    assert client.delete(f"/v1/tracks/{track_id(1)}", headers=of("b")).status_code == 404
    assert names(client, of("b")) == set()
    assert names(client, of("a")) == {track_id(1), both}
    is_deleted = services.catalogue.library.is_deleted
    folders = [str(tmp_path / name) for name in ("a/9.wav", "b/9.wav")]
    assert [is_deleted(both, folder) for folder in folders] == [False, True]
    assert [is_deleted(own, folder) for folder in folders] == [False, True]
    assert client.get("/v1/status").json["tracks"]["missing"] == 0


def test_scans_leave_out_what_a_key_of_the_library_deleted(client, services, of, tmp_path):
    """Another library takes each file of the same audio."""
    for name in ("a/song.wav", "b/song.wav", "a/copy.wav", "b/copy.wav"):
        write_tone(tmp_path / name, 523)

    def scan(path):
        job_id = request_scan(services.catalogue, services.queue, str(tmp_path / path))
        run_scan(services.catalogue, services.queue, job_id)
        return services.catalogue.jobs.get(job_id)

    [deleted] = scan("b/song.wav").tracks
    assert client.delete(f"/v1/tracks/{deleted}", headers=of("b")).status_code == 204

    jobs = [scan(name) for name in ("b", "a")]

    assert [job.left_out for job in jobs] == [2, 0]
    assert deleted in names(client, of("a"))
    assert deleted not in names(client, of("b"))
    assert scan("b/song.wav").tracks == (deleted,)
    assert deleted in names(client, of("b"))


def test_playlists_and_sessions_belong_to_the_library(client, of):
    """Also those of a member that a key of all libraries makes; others are 404."""
    own = client.post("/v1/playlists", json={"name": "Own", "owner": "ann", "tracks": [track_id(1)]}).json["id"]
    free = client.post("/v1/playlists", json={"name": "Free"}).json["id"]
    session = client.post("/v1/radio", json={"user": "ann", "seeds": {"tracks": [track_id(1)]}}).json["id"]

    assert client.get(f"/v1/playlists/{own}", headers=of("a")).json["name"] == "Own"
    assert [each["name"] for each in client.get("/v1/playlists", headers=of("a")).json["playlists"]] == ["Own"]
    assert client.get(f"/v1/playlists/{own}", headers=of("b")).status_code == 404
    assert client.get(f"/v1/playlists/{free}", headers=of("a")).status_code == 404
    assert client.get(f"/v1/radio/{session}", headers=of("a")).status_code == 200
    assert client.get(f"/v1/radio/{session}", headers=of("b")).status_code == 404

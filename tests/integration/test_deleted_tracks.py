"""Tracks that a client deletes from the library."""

import io
import itertools
from http import HTTPStatus
from pathlib import Path

import pytest

from services.domain.failure import FailureKind
from services.ingest.scan import request_scan, run_scan
from tests.fakes.library import record, write_tone
from tests.fakes.serving import wait_until_indexed

FREQUENCIES = itertools.count(1234)
"""Each test has a track of its own."""


def scan(services, path):
    """Scan a path as a worker does, and return the job."""
    job_id = request_scan(services.catalogue, services.queue, str(path))
    run_scan(services.catalogue, services.queue, job_id)
    return services.catalogue.jobs.get(job_id)


@pytest.fixture
def added(services, tmp_path):
    """The file of an analysed track, and its id."""
    file = write_tone(tmp_path / "song.wav", next(FREQUENCIES))
    [track_id] = scan(services, file.parent).tracks
    record(services.catalogue, track_id, 5)
    wait_until_indexed(services)
    return file, track_id


@pytest.fixture
def deleted(api, added):
    """The same after its deletion."""
    assert api.delete(f"/v1/tracks/{added[1]}").status_code == HTTPStatus.NO_CONTENT
    return added


def is_listed(api, track_id):
    return any(track["id"] == track_id for track in api.get("/v1/tracks?limit=100").json["tracks"])


def test_a_deleted_track_is_unknown_and_its_file_stays(api, services, deleted):
    """It is not listed, played, counted or recommended, and cannot be deleted again."""
    file, track_id = deleted
    wait_until_indexed(services)
    similar = api.get("/v1/tracks/test:0/similar?limit=100&include_fragments=true").json["tracks"]

    assert file.exists()
    assert api.get(f"/v1/tracks/{track_id}").status_code == HTTPStatus.NOT_FOUND
    assert api.get(f"/v1/tracks/{track_id}/audio").status_code == HTTPStatus.NOT_FOUND
    assert api.delete(f"/v1/tracks/{track_id}").status_code == HTTPStatus.NOT_FOUND
    assert track_id not in {track["id"] for track in similar}
    assert not is_listed(api, track_id)
    assert api.get("/v1/status").json["tracks"]["missing"] == 0


def test_a_scan_leaves_it_out(api, services, deleted):
    """The scan of its folder says so, without a fault; so does a copy of the file."""
    file, track_id = deleted
    (file.parent / "copy.wav").write_bytes(file.read_bytes())

    job = scan(services, file.parent)

    assert (job.failed, job.left_out, job.tracks) == (2, 2, ())
    assert {failure.kind for failure in job.failures} == {FailureKind.LEFT_OUT}
    assert "Scan this file itself" in job.failures[0].reason
    assert not is_listed(api, track_id)


def test_a_scan_of_the_file_takes_it_again(api, services, deleted):
    """It returns with its analysis, and later scans of the folder keep it."""
    file, track_id = deleted

    assert scan(services, file).tracks == (track_id,)
    assert api.get(f"/v1/tracks/{track_id}").json["status"] == "ready"
    assert scan(services, file.parent).failed == 0
    assert is_listed(api, track_id)


def test_listens_of_it_count_again_when_it_returns(api, services, deleted):
    """They are kept while it is deleted."""
    file, track_id = deleted
    scan(services, file)
    api.post("/v1/users/vera/listens", json={"listens": [{"track_id": track_id, "event": "like"}]})

    api.delete(f"/v1/tracks/{track_id}")
    while_deleted = api.get("/v1/users/vera/listens").json["listens"]
    scan(services, file)

    assert len(while_deleted) == 1
    assert [listen["track_id"] for listen in api.get("/v1/users/vera/listens").json["listens"]] == [track_id]
    assert api.get("/v1/users/vera/taste").json["tastes"][0]["plays"] == [track_id]


def test_the_copy_of_an_upload_is_deleted(api, services, tmp_path):
    """It belongs to Segue. Another upload takes the track again."""
    content = write_tone(tmp_path / "upload.wav", 4321).read_bytes()

    def upload():
        job = api.post("/v1/tracks", data={"file": (io.BytesIO(content), "upload.wav")}).json
        return job["tracks"][0]

    track_id = upload()
    [stored] = services.catalogue.tracks.files(track_id)
    assert Path(stored.path).exists()

    assert api.delete(f"/v1/tracks/{track_id}").status_code == HTTPStatus.NO_CONTENT
    assert not Path(stored.path).exists()
    assert upload() == track_id
    assert api.get(f"/v1/tracks/{track_id}").json["status"] == "pending"

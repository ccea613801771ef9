"""Scans, uploads and jobs over HTTP, with a real broker."""

import io

import pytest

from services.api.app import create_app
from services.composition import compose
from services.domain.failure import WHAT_TO_DO, FailureKind
from services.domain.job import JobKind
from services.settings import Settings
from services.tasks.queue import ANALYSE_TASK, SCAN_TASK
from tests.fakes.library import write_tone

JOB = {
    "id",
    "kind",
    "state",
    "path",
    "total",
    "done",
    "failed",
    "left_out",
    "failures",
    "reason",
    "tracks",
    "created_at",
    "finished_at",
}
NOWHERE = "redis://127.0.0.1:1/0"


def test_a_scan_is_queued(api, services, tmp_path):
    """The response is 202 with a job and its `Location`, and a task is sent to the workers."""
    waiting = services.queue.count_waiting(SCAN_TASK)
    answer = api.post("/v1/scans", json={"path": str(tmp_path)})

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    assert set(answer.json) == JOB
    assert api.get(answer.headers["Location"]).json == answer.json
    assert (answer.json["state"], answer.json["path"]) == ("queued", str(tmp_path))
    assert services.queue.count_waiting(SCAN_TASK) == waiting + 1


@pytest.mark.parametrize("path", ["Music", "/no/such/folder", "~"])
def test_a_path_that_cannot_be_scanned_is_422(api, path):
    """A relative or missing path is refused at once."""
    answer = api.post("/v1/scans", json={"path": path})

    assert (answer.status_code, answer.json["type"]) == (422, "urn:segue:problem:path-not-scannable")


def test_a_path_with_a_nul_points_to_the_field(api):
    """Such a path is an invalid field."""
    [error] = api.post("/v1/scans", json={"path": "/a\0b"}).json["errors"]

    assert error["pointer"] == "#/path"


def test_a_scan_without_a_broker_is_503(tmp_path):
    """With `Retry-After`."""
    services = compose(Settings(data_dir=tmp_path, redis_url=NOWHERE))
    try:
        answer = create_app(services).test_client().post("/v1/scans", json={"path": str(tmp_path)})
    finally:
        services.close()

    assert (answer.status_code, answer.json["type"]) == (503, "urn:segue:problem:broker-unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_an_upload_becomes_a_track(api, services, tmp_path):
    """An uploaded file is a pending track at once. Its id comes from its audio, not from the client's path."""
    file = write_tone(tmp_path / "x.wav", 333)
    waiting = services.queue.count_waiting(ANALYSE_TASK)
    answer = api.post("/v1/tracks", data={"file": (file.open("rb"), "../../etc/My Song.wav")})

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    [own_id] = answer.json["tracks"]
    track = api.get(f"/v1/tracks/{own_id}").json
    assert (track["title"], track["status"]) == ("My Song", "pending")
    assert api.get(f"/v1/tracks/{own_id}/audio").data == file.read_bytes()
    assert services.queue.count_waiting(ANALYSE_TASK) == waiting + 1


def test_a_file_without_audio_is_415(api):
    """Whatever its name is."""
    answer = api.post("/v1/tracks", data={"file": (io.BytesIO(b"hello" * 99), "song.mp3")})

    assert (answer.status_code, answer.json["type"]) == (415, "urn:segue:problem:unsupported-audio")


def test_an_upload_that_is_too_large_is_413(tmp_path, broker_url):
    """Whether the file alone or the whole form exceeds the limit."""
    services = compose(Settings(data_dir=tmp_path, redis_url=broker_url, upload_max_bytes=1000))
    api = create_app(services).test_client()
    try:
        statuses = [
            api.post("/v1/tracks", data={"file": (io.BytesIO(b"x" * size), "a.wav")}).status_code
            for size in (1001, 1_000_000)
        ]
    finally:
        services.close()

    assert statuses == [413, 413]
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({}, {"file"}), ({"file": "no file"}, {"file"}), ({"file": None, "title": "x"}, {"title"})],
)
def test_an_invalid_upload_form_is_422(api, fields, wrong):
    """The problem names the missing or unknown field."""
    data = {name: (io.BytesIO(b"x"), "a.wav") if value is None else value for name, value in fields.items()}
    answer = api.post("/v1/tracks", data=data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert {error["parameter"] for error in answer.json["errors"]} == wrong


def test_an_upload_that_is_no_form_is_415(api):
    """JSON is refused."""
    assert api.post("/v1/tracks", json={}).status_code == 415


@pytest.mark.parametrize("job_id", ["1", "a%00b"])
def test_an_unknown_job_is_404(api, job_id):
    """The problem names its type."""
    answer = api.get(f"/v1/jobs/{job_id}")

    assert (answer.status_code, answer.json["type"]) == (404, "urn:segue:problem:job-not-found")


def test_every_failure_of_a_job_can_be_listed(api, services):
    """A job contains the first ones; pages have all, each with file, reason and advice."""
    catalogue = services.catalogue
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    for number in range(205):
        catalogue.jobs.add_failure(job_id, f"/music/{number:03}.mp3", "The file is silent", FailureKind.LEFT_OUT)
    job = api.get(f"/v1/jobs/{job_id}").json
    last = api.get(f"/v1/jobs/{job_id}/failures?offset=200&limit=100").json

    assert (job["failed"], len(job["failures"])) == (205, 200)
    assert last["total"] == 205
    assert [each["path"] for each in last["failures"]] == [f"/music/{number}.mp3" for number in range(200, 205)]
    assert last["failures"][0]["reason"] == "The file is silent"
    assert last["failures"][0]["what_to_do"] == WHAT_TO_DO[FailureKind.LEFT_OUT]
    assert api.get("/v1/jobs/none/failures").status_code == 404

"""Pictures: scans with a reader without torch, their points, and the API."""

import pytest

from services.domain.errors import PictureNotFound, ReaderUnavailable
from services.domain.job import JobKind, JobState
from services.domain.picture import PictureStatus
from services.ingest.pictures import CRASHED, MAX_ATTEMPTS, run_picture_scan
from services.ingest.scan import ScanRules, request_scan
from tests.fakes.library import open_catalogue, track_id
from tests.fakes.pictures import VERSION, FakeReader, draw, write_picture
from tests.fakes.queue import RecordingQueue
from tests.fakes.serving import wait_until_indexed

RED, BLUE = (200, 30, 20), (10, 20, 220)


@pytest.fixture
def catalogue(tmp_path):
    with open_catalogue(tmp_path) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path):
    draw(tmp_path / "pictures" / "red.png", RED)
    draw(tmp_path / "pictures" / "more" / "blue.jpg", BLUE)
    (tmp_path / "pictures" / "letter.gif").write_text("no picture")
    (tmp_path / "pictures" / "notes.txt").write_text("not listed")
    return tmp_path / "pictures"


def scan(catalogue, folder, reader=None, roots=None):
    job_id = request_scan(catalogue, RecordingQueue(), str(folder), roots, JobKind.PICTURES)
    run_picture_scan(catalogue, job_id, reader or FakeReader(), ScanRules(roots))
    return catalogue.jobs.get(job_id)


def by_path(catalogue):
    return {picture.path: picture for picture in catalogue.pictures.page().pictures}


def test_a_scan_reads_pictures_and_reports_files_that_are_none(catalogue, folder):
    """Good pictures are ready and marked for the index; others are listed as failed, and the job has the reason."""
    job = scan(catalogue, folder)
    found = by_path(catalogue)

    assert (job.kind, job.state, job.total, job.done, job.failed) == (JobKind.PICTURES, JobState.DONE, 3, 2, 1)
    assert [failure.path.rpartition("/")[2] for failure in job.failures] == ["letter.gif"]
    assert {path: picture.status for path, picture in found.items()} == {
        "red.png": PictureStatus.READY,
        "more/blue.jpg": PictureStatus.READY,
        "letter.gif": PictureStatus.FAILED,
    }
    assert found["letter.gif"].reason == "The file is not a picture."
    assert found["red.png"].shows == ("seashore",)
    marked = {change.id for change in catalogue.picture_indexing.pending(10)}
    assert marked == {found["red.png"].id, found["more/blue.jpg"].id}


def test_the_task_runs_where_torch_is(catalogue, folder):
    """The kind of the job decides the task, also when a lost scan is sent again."""
    queue = RecordingQueue()
    request_scan(catalogue, queue, str(folder), None, JobKind.PICTURES)

    assert queue.kinds == [JobKind.PICTURES]


def test_a_second_scan_reads_nothing(catalogue, folder):
    """Unchanged files are not opened, and failures are reported again."""
    scan(catalogue, folder)
    reader = FakeReader()
    job = scan(catalogue, folder, reader)

    assert reader.calls == 0
    assert (job.done, job.failed) == (2, 1)


def test_a_moved_picture_keeps_its_id_and_reading(catalogue, folder):
    """The id is that of the content, so a move costs a hash and no reading."""
    scan(catalogue, folder)
    before = by_path(catalogue)["red.png"]
    (folder / "red.png").rename(folder / "more" / "moved.png")
    reader = FakeReader()
    scan(catalogue, folder, reader)

    assert reader.calls == 0
    assert by_path(catalogue)["more/moved.png"].id == before.id
    assert "red.png" not in by_path(catalogue)


def test_a_deleted_picture_goes_and_comes_back_with_its_file(catalogue, folder):
    """A picture without a file is not returned and leaves the index; its reading is kept for a file that comes back."""
    scan(catalogue, folder)
    gone = by_path(catalogue)["red.png"]
    (folder / "red.png").unlink()
    scan(catalogue, folder)

    with pytest.raises(PictureNotFound):
        catalogue.pictures.get(gone.id)
    [change] = [change for change in catalogue.picture_indexing.pending(10) if change.id == gone.id]
    assert change.point is None

    draw(folder / "again.png", RED)
    reader = FakeReader()
    scan(catalogue, folder, reader)

    assert reader.calls == 0
    assert catalogue.pictures.get(gone.id).path == "again.png"
    assert catalogue.picture_indexing.changes([gone.id])[0].point is not None


def test_a_changed_file_is_another_picture(catalogue, folder):
    """New content at a path gets a new id, and the old picture goes."""
    scan(catalogue, folder)
    old = by_path(catalogue)["red.png"]
    draw(folder / "red.png", BLUE).write_bytes((folder / "more" / "blue.jpg").read_bytes() + b"\0")
    scan(catalogue, folder)

    assert by_path(catalogue)["red.png"].id != old.id
    with pytest.raises(PictureNotFound):
        catalogue.pictures.get(old.id)


def test_a_picture_that_ends_its_process_is_given_up(catalogue, folder):
    """A reading that never ends is counted before it starts, and the picture fails after `MAX_ATTEMPTS`."""

    class Killed(FakeReader):
        def read(self, descriptor):
            del descriptor
            raise KeyboardInterrupt

    (folder / "letter.gif").unlink()
    (folder / "more" / "blue.jpg").unlink()
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            scan(catalogue, folder, Killed())
    job = scan(catalogue, folder, Killed())

    assert [failure.reason for failure in job.failures] == [CRASHED.reason]
    assert by_path(catalogue)["red.png"].status == PictureStatus.FAILED


def test_a_reader_that_is_unavailable_counts_no_attempt(catalogue, folder):
    """Without a decoder the scan ends, and a later scan reads the pictures."""

    class Unavailable(FakeReader):
        def read(self, descriptor):
            del descriptor
            raise ReaderUnavailable("No decoder can be started.")

    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(ReaderUnavailable):
            scan(catalogue, folder, Unavailable())

    assert scan(catalogue, folder).done == 2


def test_links_out_of_the_folder_are_not_followed(catalogue, folder, tmp_path):
    """A link to a picture outside the scanned folder is a failure of the job."""
    (folder / "link.png").symlink_to(draw(tmp_path / "outside" / "secret.png", BLUE))
    job = scan(catalogue, folder)

    assert "link.png" not in by_path(catalogue)
    assert any(failure.path.endswith("link.png") for failure in job.failures)


def test_pictures_of_another_model_version_leave_the_index(catalogue, folder):
    """They are pending until a scan has read them again."""
    scan(catalogue, folder)

    assert catalogue.pictures.adopt_model(VERSION) == 0
    assert catalogue.pictures.adopt_model("other") == 2
    assert all(change.point is None for change in catalogue.picture_indexing.pending(10))
    assert catalogue.pictures.roots() == [str(folder)]
    reader = FakeReader()
    scan(catalogue, folder, reader)
    assert reader.calls == 2


@pytest.fixture
def stocked(services, tmp_path):
    """Two pictures in the index: one at the point of track 0, one opposite."""
    own = services.catalogue.tracks.embedded([track_id(0)])[track_id(0)].vector
    near = write_picture(services.catalogue, str(draw(tmp_path / "near.png", RED)), own)
    far = write_picture(services.catalogue, str(draw(tmp_path / "far.jpg", BLUE)), -own)
    wait_until_indexed(services)
    yield near, far
    services.catalogue.pictures.forget_files([str(tmp_path / "near.png"), str(tmp_path / "far.jpg")])
    wait_until_indexed(services)


def test_pictures_of_a_track_come_best_first(api, stocked):
    """The list is ordered by similarity to the track."""
    found = api.get(f"/v1/tracks/{track_id(0)}/pictures").json["pictures"]
    scores = {picture["id"]: picture["score"] for picture in found}

    assert found[0]["id"] == stocked[0]
    assert scores[stocked[0]] == pytest.approx(1, abs=1e-5)
    assert scores[stocked[1]] == pytest.approx(-1, abs=1e-5)
    assert len(api.get(f"/v1/tracks/{track_id(0)}/pictures?limit=1").json["pictures"]) == 1
    assert api.get("/v1/tracks/unknown/pictures").status_code == 404


def test_pictures_are_listed_in_pages(api, stocked):
    """Pages follow each other by cursor, and a picture is found by its id."""
    first = api.get("/v1/pictures?limit=1").json
    second = api.get(f"/v1/pictures?limit=1&cursor={first['next_cursor']}").json

    assert first["pictures"][0]["id"] < second["pictures"][0]["id"]
    assert api.get(f"/v1/pictures/{stocked[0]}").json["path"] == "near.png"
    assert api.get("/v1/pictures/unknown").status_code == 404
    assert api.get("/v1/pictures?status=failed").json["pictures"] == []


@pytest.mark.parametrize(("place", "media_type"), [(0, "image/png"), (1, "image/jpeg")])
def test_files_have_the_type_of_their_content(api, stocked, place, media_type):
    """The file is sent unchanged; a range and a validator work as for audio."""
    url = f"/v1/pictures/{stocked[place]}/file"
    whole = api.get(url)

    assert (whole.status_code, whole.mimetype) == (200, media_type)
    part = api.get(url, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.data) == (206, whole.data[2:6])
    assert api.get(url, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_a_file_that_is_gone_or_replaced_is_not_sent(api, services, tmp_path, stocked):
    """A file that is no picture any more gets 404, as a missing file does."""
    file = services.catalogue.pictures.file(stocked[0])
    (tmp_path / "near.png").write_text("secret")

    assert file.path == str(tmp_path / "near.png")
    assert api.get(f"/v1/pictures/{stocked[0]}/file").status_code == 404
    (tmp_path / "near.png").unlink()
    assert api.get(f"/v1/pictures/{stocked[0]}/file").status_code == 404


def test_words_find_pictures(api, stocked):
    """The pictures that go with the words come first, and the answer contains what was understood."""
    found = api.get("/v1/pictures/search?text=ambient").json

    assert found["understood"]["rest"] == "ambient"
    assert found["pictures"][0]["id"] == stocked[0]
    assert found["pictures"][0]["score"] > 0 > found["pictures"][-1]["score"]


def test_words_that_are_not_understood_find_nothing(api, stocked):
    """Nonsense gets a warning instead of a guess."""
    found = api.get("/v1/pictures/search?text=qwrtz blorp").json

    assert found["pictures"] == []
    assert found["understood"]["rest"] is None
    assert found["understood"]["warnings"]


def test_facts_alone_find_no_pictures_and_get_a_warning(api, stocked):
    """Facts do not apply to pictures, so nothing of the text is left."""
    found = api.get("/v1/pictures/search?text=under 80 bpm").json

    assert found["pictures"] == []
    assert found["understood"]["warnings"] == [
        "“under 80 bpm” is ignored: facts and examples do not apply to pictures. Add words that describe music."
    ]


def test_a_mood_needs_no_text(api, stocked):
    """A mood preset alone is a search, and an unknown one is refused."""
    assert api.get("/v1/pictures/search?mood=sleep").json["understood"] is None
    assert api.get("/v1/pictures/search?mood=unknown").status_code == 422


def test_a_search_needs_words(api):
    """A request without a text and a mood is refused."""
    assert api.get("/v1/pictures/search").status_code == 422


def test_a_scan_of_a_file_that_is_no_picture_is_refused(api, folder):
    """The suffix tells; a picture alone can be scanned."""
    refused = api.post("/v1/pictures/scans", json={"path": str(folder / "notes.txt")})

    assert refused.status_code == 422
    assert ".webp" in refused.json["detail"]
    assert api.post("/v1/pictures/scans", json={"path": str(folder / "red.png")}).status_code == 202


def test_a_scan_is_requested_over_http(api, folder):
    """The answer is a job of pictures."""
    response = api.post("/v1/pictures/scans", json={"path": str(folder)})

    assert response.status_code == 202
    assert (response.json["kind"], response.json["path"]) == ("pictures", str(folder))
    assert api.get(response.headers["Location"]).json["id"] == response.json["id"]

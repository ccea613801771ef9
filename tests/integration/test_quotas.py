"""Quotas of libraries: nothing is lost over one, and what is left out is taken when there is room again."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from services.domain.errors import LibraryFull
from services.domain.failure import FailureKind
from services.domain.job import JobState
from services.domain.quotas import DayUsage, Quota, today
from services.ingest.scan import request_scan, run_scan
from services.ingest.upload import Upload, store_upload
from services.quotas.room import Room, take_again
from services.tasks.turns import top_up
from tests.fakes.installation import write_songs
from tests.fakes.queue import RecordingQueue


@pytest.fixture
def queue():
    return RecordingQueue()


@pytest.fixture
def kids(catalogue, tmp_path):
    """A folder of five songs, which is the library Kids."""
    folder = tmp_path / "kids"
    write_songs(folder, 5)
    catalogue.libraries.put("Kids", [str(folder)], [])
    return folder


def scan(catalogue, queue, path):
    job_id = request_scan(catalogue, queue, str(path))
    run_scan(catalogue, queue, job_id)
    return catalogue.jobs.get(job_id)


def failures(catalogue):
    return [(each.path, each.kind) for each in catalogue.failures.page()]


def test_files_over_the_quota_are_left_out_and_taken_later(catalogue, queue, kids):
    """One line tells how many; a larger quota lets the next pass scan the folder again."""
    catalogue.quotas.put("Kids", Quota(tracks=3))
    job = scan(catalogue, queue, kids)

    assert catalogue.quotas.count_tracks("kids") == 3
    assert (job.total, job.failed, job.left_out) == (5, 1, 1)
    assert job.failures[0].reason.startswith("2 files are left out: the library 'Kids' has the 3 tracks of its quota.")
    assert failures(catalogue) == [(str(kids), FailureKind.OVER_QUOTA)]
    assert take_again(catalogue) == 0

    catalogue.quotas.put("Kids", Quota(tracks=10))
    assert take_again(catalogue) == 1
    assert failures(catalogue) == []
    [(again, _)] = catalogue.jobs.stale_scans(timedelta(hours=1))
    run_scan(catalogue, queue, again)
    assert catalogue.quotas.count_tracks("kids") == 5
    assert failures(catalogue) == []


def test_files_of_other_libraries_have_their_room(catalogue, queue, kids, tmp_path):
    """A scan of a folder with several libraries leaves out files of the full one only."""
    write_songs(tmp_path / "adults", 7)
    catalogue.quotas.put("Kids", Quota(tracks=1))
    job = scan(catalogue, queue, tmp_path)

    assert catalogue.quotas.count_tracks("kids") == 1
    assert sum(catalogue.tracks.count_by_status().values()) == 7  # those of the kids are copies of five of them
    assert failures(catalogue) == [(str(kids), FailureKind.OVER_QUOTA)]
    assert job.state == JobState.RUNNING


def test_a_known_file_is_never_left_out(catalogue, queue, kids):
    """A smaller quota removes nothing, and a changed file is read again."""
    scan(catalogue, queue, kids)
    catalogue.quotas.put("Kids", Quota(tracks=1))
    (kids / "0.flac").write_bytes((kids / "0.flac").read_bytes() + b"\0")
    job = scan(catalogue, queue, kids)

    assert (job.failed, catalogue.quotas.count_tracks("kids")) == (0, 5)
    assert Room.of(catalogue, str(kids)).is_full(str(kids / "new.flac"))


def test_a_library_without_minutes_waits(catalogue, queue, kids):
    """Its tracks are sent when the quota is larger."""
    catalogue.quotas.put("Kids", Quota(analysis_minutes=1))
    catalogue.quotas.add({"kids": DayUsage(today(), 0, 61.0)})
    scan(catalogue, queue, kids)
    assert queue.analyses == []
    assert catalogue.quotas.usage("Kids", kids).pending == 5

    catalogue.quotas.put("Kids", Quota())
    assert top_up(catalogue, queue) == 5


def upload(catalogue, queue, path, uploads):
    with path.open("rb") as stream:
        return store_upload(
            catalogue, queue, Upload(stream, path.name), folder=uploads, max_bytes=10**9, library="kids"
        )


class Together(io.BytesIO):
    """An upload whose bytes come when all uploads have begun."""

    def __init__(self, content, barrier):
        super().__init__(content)
        self._barrier = barrier

    def read(self, size=-1):
        if self.tell() == 0:
            self._barrier.wait(timeout=60)
        return super().read(size)


def test_uploads_at_once_do_not_exceed_the_quota(catalogue, queue, kids, tmp_path):
    """All find room when they begin; those that do not fit are refused, and none of their bytes stays."""
    songs = write_songs(tmp_path / "sent", 4)
    uploads, barrier = tmp_path / "uploads", Barrier(4)
    catalogue.quotas.put("Kids", Quota(tracks=1))

    def send(path):
        upload = Upload(Together(path.read_bytes(), barrier), path.name)
        try:
            store_upload(catalogue, queue, upload, folder=uploads, max_bytes=10**9, library="kids")
        except LibraryFull as error:
            return str(error)
        return "stored"

    with ThreadPoolExecutor(4) as pool:
        results = sorted(pool.map(send, songs))

    assert results[3] == "stored"
    assert all("'Kids' has the 1 tracks of its quota" in each for each in results[:3])
    assert catalogue.quotas.count_tracks("kids") == 1
    (kept,) = (path for path in uploads.rglob("*") if path.is_file())
    assert kept.read_bytes() in {song.read_bytes() for song in songs}


def test_uploads_over_a_quota_are_refused(catalogue, queue, kids, tmp_path):
    """No byte of them stays; another library is not concerned, and more room lets them in."""
    first, second = write_songs(tmp_path / "sent", 2)
    uploads = tmp_path / "uploads"
    catalogue.quotas.put("Kids", Quota(upload_bytes=first.stat().st_size + 1))
    upload(catalogue, queue, first, uploads)
    assert catalogue.quotas.uploaded_bytes("kids", uploads) == first.stat().st_size
    with pytest.raises(LibraryFull, match="leaves 1 bytes"):
        upload(catalogue, queue, second, uploads)
    catalogue.quotas.put("Kids", Quota(upload_bytes=1))
    with pytest.raises(LibraryFull, match="'Kids' have the 1 bytes"):
        upload(catalogue, queue, second, uploads)
    catalogue.quotas.put("Kids", Quota(tracks=1))
    with pytest.raises(LibraryFull, match="'Kids' has the 1 tracks"):
        upload(catalogue, queue, second, uploads)
    assert len([path for path in uploads.rglob("*") if path.is_file()]) == 1

    catalogue.quotas.put("Kids", Quota(tracks=2))
    upload(catalogue, queue, second, uploads)
    assert catalogue.quotas.count_tracks("kids") == 2

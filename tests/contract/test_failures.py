"""Failures are listed, resolved and retried on each database; the same with a pause of the analysis."""

import os
from datetime import timedelta
from itertools import count

import pytest

from services.catalog.analyses import Claimant
from services.catalog.database import now
from services.catalog.library import FileStamp
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.domain.picture import PictureStatus
from services.domain.track import Tags, TrackStatus
from services.ingest.retry import failures_named, folder_to_scan, retry_failures
from services.ingest.scan import request_scan, run_scan
from services.tasks.lost_work import resend_analyses, resend_scans
from tests.fakes.library import record, track_id
from tests.fakes.pictures import VERSION
from tests.fakes.queue import RecordingQueue
from workers.analysis import claim_attempt

SILENT = Cause("The file is silent", FailureKind.LEFT_OUT)
LOCKED = Cause("The file cannot be read: Permission denied.", FailureKind.UNREADABLE)


def register(catalogue, number, *names):
    for name in names:
        catalogue.library.register(
            track_id(number), Tags(f"Title {number}"), FileStamp(f"/music/{name}", "/music", 1, 1)
        )
    return track_id(number)


@pytest.fixture
def failed(catalogue):
    """One failure of each sort."""
    silent = register(catalogue, 1, "b.mp3", "a.mp3")
    catalogue.analyses.refuse(silent, SILENT.reason, kind=SILENT.kind)
    crashed = register(catalogue, 2, "c.mp3")
    catalogue.analyses.refuse(crashed, "It crashed.", TrackStatus.QUARANTINED, kind=FailureKind.CRASHED)
    unreadable = register(catalogue, 3, "d.mp3")
    catalogue.analyses.refuse(unreadable, "No file.", TrackStatus.MISSING, kind=FailureKind.GONE)
    catalogue.pictures.register("p1", FileStamp("/pictures/e.png", "/pictures", 1, 1), VERSION)
    catalogue.pictures.refuse("p1", "The file is damaged.", FailureKind.DAMAGED)
    catalogue.failures.add("/music/f.mp3", JobKind.SCAN, "/music", LOCKED)
    register(catalogue, 4, "waits.mp3")
    record(catalogue, register(catalogue, 5, "good.mp3"), 5)
    catalogue.analyses.refuse(register(catalogue, 6, "removed.mp3"), SILENT.reason, kind=SILENT.kind)
    catalogue.library.forget_files(["/music/removed.mp3"])
    return catalogue


def test_every_failure_is_listed_with_its_reason(failed):
    """Tracks, pictures and other files, by path; a track once, with all its paths; removed files are no failures."""
    listed = failed.failures.page()

    assert failed.failures.count() == len(listed) == 5
    assert failed.failures.count_files() == sum(len(each.files) for each in listed) == 6
    assert failed.failures.count_files(FailureKind.LEFT_OUT) == 2
    assert [(each.path, each.copies, each.reason, each.kind) for each in listed] == [
        ("/music/a.mp3", ("/music/b.mp3",), "The file is silent", FailureKind.LEFT_OUT),
        ("/music/c.mp3", (), "It crashed.", FailureKind.CRASHED),
        ("/music/d.mp3", (), "No file.", FailureKind.GONE),
        ("/music/f.mp3", (), LOCKED.reason, FailureKind.UNREADABLE),
        ("/pictures/e.png", (), "The file is damaged.", FailureKind.DAMAGED),
    ]
    assert [each.quarantined for each in listed] == [False, True, False, False, False]
    assert all(each.at is not None and now() - each.at < timedelta(minutes=1) for each in listed)
    assert [each.path for each in failed.failures.page(offset=1, limit=2)] == ["/music/c.mp3", "/music/d.mp3"]


def test_a_job_counts_files_that_are_left_out_apart(catalogue):
    """They stay in its list of failures, and a track with two files is listed once."""
    silent = register(catalogue, 1, "a.mp3", "b.mp3")
    catalogue.analyses.refuse(silent, SILENT.reason, kind=SILENT.kind)
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    catalogue.jobs.begin(job_id, 3)
    catalogue.jobs.add_track(job_id, "/music/a.mp3", silent)
    catalogue.jobs.add_track(job_id, "/music/b.mp3", silent)
    catalogue.jobs.add_failure(job_id, "/music/c.mp3", LOCKED.reason, LOCKED.kind)
    job = catalogue.jobs.get(job_id)

    assert (job.failed, job.left_out, len(job.failures), job.tracks) == (3, 2, 3, (silent,))


def test_a_retry_resets_all_that_is_listed(failed):
    """Tracks and pictures are pending; folders are scanned again; a success leaves nothing in the list."""
    reset = retry_failures(failed)

    assert reset.total == 6
    assert [each.path for each in failed.failures.page()] == ["/music/f.mp3"]  # until it is scanned
    assert {failed.tracks.get(track_id(number)).status for number in (1, 2, 3)} == {TrackStatus.PENDING}
    assert failed.pictures.get("p1").status == PictureStatus.PENDING
    queue = RecordingQueue()
    assert resend_analyses(failed, queue, timedelta(hours=1)) == 4  # and one that was never sent
    assert resend_scans(failed, queue, timedelta(minutes=10)) == 2
    assert sorted(queue.kinds) == [JobKind.PICTURES, JobKind.SCAN]


def test_one_failure_can_be_retried(failed):
    """The others stay as they are, and an id that does not exist is ignored."""
    reset = retry_failures(failed, [f"track:{track_id(2)}", "picture:none", "nonsense", "file:999999"])

    assert reset.total == 1
    assert failed.failures.count() == 4
    assert failed.tracks.get(track_id(1)).status == TrackStatus.FAILED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/music/b.mp3", ["/music/a.mp3"]),
        ("/music", ["/music/a.mp3", "/music/c.mp3", "/music/d.mp3", "/music/f.mp3"]),
        ("/music/", ["/music/a.mp3", "/music/c.mp3", "/music/d.mp3", "/music/f.mp3"]),
        ("/mus", []),
        ("/music/good.mp3", []),
        (track_id(2)[:8], ["/music/c.mp3"]),
        (track_id(2)[:7], []),
        (f"track:{track_id(2)}", ["/music/c.mp3"]),
        ("picture:p1", ["/pictures/e.png"]),
    ],
)
def test_failures_are_named_by_file_folder_or_id(failed, name, expected):
    """A file of a recording with several files means all of them."""
    listed = failed.failures.page()

    assert [each.path for each in listed if each.id in failures_named(listed, name)] == expected


def test_a_scan_resolves_what_it_finds_usable_or_gone(catalogue, tmp_path):
    """Files that are no audio are failures until a scan no longer finds them so; others outside the folder remain."""
    music, queue = tmp_path / "music", RecordingQueue()
    (music / "sub").mkdir(parents=True)
    for name in ("fixed.mp3", "removed.mp3", "bad.mp3", "sub/bad.mp3"):
        (music / name).write_text("no audio")

    def scan(folder):
        run_scan(catalogue, queue, request_scan(catalogue, queue, str(folder)))
        return [os.path.relpath(each.path, music) for each in catalogue.failures.page()]

    assert scan(music) == ["bad.mp3", "fixed.mp3", "removed.mp3", "sub/bad.mp3"]
    assert {each.kind for each in catalogue.failures.page()} == {FailureKind.UNSUPPORTED}
    (music / "removed.mp3").unlink()
    (music / "fixed.mp3").rename(music / "fixed.txt")
    (music / "sub" / "bad.mp3").unlink()
    (music / "sub" / "new.mp3").write_text("no audio")

    assert scan(music / "sub") == ["bad.mp3", "fixed.mp3", "removed.mp3", "sub/new.mp3"]
    assert scan(music) == ["bad.mp3", "sub/new.mp3"]


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        (["a/one.mp3"], "a/one.mp3"),
        (["a/one.mp3", "a/two.mp3"], "a"),
        (["a/one.mp3", "b/three.mp3"], "."),
        (["a/gone.mp3"], "a"),
        (["gone/deep/one.mp3"], "."),
        (["link"], "."),
    ],
)
def test_the_folder_of_a_retry(catalogue, tmp_path, paths, folder):
    """The lowest folder or file that exists, is no link and contains all failures; never above the library root."""
    for name in ("a/one.mp3", "a/two.mp3", "b/three.mp3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no audio")
    (tmp_path / "link").symlink_to("/")
    for path in paths:
        catalogue.failures.add(str(tmp_path / path), JobKind.SCAN, str(tmp_path), LOCKED)
    [scan] = catalogue.failures.reset().scans

    assert folder_to_scan(scan) == os.path.normpath(tmp_path / folder)


TASKS = count()


def claim(catalogue, track, **more):
    return claim_attempt(catalogue, track, Claimant("worker", str(next(TASKS)), **more))


def test_during_a_pause_nothing_is_claimed_or_sent(catalogue):
    """A message that arrives is dropped without an attempt; after the pause the track counts as not sent."""
    waiting = register(catalogue, 1, "a.mp3")
    pictures = catalogue.jobs.create(JobKind.PICTURES, "/pictures")
    music = catalogue.jobs.create(JobKind.SCAN, "/music")
    queue = RecordingQueue()
    catalogue.pause.begin()
    began_at = catalogue.pause.began_at()
    catalogue.pause.begin()

    assert catalogue.pause.began_at() == began_at
    assert claim(catalogue, waiting) is None
    assert resend_analyses(catalogue, queue, timedelta(0)) == 0
    assert resend_scans(catalogue, queue, timedelta(0)) == 1
    assert queue.scans == [music]

    catalogue.pause.end()
    assert catalogue.pause.began_at() is None
    assert resend_analyses(catalogue, queue, timedelta(hours=1)) == 1
    assert resend_scans(catalogue, queue, timedelta(hours=1)) == 1
    assert queue.scans == [music, pictures]
    assert claim(catalogue, waiting).attempt == 1


def test_a_file_in_hand_is_finished_during_a_pause(catalogue):
    """Its result is recorded; an attempt that was to be continued later is not counted."""
    in_hand, postponed = register(catalogue, 1, "a.mp3"), register(catalogue, 2, "b.mp3")
    claim(catalogue, in_hand)
    holder = Claimant("worker", "postponed")
    claim_attempt(catalogue, postponed, holder)
    catalogue.pause.begin()
    record(catalogue, in_hand, 1)

    assert catalogue.tracks.get(in_hand).status == TrackStatus.READY
    assert claim(catalogue, postponed, continues_attempt=holder.name) is None
    catalogue.pause.end()
    assert claim(catalogue, postponed).attempt == 1


def test_the_speed_is_measured(catalogue):
    """Two analyses are needed; failures and older analyses do not count."""
    assert catalogue.progress.rate().per_minute is None
    record(catalogue, register(catalogue, 1, "a.mp3"), 1)
    assert catalogue.progress.rate().per_minute is None
    for number in range(2, 12):
        record(catalogue, register(catalogue, number, f"{number}.mp3"), number)
    rate = catalogue.progress.rate()

    assert rate.count == 11
    assert 10 <= rate.per_minute <= 600


def test_folders_are_library_roots_with_their_last_whole_scan(catalogue, tmp_path):
    """Files of subfolders count for their root; a scan of a part is no scan of the whole folder."""
    music, queue = tmp_path / "music", RecordingQueue()
    (music / "sub").mkdir(parents=True)
    catalogue.library.register(track_id(1), Tags("A"), FileStamp(str(music / "sub" / "a.mp3"), str(music), 1, 1))
    catalogue.pictures.register("p1", FileStamp(str(music / "e.png"), str(music), 1, 1), VERSION)

    def folders():
        return [
            (each.path, each.tracks, each.pictures, each.scanned_at is not None)
            for each in catalogue.progress.folders()
        ]

    run_scan(catalogue, queue, request_scan(catalogue, queue, str(music / "sub")))
    assert folders() == [(str(music), 0, 1, False)]  # the file does not exist, so the scan removed it
    run_scan(catalogue, queue, request_scan(catalogue, queue, str(tmp_path)))
    assert folders() == [(str(music), 0, 1, True)]

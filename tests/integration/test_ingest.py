"""Scans and uploads register tracks; a file that cannot be used is a failure with a reason, and the scan continues."""

import io
import os
import pwd
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import mutagen
import numpy as np
import pytest
from sqlalchemy import select, update

from services.catalog.tables import LocationRow
from services.domain.errors import BrokerUnavailable, PathNotScannable, UnsupportedAudio, UploadTooLarge
from services.domain.job import JobState
from services.domain.listening import Description, NewListen
from services.domain.track import Analysis, TrackStatus
from services.ingest.listing import list_audio
from services.ingest.scan import ScanRules, request_rescans, request_scan, run_scan
from services.ingest.upload import Upload, store_upload
from services.settings import Settings
from services.tasks.queue import Urgency
from tests.fakes.installation import write_song
from tests.fakes.queue import RecordingQueue


@pytest.fixture
def queue():
    return RecordingQueue()


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


def scan(catalogue, queue, path):
    job_id = request_scan(catalogue, queue, str(path))
    run_scan(catalogue, queue, job_id)
    return catalogue.jobs.get(job_id)


def analyse_all(catalogue, queue):
    vector = np.eye(128, dtype=np.float32)[0]
    for track_id in queue.analyses:
        catalogue.analyses.record(track_id, Analysis(vector, 0.0, {}, {}, {}, "m1"))
    queue.analyses.clear()


def test_a_scan_registers_every_recording_once(catalogue, queue, music):
    """Copies are one track; files of other types and resource forks of macOS are ignored."""
    write_song(music / "a.flac")
    write_song(music / "deep" / "er" / "copy.flac")
    write_song(music / "b.wav", seed=1)
    (music / "cover.jpg").write_bytes(b"\xff\xd8")
    (music / "._a.flac").write_bytes(b"resource fork")
    job = scan(catalogue, queue, music)

    assert (job.state, job.total, job.failed) == (JobState.RUNNING, 3, 0)
    assert len(set(queue.analyses)) == 2
    analyse_all(catalogue, queue)
    assert catalogue.jobs.get(job.id).state == JobState.DONE
    assert catalogue.jobs.get(job.id).done == 3


def test_a_second_scan_analyses_only_new_files(catalogue, queue, music):
    """Unchanged files are not read again."""
    known = write_song(music / "a.flac")
    scan(catalogue, queue, music)
    analyse_all(catalogue, queue)
    stamp = known.stat()
    known.write_bytes(b"\0" * stamp.st_size)
    os.utime(known, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # looks unchanged, but is no longer audio
    write_song(music / "b.flac", seed=1)
    job = scan(catalogue, queue, music)

    assert (len(queue.analyses), job.total, job.done, job.failed) == (1, 2, 1, 0)


def test_a_scan_after_an_update_reads_the_tags_of_unchanged_files_once(catalogue, queue, music):
    """A version of Segue that reads more tags fills them for known files, without a new analysis."""
    song = write_song(music / "a.flac")
    scan(catalogue, queue, music)
    [track_id] = queue.analyses
    analyse_all(catalogue, queue)
    stamp = song.stat()
    retagged = mutagen.File(song)
    retagged.update({"albumartist": ["Band"], "tracknumber": ["7"]})
    retagged.save()
    os.utime(song, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with catalogue.database.write() as session:
        [location] = session.scalars(select(LocationRow))
        location.size = song.stat().st_size  # unchanged since the last scan
        session.execute(update(LocationRow).values(tags_version=0))  # of a version that read fewer tags
    first, second = scan(catalogue, queue, music), scan(catalogue, queue, music)
    track = catalogue.tracks.get(track_id)

    assert (track.album_artist, track.track_number, track.status) == ("Band", 7, TrackStatus.READY)
    assert queue.analyses == []
    assert [(job.state, job.done, len(job.tracks)) for job in (first, second)] == [
        (JobState.DONE, 1, 1),
        (JobState.DONE, 1, 0),
    ]


def test_moved_and_renamed_files_are_not_analysed_again(catalogue, queue, music):
    """The track keeps its analysis and gets the new path."""
    song = write_song(music / "a.flac")
    scan(catalogue, queue, music)
    [track_id] = queue.analyses
    analyse_all(catalogue, queue)
    (music / "moved").mkdir()
    song.rename(music / "moved" / "b.flac")
    job = scan(catalogue, queue, music)

    assert queue.analyses == []
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert catalogue.tracks.get(track_id).path == "moved/b.flac"
    assert catalogue.tracks.get(track_id).status == TrackStatus.READY


def test_a_track_is_missing_while_its_file_is(catalogue, queue, music):
    """A track whose file is back is ready again with its old analysis."""
    song = write_song(music / "a.flac")
    scan(catalogue, queue, music)
    [track_id] = queue.analyses
    analyse_all(catalogue, queue)
    content = song.read_bytes()
    song.unlink()
    scan(catalogue, queue, music)
    assert catalogue.tracks.get(track_id).status == TrackStatus.MISSING

    song.write_bytes(content)
    scan(catalogue, queue, music)
    assert catalogue.tracks.get(track_id).status == TrackStatus.READY
    assert queue.analyses == []


def test_each_unusable_file_is_a_failure_with_its_reason(catalogue, queue, music):
    """The scan continues after each unusable file."""
    write_song(music / "good.flac")
    (music / "text.mp3").write_text("not music at all\n" * 99)
    (music / "zero.ogg").touch()
    (music / "list.mp3").write_text("#EXTM3U\n/etc/passwd\n")
    (music / "song.m4a").write_bytes(b"MThd\0\0\0\x06\0\0\0\0")
    os.mkfifo(music / "pipe.wav")
    (music / "out.mp3").symlink_to("/etc/passwd")
    (music / "gone.mp3").symlink_to(music / "nowhere.mp3")
    (music / "bad\udcff\n.mp3").write_bytes(b"?")
    job = scan(catalogue, queue, music)
    reasons = {Path(failure.path).name: failure.reason for failure in job.failures}

    assert (len(queue.analyses), job.failed) == (1, 8)
    assert "Not audio: plain text" in reasons["text.mp3"]
    assert "0 bytes" in reasons["zero.ogg"]
    assert "playlist" in reasons["list.mp3"]
    assert "MIDI" in reasons["song.m4a"]
    assert "pipe, socket or device" in reasons["pipe.wav"]
    assert "leads out of the library" in reasons["out.mp3"]
    assert "No such file" in reasons["gone.mp3"]
    assert "Not audio: plain text" in reasons["bad\ufffd\n.mp3"]


def test_a_folder_without_permission_is_reported():
    """A folder that cannot be read is reported, and the other folders are listed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        locked = write_song(Path(folder) / "locked" / "a.flac").parent
        write_song(Path(folder) / "open" / "b.flac")
        locked.chmod(0)
        with as_ordinary_user():
            listing = list_audio(folder)

    assert [Path(path).name for path in listing.files] == ["b.flac"]
    assert {path: cause.reason for path, cause in listing.unreadable.items()} == {
        str(locked): "The folder cannot be listed: Permission denied."
    }


@contextmanager
def as_ordinary_user():
    """Run as an unprivileged user, because root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_track_that_was_missing_is_analysed_when_its_file_is_readable(catalogue, queue, music):
    """The next scan sends an unanalysed track again even if its file is unchanged."""
    write_song(music / "a.flac")
    scan(catalogue, queue, music)
    [track_id] = queue.analyses
    catalogue.analyses.refuse(track_id, "Its files cannot be read.", TrackStatus.MISSING)
    scan(catalogue, queue, music)

    assert queue.analyses == [track_id, track_id]
    assert catalogue.tracks.get(track_id).status == TrackStatus.PENDING


def test_a_link_to_a_folder_outside_is_reported(catalogue, queue, music, tmp_path):
    """A link within the library is ignored, because the walk finds its target anyway."""
    write_song(music / "real" / "a.flac")
    (music / "again").symlink_to(music / "real")
    write_song(tmp_path / "elsewhere" / "b.flac", seed=1)
    (music / "out").symlink_to(tmp_path / "elsewhere")
    job = scan(catalogue, queue, music)

    assert len(queue.analyses) == 1
    assert (job.total, job.failed) == (2, 1)
    assert "scan the folder that it leads to" in job.failures[0].reason


def test_a_library_folder_that_was_renamed_is_gone(catalogue, queue, music):
    """Its tracks are missing; a scan of its new name makes them ready again, with the same ids and analyses."""
    for seed in range(3):
        write_song(music / f"{seed}.flac", seed=seed)
    scan(catalogue, queue, music)
    ids = set(queue.analyses)
    analyse_all(catalogue, queue)
    renamed = music.rename(music.with_name("renamed"))
    gone = scan(catalogue, queue, music)
    assert (gone.state, catalogue.tracks.count_by_status()[TrackStatus.MISSING]) == (JobState.DONE, 3)

    back = scan(catalogue, queue, renamed)
    assert (back.done, set(back.tracks)) == (3, ids)
    assert catalogue.tracks.count_by_status()[TrackStatus.READY] == 3
    assert queue.analyses == []


def test_scanning_a_folder_above_a_library_does_not_change_it(catalogue, queue, music, tmp_path):
    """A library in a hidden folder, which the walk skips, keeps its files and their paths."""
    hidden = tmp_path / ".cache" / "demo"
    write_song(hidden / "game" / "a.flac")
    scan(catalogue, queue, hidden)
    write_song(music / "b.flac", seed=1)
    scan(catalogue, queue, tmp_path)
    (hidden / "game" / "a.flac").touch()
    scan(catalogue, queue, hidden)

    assert {track.path for track in catalogue.browsing.page().tracks} == {"game/a.flac", "music/b.flac"}
    assert catalogue.tracks.count_by_status()[TrackStatus.MISSING] == 0


def test_paths_are_relative_to_the_first_root_that_contains_them(catalogue, queue, music):
    """Scanning a folder inside a library does not create another library."""
    write_song(music / "artist" / "a.flac")
    scan(catalogue, queue, music)
    new = write_song(music / "artist" / "b.flac", seed=1)
    scan(catalogue, queue, new.parent)

    assert {track.path for track in catalogue.browsing.page().tracks} == {"artist/a.flac", "artist/b.flac"}


@pytest.mark.parametrize("path", ["relative/folder", "/nowhere/at/all", "/etc/\0passwd"])
def test_a_path_that_cannot_be_scanned_is_refused(catalogue, queue, path):
    """Such a request raises PathNotScannable and sends no task."""
    with pytest.raises(PathNotScannable):
        request_scan(catalogue, queue, path)

    assert queue.scans == []


def test_without_a_broker_no_track_is_lost(catalogue, music):
    """A scan request fails; a running scan leaves pending tracks, which `resend_lost_work` sends again."""
    write_song(music / "a.flac")
    broken = RecordingQueue(broken=True)
    with pytest.raises(BrokerUnavailable):
        request_scan(catalogue, broken, str(music))

    job_id = request_scan(catalogue, RecordingQueue(), str(music))
    run_scan(catalogue, broken, job_id)
    assert catalogue.tracks.count_by_status()[TrackStatus.PENDING] == 1


def upload(catalogue, queue, folder, content, **options):
    sent = Upload(io.BytesIO(content), options.get("filename", "song.flac"))
    return store_upload(catalogue, queue, sent, folder=folder, max_bytes=options.get("max_bytes", 10**6))


def test_an_upload_is_stored_under_its_own_id_and_analysed(catalogue, queue, tmp_path):
    """The client's file name is used only as a title."""
    content = write_song(tmp_path / "a.flac").read_bytes()
    folder = tmp_path / "uploads"
    job_id = upload(catalogue, queue, folder, content, filename="../../etc/My song.mp3")
    [track_id] = queue.analyses

    assert [path.name for path in folder.iterdir()] == [f"{track_id}.flac"]
    assert catalogue.tracks.get(track_id).title == "My song"
    analyse_all(catalogue, queue)
    job = catalogue.jobs.get(job_id)
    assert (job.state, job.done, job.tracks) == (JobState.DONE, 1, (track_id,))


def test_a_file_that_has_just_been_written_is_read_last(catalogue, queue, music):
    """A copy can finish meanwhile, although newer files come first otherwise."""
    old = write_song(music / "old.flac")
    os.utime(old, ns=(0, 0))
    new = write_song(music / "new.flac", seed=1)
    soon = time.time_ns() + 10**9
    os.utime(new, ns=(soon, soon))
    job_id = request_scan(catalogue, queue, str(music))
    run_scan(catalogue, queue, job_id, ScanRules(settle_seconds=0.1))

    assert [catalogue.tracks.get(track_id).title for track_id in queue.analyses] == ["old", "new"]


def test_all_library_folders_are_scanned_at_night(catalogue, queue, music, tmp_path):
    """Those that are configured, and those that were scanned as a whole; not twice, and not what is being scanned."""
    write_song(music / "part" / "a.flac")
    alone = write_song(tmp_path / "other" / "b.flac", seed=1)
    for path in (music, music / "part", alone):
        scan(catalogue, queue, path)
    queue.scans.clear()
    request_rescans(catalogue, queue, Settings())
    assert [catalogue.jobs.path(job_id) for job_id in queue.scans] == [str(music)]

    request_rescans(catalogue, queue, Settings(library_roots=(str(tmp_path), "/nowhere")))
    assert [catalogue.jobs.path(job_id) for job_id in queue.scans] == [str(music), str(tmp_path)]
    request_rescans(catalogue, queue, Settings(library_roots=(str(tmp_path),)))
    assert len(queue.scans) == 2


def test_played_music_is_analysed_first_and_an_upload_at_once(catalogue, queue, music, tmp_path):
    """A scan sends newest files first; tracks that listens wait for, and uploads, have their own urgency."""
    for seed, name in enumerate(("old.flac", "played.flac", "new.flac")):
        song = write_song(music / name, seed=seed)
        os.utime(song, ns=(0, (seed + 1) * 10**18))
    os.utime(music / "played.flac", ns=(0, 10**17))
    catalogue.listens.add(
        "ada", [NewListen(described=Description(artist="Band", title="played"), at=datetime.now(UTC))]
    )
    tagged = mutagen.File(music / "played.flac")
    tagged.update({"artist": ["Band"], "title": ["played"]})
    tagged.save()
    os.utime(music / "played.flac", ns=(0, 10**17))
    scan(catalogue, queue, music)
    titles = [catalogue.tracks.get(track_id).title for track_id in queue.analyses]
    urgencies = list(queue.urgencies.values())
    assert titles == ["new", "played", "old"]
    assert urgencies == [Urgency.BULK, Urgency.PLAYED, Urgency.BULK]

    upload = Upload(io.BytesIO(write_song(tmp_path / "sent.flac", seed=9).read_bytes()), "sent.flac")
    store_upload(catalogue, queue, upload, folder=tmp_path / "uploads", max_bytes=10**9)
    assert queue.urgencies[queue.analyses[-1]] == Urgency.NEW


def test_the_same_upload_twice_is_one_track_and_one_analysis(catalogue, queue, tmp_path):
    """The second job is done at once, without another analysis."""
    content = write_song(tmp_path / "a.flac").read_bytes()
    upload(catalogue, queue, tmp_path / "uploads", content)
    analyse_all(catalogue, queue)
    job_id = upload(catalogue, queue, tmp_path / "uploads", content)

    assert queue.analyses == []
    assert catalogue.jobs.get(job_id).state == JobState.DONE
    assert sum(catalogue.tracks.count_by_status().values()) == 1


@pytest.mark.parametrize(
    ("content", "error"), [(b"no audio", UnsupportedAudio), (b"", UnsupportedAudio), (b"x" * 101, UploadTooLarge)]
)
def test_a_refused_upload_stores_nothing(catalogue, queue, tmp_path, content, error):
    """No file is stored and no task is sent."""
    folder = tmp_path / "uploads"
    with pytest.raises(error):
        upload(catalogue, queue, folder, content, max_bytes=100)

    assert list(folder.iterdir()) == []
    assert queue.analyses == []

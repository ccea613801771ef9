"""A disk that is not mounted loses nothing: its tracks leave the answers, and return with it at once."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from services.domain.failure import FailureKind
from services.domain.job import JobState
from services.domain.track import Analysis, TrackStatus
from services.ingest.presence import is_on_network
from services.ingest.scan import request_scan, run_scan
from tests.fakes.installation import write_song, write_songs
from tests.fakes.queue import RecordingQueue


@pytest.fixture
def queue():
    return RecordingQueue()


@pytest.fixture
def music(tmp_path):
    write_songs(tmp_path / "music", 3)
    return tmp_path / "music"


def scan(catalogue, queue, path):
    job_id = request_scan(catalogue, queue, str(path))
    run_scan(catalogue, queue, job_id)
    return catalogue.jobs.get(job_id)


def analyse_all(catalogue, queue):
    vector = np.eye(128, dtype=np.float32)[0]
    for track_id in queue.analyses:
        catalogue.analyses.record(track_id, Analysis(vector, 0.0, {}, {}, {}, "m1"))
    queue.analyses.clear()


def count(catalogue, status):
    return catalogue.tracks.count_by_status()[status]


def unmount(folder: Path) -> Path:
    """Leave an empty folder, as a mount point is without its disk."""
    disk = folder.rename(folder.with_name("disk"))
    folder.mkdir()
    return disk


def mount(disk: Path, folder: Path) -> None:
    folder.rmdir()
    disk.rename(folder)


def test_an_empty_root_is_a_warning(catalogue, queue, music):
    """Its tracks are missing, but nothing is deleted and one failure names the folder; then all are back unread."""
    scan(catalogue, queue, music)
    analyse_all(catalogue, queue)
    disk = unmount(music)
    away = scan(catalogue, queue, music)

    assert (away.state, away.failed, away.failures[0].kind) == (JobState.DONE, 1, FailureKind.ABSENT)
    assert [Path(failure.path) for failure in catalogue.failures.page()] == [music]
    assert count(catalogue, TrackStatus.MISSING) == 3
    assert len(catalogue.library.known_files(str(music))) == 3

    mount(disk, music)
    back = scan(catalogue, queue, music)
    assert (back.state, back.done, back.failed, back.tracks) == (JobState.DONE, 3, 0, ())
    assert count(catalogue, TrackStatus.READY) == 3
    assert catalogue.failures.count() == 0
    assert queue.analyses == []


def test_tracks_that_were_never_analysed_wait_again(catalogue, queue, music):
    """The job that waited for them ends, and the next pass sends them when the disk is back."""
    first = scan(catalogue, queue, music)
    disk = unmount(music)
    scan(catalogue, queue, music)
    assert catalogue.jobs.get(first.id).failures[0].kind == FailureKind.ABSENT
    assert catalogue.jobs.get(first.id).state == JobState.DONE

    mount(disk, music)
    back = scan(catalogue, queue, music)
    assert (count(catalogue, TrackStatus.PENDING), back.state) == (3, JobState.RUNNING)


def test_a_track_with_a_file_elsewhere_stays(catalogue, queue, music, tmp_path):
    """A copy on another disk can still be played."""
    write_song(tmp_path / "other" / "copy.flac", 0)
    for folder in (music, tmp_path / "other"):
        scan(catalogue, queue, folder)
    analyse_all(catalogue, queue)
    unmount(music)
    scan(catalogue, queue, music)

    assert (count(catalogue, TrackStatus.READY), count(catalogue, TrackStatus.MISSING)) == (1, 2)


def test_a_folder_that_was_deleted_for_good_is_forgotten(catalogue, queue, music):
    """Whoever deletes the empty folder too says that the music does not come back."""
    scan(catalogue, queue, music)
    analyse_all(catalogue, queue)
    unmount(music)
    scan(catalogue, queue, music)
    music.rmdir()
    scan(catalogue, queue, music)

    assert catalogue.library.known_files(str(music)) == {}
    assert count(catalogue, TrackStatus.MISSING) == 3
    assert catalogue.failures.count() == 0


def test_a_mount_point_that_disappears_with_its_disk_is_away(catalogue, queue, music):
    """Desktops remove the mount point of a disk that is unplugged."""
    scan(catalogue, queue, music)
    analyse_all(catalogue, queue)
    catalogue.folders.set_mounts({str(music.parent)})  # a disk was mounted there at the last scan
    disk = music.rename(music.with_name("disk"))
    scan(catalogue, queue, music)
    assert len(catalogue.library.known_files(str(music))) == 3

    disk.rename(music)
    scan(catalogue, queue, music)
    assert count(catalogue, TrackStatus.READY) == 3


def test_a_disk_inside_of_a_library_is_away_alone(catalogue, queue, music):
    """The rest of the library is scanned as usual."""
    inside = music / "disk"
    write_song(inside / "a.flac", 7)
    scan(catalogue, queue, music)
    analyse_all(catalogue, queue)
    catalogue.folders.set_mounts({str(inside)})
    shutil.rmtree(inside)
    inside.mkdir()
    (music / "0.flac").unlink()
    job = scan(catalogue, queue, music)

    assert [Path(failure.path) for failure in job.failures] == [inside]
    assert sorted(Path(path).name for path in catalogue.library.known_files(str(music))) == [
        "1.flac",
        "2.flac",
        "a.flac",
    ]
    assert str(inside) in catalogue.folders.mounts()


def test_a_subfolder_is_away_with_its_root(catalogue, queue, music):
    """A scan of a part of an unmounted library deletes nothing."""
    write_song(music / "album" / "a.flac", 7)
    scan(catalogue, queue, music)
    analyse_all(catalogue, queue)
    unmount(music)
    scan(catalogue, queue, music / "album")

    assert len(catalogue.library.known_files(str(music / "album"))) == 1
    assert count(catalogue, TrackStatus.READY) == 3


def test_network_mounts_are_told_from_disks(tmp_path):
    """The kernel reports no changes that other machines make."""
    assert not is_on_network(str(tmp_path))
    assert not is_on_network("/proc/self")

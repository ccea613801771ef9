"""A real worker process with a real broker, a real catalogue and synthesised audio."""

import os
import uuid
from pathlib import Path

import numpy as np
import pytest
import soundfile
from celery import Celery
from sqlalchemy import update

from services.catalog.library import FileStamp
from services.catalog.tables import TrackRow
from services.domain.job import JobKind, JobState
from services.domain.picture import PictureStatus
from services.domain.track import Tags, TrackStatus
from services.ingest.scan import request_scan
from services.tasks.backlog import backlogs
from services.tasks.queue import RESEND_TASK, ROUTES
from services.telemetry.relay import sums
from services.telemetry.stages import Stage
from tests.fakes.installation import SAMPLE_RATE, installation, wait_until, write_noise, write_song
from tests.fakes.pictures import draw


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An installation with a worker, shared because loading torch takes seconds."""
    with installation(tmp_path_factory.mktemp("data")) as here, here.worker():
        yield here


def register(catalogue, path):
    """A pending track with a file and without a message."""
    track_id = str(uuid.uuid4())
    catalogue.library.register(track_id, Tags(title=path.stem), FileStamp(str(path), str(path.parent), 1, 1))
    return track_id


def analysed(catalogue, track_id):
    wait_until(lambda: catalogue.tracks.get(track_id).status != TrackStatus.PENDING)
    return catalogue.tracks.get(track_id)


def test_scan_analyses_tracks_and_reports_broken_files(served, tmp_path):
    """After the scan of a folder, good files are analysed and each broken file has a reason."""
    for seed in (1, 2):
        write_song(tmp_path / f"{seed}.flac", seed)
    (tmp_path / "letter.mp3").write_text("Dear reader, this is not audio.")
    soundfile.write(tmp_path / "blip.wav", np.ones(SAMPLE_RATE), SAMPLE_RATE)
    job_id = request_scan(served.catalogue, served.queue, str(tmp_path))
    wait_until(lambda: served.catalogue.jobs.get(job_id).state in {JobState.DONE, JobState.FAILED})
    job = served.catalogue.jobs.get(job_id)

    assert (job.state, job.total, job.done, job.failed) == (JobState.DONE, 4, 2, 2)
    assert {Path(failure.path).name for failure in job.failures} == {"letter.mp3", "blip.wav"}
    assert all(failure.reason and "Traceback" not in failure.reason for failure in job.failures)
    tracks = served.catalogue.tracks.get_many(job.tracks)
    assert sorted(track.status for track in tracks.values()) == [
        TrackStatus.FAILED,
        TrackStatus.READY,
        TrackStatus.READY,
    ]
    ready = [track.id for track in tracks.values() if track.status == TrackStatus.READY]
    assert served.catalogue.tracks.highlights(job.tracks) == dict.fromkeys(ready, 0.0)


def test_scan_reads_pictures(served, tmp_path):
    """The worker reads a picture with its own models, and a damaged file has a reason."""
    draw(tmp_path / "warm.png", (240, 190, 60))
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff" + bytes(200))
    job_id = request_scan(served.catalogue, served.queue, str(tmp_path), None, JobKind.PICTURES)
    wait_until(lambda: served.catalogue.jobs.get(job_id).state in {JobState.DONE, JobState.FAILED})
    job = served.catalogue.jobs.get(job_id)
    pictures = {picture.path: picture for picture in served.catalogue.pictures.page().pictures}

    assert (job.state, job.done, job.failed) == (JobState.DONE, 1, 1)
    assert "damaged" in job.failures[0].reason
    assert pictures["damaged.jpg"].status == PictureStatus.FAILED
    assert pictures["warm.png"].status == PictureStatus.READY
    assert pictures["warm.png"].looks
    assert 0 <= pictures["warm.png"].valence <= 1
    assert served.catalogue.picture_indexing.count_ready() == 1


def test_failed_track_does_not_stop_the_queue(served, tmp_path):
    """A damaged file fails with a reason, and the next track is analysed."""
    damaged = write_song(tmp_path / "damaged.flac", 3)
    damaged.write_bytes(b"fLaC" + bytes(200))
    bad, good = register(served.catalogue, damaged), register(served.catalogue, write_song(tmp_path / "good.flac", 4))
    served.queue.analyse(bad)
    served.queue.analyse(good)

    assert analysed(served.catalogue, good).status == TrackStatus.READY
    assert served.catalogue.tracks.get(bad).status == TrackStatus.FAILED
    assert served.catalogue.tracks.get(bad).reason


def test_the_worker_measures_its_analyses(served, tmp_path):
    """The broker has the sums over all tasks: attempts by outcome, stages by time, and the wait in the queue."""

    def measured():
        found = {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for metric in sums(served.queue)
            for sample in metric.samples
        }
        return lambda name, *labels: found.get((name, frozenset(labels)), 0.0)

    def is_idle():
        return backlogs(served.queue)["analyse"].length == 0

    wait_until(is_idle)  # a worker acknowledges a message after it has sent the measurements
    before = measured()
    damaged = write_song(tmp_path / "unreadable.flac", 30)
    damaged.write_bytes(b"fLaC" + bytes(200))
    for path in (damaged, tmp_path / "missing.flac", write_song(tmp_path / "fine.flac", 31)):
        served.queue.analyse(register(served.catalogue, path))
    wait_until(is_idle)
    after = measured()

    def increase(*key):
        return after(*key) - before(*key)

    assert [increase("segue_analyses_total", outcome) for outcome in ("ok", "failed", "missing")] == [1, 1, 1]
    stages = {stage: increase("segue_analysis_seconds_count", "ok", stage) for stage in Stage}
    # A pass over the catalogue may send a track again; its claim is refused then.
    assert stages.pop(Stage.CLAIM) >= 3
    assert set(stages.values()) == {1}
    assert increase("segue_analysis_seconds_count", "failed", "analyse") == 1
    assert increase("segue_analysis_seconds_bucket", "ok", "decode", "+Inf") == 1
    whole, parts = (
        sum(increase("segue_analysis_seconds_sum", "ok", stage) for stage in stages)
        for stages in ((Stage.ANALYSE,), (Stage.DECODE, Stage.DESCRIBE, Stage.ENCODE))
    )
    assert 0 < parts <= whole
    assert increase("segue_queue_wait_seconds_count", "analyse") >= 3
    assert increase("segue_tasks_total", "analyse", "ok") >= 3
    assert increase("segue_task_seconds_sum", "analyse") >= whole


def test_track_without_files_is_missing(served, tmp_path):
    """A track whose file was removed before its analysis becomes missing, with a reason."""
    track_id = register(served.catalogue, tmp_path / "gone.flac")
    served.queue.analyse(track_id)
    track = analysed(served.catalogue, track_id)

    assert track.status == TrackStatus.MISSING
    assert "can be read any more" in track.reason


def test_second_file_is_used_if_the_first_is_missing(served, tmp_path):
    """A track is analysed from another of its files."""
    track_id = register(served.catalogue, tmp_path / "gone.flac")
    copy = write_song(tmp_path / "copy.flac", 5)
    served.catalogue.library.register(track_id, Tags(title="copy"), FileStamp(str(copy), str(tmp_path), 1, 1))
    served.queue.analyse(track_id)

    assert analysed(served.catalogue, track_id).status == TrackStatus.READY


def test_work_that_the_broker_lost_is_sent_again(served, tmp_path):
    """A pending track without a message is analysed after the next pass."""
    track_id = register(served.catalogue, write_song(tmp_path / "lost.flac", 6))
    with served.catalogue.database.write() as session:
        session.execute(update(TrackRow).where(TrackRow.id == track_id).values(sent_at=None))
    sender = Celery(broker=served.broker.url, set_as_current=False)
    sender.conf.task_routes = ROUTES
    sender.send_task(RESEND_TASK)

    assert analysed(served.catalogue, track_id).status == TrackStatus.READY


def test_sigterm_during_work_loses_no_task(tmp_path):
    """A worker ends within 10 s of SIGTERM, and the next worker finishes its tasks."""
    with installation(tmp_path / "data") as here:
        song = write_song(tmp_path / "song.flac", 7)
        tracks = []
        for number in range(16):
            os.link(song, song.with_stem(f"song-{number}"))
            tracks.append(register(here.catalogue, song.with_stem(f"song-{number}")))
            here.queue.analyse(tracks[-1])

        def pending():
            statuses = [track.status for track in here.catalogue.tracks.get_many(tracks).values()]
            return statuses.count(TrackStatus.PENDING)

        with here.worker() as first:
            wait_until(lambda: pending() < len(tracks))
            first.process.terminate()
            first.process.wait(timeout=10)
        assert pending(), "all was done before the signal came: nothing was tested"
        with here.worker():
            wait_until(lambda: not pending())

        assert {track.status for track in here.catalogue.tracks.get_many(tracks).values()} == {TrackStatus.READY}


def test_a_killed_child_costs_its_track_one_attempt(tmp_path):
    """The next child analyses the track of a killed child at once."""
    with installation(tmp_path / "data") as here, here.worker() as worker:
        song = write_noise(tmp_path / "song.flac", 8)
        track_id = register(here.catalogue, song)
        wait_until(lambda: "worker_child_ready" in worker.output)
        [child] = [process for process in worker.process.children() if "celery" in process.cmdline()]
        here.queue.analyse(track_id)
        wait_until(lambda: attempts(here.catalogue, track_id) == 1)
        child.kill()

        assert analysed(here.catalogue, track_id).status == TrackStatus.READY
        assert attempts(here.catalogue, track_id) == 2


def attempts(catalogue, track_id):
    with catalogue.database.read() as session:
        return session.get_one(TrackRow, track_id).attempts

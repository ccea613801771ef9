"""A real worker process on a real broker and catalogue, with audio that is synthesised."""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
from celery import Celery
from sqlalchemy import update

from services.broker import LocalBroker, local_broker
from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.catalog.tables import TrackRow
from services.domain.job import JobState
from services.domain.track import Tags, TrackStatus
from services.ingest.scan import request_scan
from services.queue import RECONCILE_TASK, ROUTES, TaskQueue
from services.settings import Settings

SAMPLE_RATE = 16_000
# Loading torch on two busy cores takes most of it.
PATIENCE_SECONDS = 90


def write_song(path: Path, seed: int) -> Path:
    """Six seconds of a chord with a beat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_axis = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * (200 + 13 * seed) * ratio * time_axis) for ratio in (1, 1.25, 1.5))
    soundfile.write(path, 0.1 * chord * (1 + np.sign(np.sin(4 * np.pi * time_axis))), SAMPLE_RATE)
    return path


def wait_until(condition, patience=PATIENCE_SECONDS):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@dataclass
class Installation:
    """A broker, a catalogue and a queue of their own."""

    settings: Settings
    broker: LocalBroker
    catalogue: Catalogue
    queue: TaskQueue


@contextmanager
def installation(data_dir):
    settings = Settings(data_dir=data_dir)
    broker = local_broker(settings)
    broker.start()
    catalogue = Catalogue.open(settings.catalogue_url)
    catalogue.migrate()
    try:
        yield Installation(settings, broker, catalogue, TaskQueue(broker.url))
    finally:
        catalogue.close()
        broker.process.ask_to_stop()
        broker.process.wait(time.monotonic() + 5)


@contextmanager
def running_worker(here):
    log = here.settings.data_path / "worker.log"
    environment = os.environ | {"SEGUE_DATA_DIR": str(here.settings.data_path), "SEGUE_REDIS_URL": here.broker.url}
    command = [sys.executable, "-m", "services.cli", "worker", "--processes", "1"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An installation with a worker, shared: loading torch takes seconds."""
    with installation(tmp_path_factory.mktemp("data")) as here, running_worker(here):
        yield here


def register(catalogue, path):
    """A pending track that holds a file, and that no message stands for."""
    track_id = str(uuid.uuid4())
    catalogue.library.register(track_id, Tags(title=path.stem), FileStamp(str(path), str(path.parent), 1, 1))
    return track_id


def analysed(catalogue, track_id):
    wait_until(lambda: catalogue.tracks.get(track_id).status != TrackStatus.PENDING)
    return catalogue.tracks.get(track_id)


def test_scan_makes_tracks_ready_and_names_what_it_cannot_read(served, tmp_path):
    """A folder with good and broken files ends with analysed tracks and a reason for each other file."""
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
    statuses = [track.status for track in served.catalogue.tracks.get_many(job.tracks).values()]
    assert sorted(statuses) == [TrackStatus.FAILED, TrackStatus.READY, TrackStatus.READY]


def test_refused_track_does_not_hold_up_the_queue(served, tmp_path):
    """Damaged audio is refused with a reason, and the track behind it is analysed."""
    damaged = write_song(tmp_path / "damaged.flac", 3)
    damaged.write_bytes(b"fLaC" + bytes(200))
    bad, good = register(served.catalogue, damaged), register(served.catalogue, write_song(tmp_path / "good.flac", 4))
    served.queue.analyse(bad)
    served.queue.analyse(good)

    assert analysed(served.catalogue, good).status == TrackStatus.READY
    assert served.catalogue.tracks.get(bad).status == TrackStatus.FAILED
    assert served.catalogue.tracks.get(bad).reason


def test_track_without_files_is_missing(served, tmp_path):
    """A file that vanished before its analysis gives a reason, not an endless wait, and is analysed once it is back."""
    track_id = register(served.catalogue, tmp_path / "gone.flac")
    served.queue.analyse(track_id)
    track = analysed(served.catalogue, track_id)

    assert track.status == TrackStatus.MISSING
    assert "can be read any more" in track.reason


def test_second_file_stands_in_for_a_missing_one(served, tmp_path):
    """A track is analysed from whichever of its files is still there."""
    track_id = register(served.catalogue, tmp_path / "gone.flac")
    copy = write_song(tmp_path / "copy.flac", 5)
    served.catalogue.library.register(track_id, Tags(title="copy"), FileStamp(str(copy), str(tmp_path), 1, 1))
    served.queue.analyse(track_id)

    assert analysed(served.catalogue, track_id).status == TrackStatus.READY


def test_reconcile_finds_what_the_broker_lost(served, tmp_path):
    """A pending track without a message is analysed after the next look at what is unfinished."""
    track_id = register(served.catalogue, write_song(tmp_path / "lost.flac", 6))
    with served.catalogue.database.write() as session:
        session.execute(update(TrackRow).where(TrackRow.id == track_id).values(sent_at=None))
    sender = Celery(broker=served.broker.url, set_as_current=False)
    sender.conf.task_routes = ROUTES
    sender.send_task(RECONCILE_TASK)

    assert analysed(served.catalogue, track_id).status == TrackStatus.READY


def test_sigterm_in_mid_work_loses_nothing(tmp_path):
    """A worker that is told to stop goes within 10 s, and the next one finishes what it left."""
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

        with running_worker(here) as first:
            wait_until(lambda: pending() < len(tracks))
            first.terminate()
            first.wait(timeout=10)
        assert pending(), "all was done before the signal came: nothing was tested"
        with running_worker(here):
            wait_until(lambda: not pending())

        assert {track.status for track in here.catalogue.tracks.get_many(tracks).values()} == {TrackStatus.READY}


def test_a_killed_child_costs_its_track_one_attempt(tmp_path):
    """The track that a child died on is analysed again by the next child, long before anybody reconciles."""
    with installation(tmp_path / "data") as here, running_worker(here) as worker:
        song = tmp_path / "song.flac"
        soundfile.write(song, np.random.default_rng(8).normal(0, 0.1, 120 * SAMPLE_RATE), SAMPLE_RATE)
        track_id = register(here.catalogue, song)
        wait_until(lambda: b"worker_child_ready" in (here.settings.data_path / "worker.log").read_bytes())
        [child] = psutil.Process(worker.pid).children()
        here.queue.analyse(track_id)
        wait_until(lambda: attempts(here.catalogue, track_id) == 1)
        child.kill()

        assert analysed(here.catalogue, track_id).status == TrackStatus.READY
        assert attempts(here.catalogue, track_id) == 2


def attempts(catalogue, track_id):
    with catalogue.database.read() as session:
        return session.get_one(TrackRow, track_id).attempts

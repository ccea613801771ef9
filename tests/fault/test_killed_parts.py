"""Work that a killed child, worker, broker or API process leaves unfinished is finished once."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import mutagen.flac
import pytest
from redis import Redis
from sqlalchemy import select, update
from structlog.contextvars import bound_contextvars

from services.catalog.tables import LocationRow, TrackRow
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan
from services.tasks.queue import ROUTES
from services.telemetry.relay import sums
from tests.fakes.installation import installation, running, segue_up, wait_until, write_noise, write_song, write_songs
from tests.fakes.library import register
from tests.fakes.serving import ROOT
from workers.analysis import MAX_ATTEMPTS
from workers.app import SOFT_SHUTDOWN_SECONDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")

SEED = 20261126
CONSUMING_SECONDS = 30.0


def counts(catalogue):
    return {status.value: count for status, count in catalogue.tracks.count_by_status().items() if count}


def outcomes(here):
    """Return how often an attempt had each outcome, as the workers have measured it."""
    samples = [sample for metric in sums(here.queue) for sample in metric.samples]
    counted = {sample.labels["outcome"]: sample.value for sample in samples if sample.name == "segue_analyses_total"}
    return {outcome: count for outcome, count in counted.items() if count}


def attempts(catalogue, track_id):
    with catalogue.database.read() as session:
        return session.get_one(TrackRow, track_id).attempts


def child_of(worker):
    found = [process for process in worker.process.children() if "celery" in process.cmdline()]
    return found[0] if len(found) == 1 else None


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An installation with a worker, shared because loading torch takes seconds."""
    with installation(tmp_path_factory.mktemp("killed") / "data") as here, here.worker() as worker:
        wait_until(lambda: "worker_child_ready" in worker.output)
        yield here, worker


def test_a_track_that_kills_its_child_three_times_is_quarantined(served, tmp_path):
    """The reason is in the API and, with the request id, in the log; the next track is analysed."""
    here, worker = served
    bad = register(here.catalogue, write_noise(tmp_path / "bad.flac", 1), 1)
    good = register(here.catalogue, write_song(tmp_path / "good.flac", 2), 2)
    with bound_contextvars(request_id="request-7"):
        here.queue.analyse(bad)
    here.queue.analyse(good)
    for attempt in (1, 2, 3):
        wait_until(lambda attempt=attempt: attempts(here.catalogue, bad) == attempt)
        child_of(worker).kill()
    wait_until(lambda: here.catalogue.tracks.get(bad).status != TrackStatus.PENDING)
    wait_until(lambda: here.catalogue.tracks.get(good).status != TrackStatus.PENDING)

    assert here.catalogue.tracks.get(good).status == TrackStatus.READY
    assert here.catalogue.tracks.get(bad).status == TrackStatus.QUARANTINED
    assert "3 times" in here.catalogue.tracks.get(bad).reason
    # The parent counts for the children that were killed, and each new child begins at zero.
    wait_until(lambda: outcomes(here) == {"crashed": 3, "quarantined": 1, "ok": 1})
    [event] = [line for line in worker.output.splitlines() if "track_quarantined" in line]
    assert "request-7" in event
    status = subprocess.run(
        [sys.executable, "-m", "services.cli.main", "status", "--failed", "--json"],
        env=os.environ | here.environment,
        capture_output=True,
        check=True,
    )
    assert [each["track_id"] for each in json.loads(status.stdout)["failures"] if each["quarantined"]] == [bad]


@pytest.fixture
def interpreter(tmp_path):
    """A link to this Python that can be removed."""
    folder = tmp_path / "python"
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").symlink_to(Path(sys.prefix) / "pyvenv.cfg")
    (folder / "lib").symlink_to(Path(sys.prefix) / "lib")
    path = folder / "bin/python"
    path.symlink_to(sys.executable)
    return path


def test_a_sandbox_that_does_not_start_costs_no_attempt(tmp_path, interpreter):
    """While the sandbox cannot start, tracks stay pending however often they are sent; afterwards they are analysed."""
    command = [str(interpreter), "-m", "services.cli.main", "worker", "--processes", "1"]
    with (
        installation(tmp_path / "data") as here,
        running(command, here.worker_log, here.environment | {"PYTHONPATH": str(ROOT)}) as worker,
    ):
        wait_until(lambda: "worker_child_ready" in worker.output)
        track_id = register(here.catalogue, write_song(tmp_path / "song.flac", 1), 1)
        elsewhere = interpreter.rename(interpreter.with_name("elsewhere"))
        [decoders] = child_of(worker).children()
        decoders.kill()
        for sent in range(1, MAX_ATTEMPTS + 2):
            here.queue.analyse(track_id)
            wait_until(lambda sent=sent: worker.output.count("analysis_postponed") == sent)
        wait_until(lambda: attempts(here.catalogue, track_id) == 0)
        assert here.catalogue.tracks.get(track_id).status == TrackStatus.PENDING

        elsewhere.rename(interpreter)
        here.queue.analyse(track_id)
        wait_until(lambda: here.catalogue.tracks.get(track_id).status == TrackStatus.READY)
        assert attempts(here.catalogue, track_id) == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_locked_catalogue_costs_no_attempt(served, tmp_path):
    """An analysis that cannot be recorded before the timeout is repeated and costs no attempt."""
    here, worker = served
    track_id = register(here.catalogue, write_noise(tmp_path / "long.flac", 7), 700)
    here.queue.analyse(track_id)
    wait_until(lambda: attempts(here.catalogue, track_id) == 1)
    with sqlite3.connect(here.settings.data_path / "catalogue.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert here.catalogue.tracks.get(track_id).status == TrackStatus.PENDING
        wait_until(lambda: "analysis_postponed" in worker.output, timeout=300)
        other.execute("ROLLBACK")
    wait_until(lambda: here.catalogue.tracks.get(track_id).status == TrackStatus.READY)

    assert attempts(here.catalogue, track_id) == 1


def test_an_emptied_broker_loses_no_track(served, tmp_path):
    """Lost messages are sent again from the catalogue by the next pass."""
    here, worker = served
    tracks = [register(here.catalogue, song, 100 + n) for n, song in enumerate(write_songs(tmp_path / "music", 25))]
    worker.suspend()
    try:
        for track_id in tracks:
            here.queue.analyse(track_id)
        with Redis(unix_socket_path=str(here.broker.socket)) as redis:
            redis.delete(*(route["queue"] for route in ROUTES.values()), "unacked", "unacked_index")
        with here.catalogue.database.write() as session:  # makes the tracks stale
            session.execute(update(TrackRow).where(TrackRow.status == TrackStatus.PENDING).values(sent_at=None))
    finally:
        worker.resume()
    here.queue._send("segue.resend_lost_work")

    wait_until(lambda: TrackStatus.PENDING.value not in counts(here.catalogue))
    found = here.catalogue.tracks.get_many(tracks).values()
    assert {track.status for track in found} == {TrackStatus.READY}


def test_a_worker_consumes_again_soon_after_the_broker_was_killed(served, tmp_path):
    """Within 30 s after the broker was killed and restarted, the worker consumes messages and is healthy."""
    here, _ = served
    here.broker.process._process.kill()
    here.broker.process._process.wait()
    time.sleep(1)
    here.broker.start()
    begun = time.monotonic()
    track_id = register(here.catalogue, write_song(tmp_path / "new.flac", 300), 300)
    here.queue.analyse(track_id)
    wait_until(lambda: here.catalogue.tracks.get(track_id).status == TrackStatus.READY)

    assert time.monotonic() - begun < CONSUMING_SECONDS
    health = [sys.executable, str(ROOT / "deploy/worker_health.py")]
    check = subprocess.run(health, env=os.environ | here.environment, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr


def test_a_stopped_worker_costs_no_attempt(tmp_path):
    """A worker that is stopped during an analysis releases the track; several stops do not quarantine it."""
    with installation(tmp_path / "data") as here:
        song = write_noise(tmp_path / "long.flac", 3)
        track_id = register(here.catalogue, song, 1)
        for _ in range(2):
            here.worker_log.unlink(missing_ok=True)
            with here.worker() as worker:
                wait_until(lambda worker=worker: "worker_child_ready" in worker.output)
                child = child_of(worker)
                here.queue.analyse(track_id)
                wait_until(lambda: attempts(here.catalogue, track_id) == 1)
                child.suspend()  # the analysis must outlast the soft shutdown
                worker.process.terminate()
                wait_until(lambda worker=worker: "Initiating Soft Shutdown" in worker.output)
                time.sleep(SOFT_SHUTDOWN_SECONDS + 2)
                child.resume()
                worker.process.wait(60)
            assert attempts(here.catalogue, track_id) == 0
            assert here.catalogue.tracks.get(track_id).status == TrackStatus.PENDING
            with Redis(unix_socket_path=str(here.broker.socket)) as redis:
                redis.flushall()


def test_a_repeatedly_killed_worker_finishes_all_tracks(tmp_path):
    """`segue up` finishes all tracks, with one point each, although its worker is killed during the work."""
    count, kills, moments = 12, 2, random.Random(SEED)  # noqa: S311  moments, not secrets
    music = tmp_path / "music"
    write_songs(music, count)
    with segue_up(tmp_path / "data", tmp_path / "up.log") as (program, client):
        job = client.scan(music)
        for kill in range(kills):
            wait_until(lambda kill=kill: client.status().tracks["ready"] > kill * 2)
            time.sleep(moments.uniform(0, 0.5))
            wait_until(lambda: program.children("celery"))  # the worker may be restarting
            os.killpg(program.children("celery")[0].pid, signal.SIGKILL)
        wait_until(lambda: client.status().tracks["ready"] == count)
        wait_until(lambda: client.status().index.points == count)
        wait_until(lambda: client.job(job.id).state == "done")

        assert {status: found for status, found in client.status().tracks.items() if found} == {"ready": count}
        assert len({track.id for track in client.tracks()}) == count
        assert client.job(job.id).done == count


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_worker_killed_twenty_times_finishes_a_hundred_tracks(tmp_path):
    """Without a supervisor, the tracks of a killed worker are analysed when their leases have expired."""
    count, kills, moments = 100, 20, random.Random(SEED)  # noqa: S311
    songs = write_songs(tmp_path / "music", count)
    with installation(tmp_path / "data") as here, here.api() as api:
        request_scan(here.catalogue, here.queue, str(songs[0].parent))
        for _ in range(kills):
            with here.worker() as worker:
                start = len(worker.output)
                wait_until(lambda worker=worker, start=start: "worker_child_ready" in worker.output[start:])
                time.sleep(moments.uniform(0, 2))
                worker.kill()
        with here.worker("--beat"):
            wait_until(lambda: counts(here.catalogue) == {"ready": count}, timeout=900)
            wait_until(lambda: api.points() == count)
        with here.catalogue.database.read() as session:
            held = dict(session.execute(select(LocationRow.path, LocationRow.track_id)).tuples().all())
        assert held.keys() == {str(song) for song in songs}  # each file once, and each has its own recording
        assert len(set(held.values())) == len(_ids(here.catalogue)) == api.points() == count


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_emptied_broker_with_a_hundred_pending_tracks(tmp_path):
    """The scheduler sends them again without a restart or a command."""
    with installation(tmp_path / "data") as here:
        songs = write_songs(tmp_path / "music", 100)
        tracks = [register(here.catalogue, song, number) for number, song in enumerate(songs)]
        for track_id in tracks:
            here.queue.analyse(track_id)
        with Redis(unix_socket_path=str(here.broker.socket)) as redis:
            redis.flushall()
        with here.worker("--beat"):
            wait_until(lambda: counts(here.catalogue) == {"ready": len(tracks)}, timeout=600)


def test_a_move_and_a_retag_during_the_analysis(served, tmp_path):
    """A file that is renamed and retagged during its analysis stays one track and is ready under its new name."""
    here, worker = served
    known = _ids(here.catalogue)
    old = write_noise(tmp_path / "music" / "old.flac", 5, seconds=90)
    request_scan(here.catalogue, here.queue, str(old.parent))
    wait_until(lambda: _ids(here.catalogue) - known)
    [track_id] = _ids(here.catalogue) - known
    wait_until(lambda: attempts(here.catalogue, track_id) == 1)
    new = old.rename(old.with_name("new.flac"))
    tagged = mutagen.flac.FLAC(new)
    tagged["title"] = "Renamed"
    tagged.save()
    job = request_scan(here.catalogue, here.queue, str(old.parent))
    wait_until(lambda: here.catalogue.jobs.get(job).state in {"done", "failed"})
    wait_until(lambda: here.catalogue.tracks.get(track_id).status == TrackStatus.READY)

    assert _ids(here.catalogue) - known == {track_id}
    track = here.catalogue.tracks.get(track_id)
    assert (track.title, track.path) == ("Renamed", "new.flac")
    assert worker.process.is_running()


def _ids(catalogue):
    with catalogue.database.read() as session:
        return set(session.scalars(select(TrackRow.id)))

"""A full, read-only or missing disk and a locked catalogue cause clear errors, and Segue recovers without a restart."""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from services.catalog import Catalogue
from services.catalog.analyses import Claimant
from services.local.child_process import LOG_MAX_BYTES
from services.settings import Settings
from services.storage.disk import MIN_FREE_BYTES
from tests.conftest import IN_CI
from tests.fakes.installation import installation, segue_up, wait_until, write_song
from tests.fakes.library import record, register, write_library, write_tone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit and tmpfs are Linux's")

COUNT = 8
MIB = 1 << 20
PROMISED_SECONDS = 3.0


@pytest.fixture
def disk(tmp_path):
    """A small disk; without the right to mount, the test is skipped, and fails in CI."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = MIN_FREE_BYTES + 96 * MIB
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        reason = f"no disk can be mounted here, so nothing was tested: {mounted.stderr.decode().strip()}"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def upload(api, number):
    with tempfile.TemporaryDirectory() as folder:
        tone = write_tone(Path(folder) / "tone.wav", 300 + number).read_bytes()
    return api.http.post("/v1/tracks", files={"file": ("tone.wav", tone)})


def add_ready(here, number):
    anything = here.settings.data_path / f"{number}"  # the file is not read, because the analysis is recorded directly
    anything.touch()
    track_id = register(here.catalogue, anything, number)
    record(here.catalogue, track_id, number)
    return track_id


def assert_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert "disk" not in answer.json()["instance"]
    assert "/data" not in answer.json()["detail"]


def assert_whole(here):
    with sqlite3.connect(here.settings.data_path / "catalogue.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextmanager
def full(folder):
    """Fill a disk completely."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(MIB)):
                stream.flush()
        except OSError:
            pass
        yield
    filler.unlink()


def test_a_full_disk(disk, tmp_path):
    """Writes get 507, reads still work, no data is damaged, and writes work again when there is space."""
    with installation(disk / "data") as here:
        ids = write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api() as api:
            wait_until(lambda: api.points() == COUNT)
            with full(disk):
                assert_problem(upload(api, 1), 507)
                ready = api.http.get("/readyz")
                assert ready.status_code == 503
                assert not ready.json()["parts"]["storage"]["ok"]
                assert api.http.get(f"/v1/tracks/{ids[0]}/similar").status_code == 200
                assert list((disk / "data/uploads").glob("*")) == []
                assert api.http.get("/healthz").status_code == 200

            wait_until(api.is_ready)
            assert upload(api, 1).status_code == 202
            add_ready(here, 60)
            wait_until(lambda: api.points() == COUNT + 1)
            assert api.program.process.is_running()
        assert_whole(here)


def test_a_full_disk_during_indexing(disk, tmp_path):
    """Indexing stops before the disk is full, because a write without space would kill the process."""
    with installation(disk / "data") as here:
        write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api() as api:
            wait_until(lambda: api.points() == COUNT)
            filler = disk / "filler"
            room = shutil.disk_usage(disk).free - MIN_FREE_BYTES // 2
            with filler.open("wb", buffering=0) as stream:
                stream.write(bytes(room))
            added = [add_ready(here, number) for number in range(10, 14)]
            wait_until(lambda: not api.is_ready())
            time.sleep(1)
            assert api.points() == COUNT
            filler.unlink()

            wait_until(api.is_ready)
            wait_until(lambda: api.points() == COUNT + len(added))
            assert api.program.process.is_running()


def test_a_read_only_disk(disk, tmp_path):
    """While the data directory is read-only, reads work and writes get 503; then writes work again."""
    data = disk / "data"
    with installation(data) as here:
        ids = write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api(TMPDIR=str(tmp_path)) as api:
            wait_until(lambda: api.points() == COUNT)
            subprocess.run(["mount", "--bind", data, data], check=True)
            try:
                subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
                assert_problem(upload(api, 1), 503)
                assert not api.http.get("/readyz").json()["parts"]["storage"]["ok"]
                assert api.http.get(f"/v1/tracks/{ids[0]}").status_code == 200
            finally:
                subprocess.run(["umount", "--lazy", data], check=True)

            wait_until(api.is_ready)
            assert upload(api, 1).status_code == 202
        assert_whole(here)


def test_files_that_cannot_grow(tmp_path):
    """Writes that exceed a limit on file sizes are refused in time and rolled back; without the limit they work."""
    with installation(tmp_path / "data") as here:
        write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api() as api:
            wait_until(lambda: api.points() == COUNT)
            pid = api.program.process.children()[0].pid
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            answers = [upload(api, number) for number in range(3)]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

            for answer in answers:
                assert_problem(answer, 507)
            assert upload(api, 0).status_code == 202
            wait_until(api.is_ready)
        assert_whole(here)


def test_a_locked_catalogue(tmp_path):
    """While another program locks the catalogue, writes are refused in time; afterwards they work."""
    with installation(tmp_path / "data") as here:
        ids = write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api() as api:
            wait_until(lambda: api.points() == COUNT)
            with sqlite3.connect(tmp_path / "data/catalogue.db", isolation_level=None) as other:
                other.execute("BEGIN IMMEDIATE")
                begun = time.monotonic()
                answer = upload(api, 1)
                assert time.monotonic() - begun < PROMISED_SECONDS
                assert_problem(answer, 503)
                ready = api.http.get("/readyz")
                assert not ready.json()["parts"]["catalogue"]["ok"]
                assert api.http.get(f"/v1/tracks/{ids[0]}").status_code == 200
                other.execute("ROLLBACK")

            wait_until(api.is_ready)
            assert upload(api, 1).status_code == 202


def test_a_deleted_index(tmp_path):
    """The running process rebuilds a deleted index from the catalogue, in the same folder."""
    with installation(tmp_path / "data") as here:
        ids = write_library(here.catalogue, tmp_path / "music", COUNT)
        with here.api() as api:
            wait_until(lambda: api.points() == COUNT)
            (tmp_path / "data/index").rename(tmp_path / "gone")
            shutil.rmtree(tmp_path / "gone", ignore_errors=True)  # the process may delete files there too
            wait_until((tmp_path / "data/index/current").exists)
            wait_until(api.is_ready)
            added = add_ready(here, 50)
            wait_until(lambda: api.points() == COUNT + 1)

            similar = api.http.get(f"/v1/tracks/{ids[0]}/similar", params={"limit": 100}).json()["tracks"]
            assert added in {track["id"] for track in similar}
        with here.api() as api:  # the writes are on disk
            assert api.points() == COUNT + 1
            assert httpx.codes.is_success(api.http.get("/readyz").status_code)


def limit_files(processes, size):
    for process in processes:
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def hold_a_claim(data_dir, song):
    """Claim a track for a worker that is dead."""
    catalogue = Catalogue.open(Settings(data_dir=data_dir).catalogue_url)
    try:
        catalogue.analyses.claim(register(catalogue, song, 1), Claimant("dead", "task"), timedelta(0))
    finally:
        catalogue.close()


def assert_works(program, client, music):
    write_song(music / "song.flac", 1)
    job = client.scan(music)
    wait_until(lambda: client.job(job.id).state == "done")
    assert client.status().tracks["ready"] >= 1
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(30) == 0


def test_segue_up_survives_files_that_cannot_grow(tmp_path):
    """While a log cannot be rotated, a worker that dies is still restarted."""
    log = tmp_path / "data/logs/worker.log"
    with segue_up(tmp_path / "data", tmp_path / "up.log") as (program, client):
        limit_files([program.process], 4096)
        os.truncate(log, LOG_MAX_BYTES + MIB)
        wait_until(lambda: "Restart or log rotation of the worker failed" in program.output)
        os.killpg(program.children("celery")[0].pid, signal.SIGKILL)
        wait_until(lambda: "The worker exited" in program.output)
        limit_files([program.process, *program.process.children(recursive=True)], resource.RLIM_INFINITY)

        wait_until(lambda: log.stat().st_size < LOG_MAX_BYTES)
        assert log.with_suffix(".log.1").stat().st_size > LOG_MAX_BYTES
        assert_works(program, client, tmp_path / "music")


def test_segue_up_survives_a_full_disk(disk, tmp_path):
    """A worker that dies while the disk is full is restarted; with space, everything works again."""
    with segue_up(disk / "data", tmp_path / "up.log") as (program, client):
        hold_a_claim(disk / "data", write_song(tmp_path / "held" / "held.flac", 2))
        with full(disk):
            os.killpg(program.children("celery")[0].pid, signal.SIGKILL)
            wait_until(lambda: "The worker exited" in program.output)
        assert "disk is full" in program.output

        assert_works(program, client, tmp_path / "music")


def test_segue_up_survives_a_read_only_disk(disk, tmp_path):
    """A process that cannot start because its log cannot be opened is reported once and starts when it can."""
    data = disk / "data"
    with segue_up(data, tmp_path / "up.log") as (program, client):
        subprocess.run(["mount", "--bind", data, data], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
            os.killpg(program.children("celery")[0].pid, signal.SIGKILL)
            wait_until(lambda: "Restart or log rotation of the worker failed" in program.output)
            time.sleep(5)
            assert program.output.count("Restart or log rotation of the worker failed") == 1
        finally:
            subprocess.run(["umount", "--lazy", data], check=True)

        wait_until(lambda: "The worker exited" in program.output)
        assert_works(program, client, tmp_path / "music")

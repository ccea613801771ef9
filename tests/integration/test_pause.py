"""A pause of the analysis with a real worker, a real broker and the API."""

import pytest
from psutil import pid_exists

from services.domain.job import JobState
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan
from tests.fakes.installation import installation, wait_until, write_noise, write_songs
from tests.fakes.pictures import draw


@pytest.fixture
def here(tmp_path):
    with installation(tmp_path / "data") as made:
        yield made


def count(here, status):
    return here.catalogue.tracks.count_by_status()[status]


def count_claims(here):
    with here.catalogue.database.columns() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM tracks WHERE claimed_by IS NOT NULL").scalar()


def is_listed(here, job):
    with here.catalogue.database.columns() as connection:
        return connection.exec_driver_sql("SELECT listed FROM jobs WHERE id = ?", (job,)).scalar()


def test_a_pause_finishes_the_file_in_hand_and_loses_nothing(here, tmp_path):
    """Scans list during a pause; after it, all that waited is analysed, pictures too."""
    music = tmp_path / "music"
    write_noise(music / "0-in-hand.flac", 1)
    with here.worker("--beat"), here.api() as api:
        wait_until(lambda: api.http.get("/v1/status").json()["workers"])
        request_scan(here.catalogue, here.queue, str(music))
        wait_until(lambda: count_claims(here))
        answer = api.http.put("/v1/analysis", json={"paused": True}).json()
        assert answer["paused"] is True
        assert answer["seconds_left"] in (None, 0)
        wait_until(lambda: count(here, TrackStatus.READY) == 1)
        write_songs(music, 3)
        draw(music / "warm.png", (240, 190, 60))
        job = api.http.post("/v1/scans", json={"path": str(music)}).json()["id"]
        pictures = api.http.post("/v1/pictures/scans", json={"path": str(music)}).json()["id"]
        wait_until(lambda: here.catalogue.jobs.get(job).total == 4 and count(here, TrackStatus.PENDING) == 3)
        wait_until(lambda: here.queue.count_waiting("segue.analyse") == 0)
        status = api.http.get("/v1/status").json()

        assert (status["analysis"]["paused"], status["analysis"]["waiting"]) == (True, 3)
        assert count(here, TrackStatus.READY) == 1
        assert here.catalogue.jobs.get(pictures).done == 0

        api.http.put("/v1/analysis", json={"paused": False})
        wait_until(lambda: count(here, TrackStatus.READY) == 4)
        wait_until(lambda: here.catalogue.jobs.get(pictures).state == JobState.DONE)
        wait_until(lambda: here.catalogue.jobs.get(job).state == JobState.DONE)
        assert api.http.get("/v1/status").json()["analysis"]["waiting"] == 0


def test_a_pause_lasts_over_a_restart_of_the_worker(here, tmp_path):
    """A new worker starts nothing; after the pause it does."""
    write_songs(tmp_path / "music", 2)
    here.catalogue.pause.begin()
    with here.worker("--beat"):
        job = request_scan(here.catalogue, here.queue, str(tmp_path / "music"))
        # A worker that dies earlier leaves a scan that is sent again after ten minutes.
        wait_until(lambda: is_listed(here, job))
        assert count(here, TrackStatus.PENDING) == 2
        assert here.queue.count_waiting("segue.analyse") == 0
    with here.worker("--beat"):
        wait_until(lambda: here.worker_log.read_text().count("worker_child_ready") == 2)
        here.queue.resend()
        wait_until(lambda: here.queue.count_waiting("segue.resend_lost_work") == 0)
        assert count(here, TrackStatus.PENDING) == 2
        here.catalogue.pause.end()
        here.queue.resend()
        wait_until(lambda: here.catalogue.jobs.get(job).state == JobState.DONE)
        assert count(here, TrackStatus.READY) == 2


def test_workers_that_are_alive_are_listed(here):
    """A worker announces itself while it runs, and takes the announcement back when it stops."""
    workers = here.workers
    assert workers.alive() == []
    with here.worker() as worker:
        wait_until(workers.alive)
        [alive] = workers.alive()
        assert alive.name.startswith("segue@")
        assert (alive.queues, alive.processes) == (("analyse", "index", "scan"), 1)
        wait_until(lambda: "worker_child_ready" in worker.output)
        worker.process.terminate()
        wait_until(lambda: not pid_exists(worker.process.pid) or worker.process.poll() is not None)
    assert workers.alive() == []

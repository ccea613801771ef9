"""The id of a request is passed to the worker's log and to the tasks that the worker sends."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from kombu.transport.redis import PRIORITY_STEPS, Channel
from structlog.contextvars import bound_contextvars, clear_contextvars

from services.catalog import Catalogue
from services.ingest.scan import request_scan
from services.settings import Settings
from services.tasks.queue import TaskQueue
from tests.fakes.installation import wait_until
from tests.fakes.library import write_tone
from tests.fakes.serving import ROOT
from tests.fakes.valkey import started_valkey

TIMEOUT_SECONDS = 90


@pytest.fixture
def broker_url():
    server = started_valkey()
    yield server.connection_url
    server.stop()


@contextmanager
def scanning_worker(data_dir, broker_url, log):
    """Run a worker that scans and does not analyse."""
    environment = os.environ | {
        "SEGUE_DATA_DIR": str(data_dir),
        "SEGUE_REDIS_URL": broker_url,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "services.cli.main", "worker", "--processes", "1", "--queues", "scan"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_request_id_is_passed_to_the_worker(tmp_path, broker_url):
    """Each line of its log is JSON; tasks that it sends have the id too."""
    clear_contextvars()  # another test may have left a request id in the context
    data_dir, log = tmp_path / "segue", tmp_path / "log"
    (tmp_path / "music").mkdir()
    write_tone(tmp_path / "music" / "a.wav", 440)
    catalogue, queue = Catalogue.open(Settings(data_dir=data_dir).catalogue_url), TaskQueue(broker_url)
    catalogue.migrate()
    with scanning_worker(data_dir, broker_url, log):
        with bound_contextvars(request_id="first-request"):
            queue.scan("no-such-job")
            request_scan(catalogue, queue, str(tmp_path / "music"))
        queue.scan("without-request")
        wait_until(lambda: "without-request" in log.read_text())
        with queue.connection() as redis:
            waiting = [f"analyse{Channel.sep}{priority}" for priority in PRIORITY_STEPS[1:]]
            wait_until(lambda: any(redis.llen(name) for name in waiting))
            [analysis] = [json.loads(message) for name in waiting for message in redis.lrange(name, 0, -1)]
    catalogue.close()
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    unknown = {line["job_id"]: line for line in lines if line["event"] == "scan_unknown"}

    assert unknown["no-such-job"]["request_id"] == "first-request"
    assert "request_id" not in unknown["without-request"]
    assert unknown["without-request"]["level"] == "warning"
    assert unknown["without-request"].keys() >= {"timestamp", "process"}
    assert analysis["headers"]["request_id"] == "first-request"
    celerys = [line for line in lines if line.get("logger", "").startswith("celery.")]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in celerys)
    assert any("received" in line["event"] for line in celerys)
    assert "WARNING/" not in log.read_text()

"""The API as the process that is really run."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from services.client import SegueClient
from services.domain.listening import plays
from services.domain.question import Question
from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE, ROOT, api_process, free_port

LARGEST_BYTES = 200 * 1024 * 1024


@pytest.fixture
def port():
    return free_port()


def test_the_process_serves_many_at_once_and_stays_small(library_dir, broker_url, port):
    """Eight listeners at once are answered alike, and the worker stays under 200 MB."""
    with api_process(library_dir, broker_url, port) as process, SegueClient(f"http://127.0.0.1:{port}") as client:
        [worker] = psutil.Process(process.pid).children()
        question = Question(history=plays([track_id(1)]), limit=5)
        with ThreadPoolExecutor(8) as listeners:
            answers = list(listeners.map(lambda _: client.recommend(question), range(80)))

        assert len({tuple(track.id for track in answer.tracks) for answer in answers}) == 1
        assert client.status().tracks["ready"] == LIBRARY_SIZE
        assert worker.memory_info().rss < LARGEST_BYTES

    assert process.returncode == 0
    assert not worker.is_running()


def test_a_second_process_on_the_same_data_is_refused(library_dir, broker_url, port):
    """Two API processes never share one embedded index: the second one ends and names the reason."""
    with api_process(library_dir, broker_url, port):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(library_dir), "SEGUE_REDIS_URL": broker_url}
        program = "from services.api.app import create_app; create_app()"
        second = subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert second.returncode != 0
    assert "AlreadyRunning" in second.stderr

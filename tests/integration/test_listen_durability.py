"""Acknowledged listens survive a killed API."""

import os
import signal
import threading
from pathlib import Path

import httpx
import psutil
import pytest

from services.catalog import Catalogue
from services.settings import Settings
from tests.fakes.library import write_library
from tests.fakes.serving import api_process, free_port

ROUNDS = 3
SENDERS = 4


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    catalogue = Catalogue.open(Settings(data_dir=tmp_path).catalogue_url)
    write_library(catalogue, tmp_path / "music", 4)
    catalogue.close()
    return tmp_path


@pytest.mark.parametrize(
    "rounds", [ROUNDS, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])], ids="{} kills".format
)
def test_an_acknowledged_listen_survives_kill_9(data_dir, broker_url, rounds):
    """All processes are killed during writes; every acknowledged listen is stored exactly once."""
    answered: list[int] = []
    for number in range(rounds):
        answered += _send_until_killed(data_dir, broker_url, number * 1_000_000)
    catalogue = Catalogue.open(Settings(data_dir=data_dir).catalogue_url)
    cursor, kept = None, []
    while True:
        page = catalogue.listens.page("ada", cursor=cursor, limit=1000)
        kept += [listen.key for listen in page.listens]
        if (cursor := page.next_cursor) is None:
            break
    catalogue.close()

    assert len(answered) >= rounds * SENDERS
    assert {str(key) for key in answered} <= set(kept)
    assert len(kept) == len(set(kept))


def _send_until_killed(data_dir: Path, broker_url: str, start: int) -> list[int]:
    port = free_port()
    answered: list[int] = []
    enough, lock = threading.Event(), threading.Lock()
    keys = iter(range(start, start + 1_000_000))

    def send() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            while True:
                with lock:
                    key = next(keys)
                listens = [{"track_id": f"test:{key % 4}", "key": str(key)}]
                try:
                    answer = client.post("/v1/users/ada/listens", json={"listens": listens})
                except httpx.TransportError:
                    return
                assert answer.json()["recorded"] == 1
                answered.append(key)
                if len(answered) >= 5 * SENDERS:
                    enough.set()

    with api_process(data_dir, broker_url, port) as process:
        everyone = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
        senders = [threading.Thread(target=send) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        assert enough.wait(timeout=60)
        for pid in everyone:
            os.kill(pid, signal.SIGKILL)
        for sender in senders:
            sender.join()
    return answered

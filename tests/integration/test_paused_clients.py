"""Clients that stop reading do not hold the threads of the API process for ever."""

import socket
import time
from contextlib import ExitStack

import httpx
import numpy as np
import pytest
import soundfile

from models.ffmpeg import find_ffmpeg
from services.settings import Settings
from tests.conftest import missing
from tests.fakes.library import track_id
from tests.fakes.serving import TIMEOUT_SECONDS, api_process, free_port

THREADS = Settings().api_threads
RATE = 44_100
LONG = f"/rest/stream?id={track_id(1)}&f=json"


@pytest.fixture(scope="module")
def served(library_dir, broker_url):
    """A client of an API process whose first track is longer than the buffers of a connection."""
    noise = np.random.default_rng(0).integers(-3000, 3000, (RATE * 240, 2), np.int16)
    soundfile.write(library_dir / "music" / "001.wav", noise, RATE, subtype="PCM_16")
    port = free_port()
    worker = "--worker-class=tests.fakes.impatient.ImpatientWorker"
    with (
        api_process(library_dir, broker_url, port, options=[worker]),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=TIMEOUT_SECONDS) as client,
    ):
        yield client


def paused(served, request):
    """Return a connection that sends the start of a request and reads nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(TIMEOUT_SECONDS)
    connection.connect((served.base_url.host, served.base_url.port))
    connection.sendall(f"{request} HTTP/1.1\r\nHost: {served.base_url.netloc.decode()}\r\n".encode())
    return connection


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        (f"GET {LONG}", ""),
        (f"GET {LONG}", "Range: bytes=9-\r\n"),
        (f"GET /v1/tracks/{track_id(1)}/audio", ""),
    ],
    ids=["whole", "range", "audio"],
)
def test_paused_clients_are_cut_off(served, request_line, headers):
    """As many as there are threads: the next request is answered while they are still connected."""
    with ExitStack() as open_ones:
        waiting = [open_ones.enter_context(paused(served, request_line)) for _ in range(THREADS)]
        for each in waiting:
            each.sendall(f"{headers}\r\n".encode())
        for each in waiting:
            assert each.recv(12).startswith(b"HTTP/1.1 20")

        assert served.get("/healthz").status_code == httpx.codes.OK


def test_paused_conversions_end(served):
    """Their places are free for other players while they are still connected."""
    if find_ffmpeg() is None:
        missing("ffmpeg")
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with ExitStack() as open_ones:
        for _ in range(THREADS // 2):
            connection = open_ones.enter_context(paused(served, f"GET {LONG}&format=flac"))
            connection.sendall(b"\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"
        while True:
            answer = served.get("/rest/stream", params={"id": track_id(2), "f": "json", "format": "mp3"})
            if answer.headers["Content-Type"] == "audio/mpeg":
                break
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)

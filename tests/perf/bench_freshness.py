"""Measure how soon a track is recommended after its analysis is recorded, and after it was copied, with `segue up`.

    python tests/perf/bench_freshness.py [--files 5]

It copies files into a scanned folder one by one. For each it prints the seconds from the end of its job (the
transaction that records the analysis) until the track is among the similar tracks of another one. Then it copies files
into the watched folder, and prints the seconds from the last write until the same.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from segue_client import Segue

from models.corpus.synthesis import write_library
from services.domain.job import JobState
from services.domain.track import TrackStatus
from tests.fakes.serving import free_port

SEGUE = str(Path(sys.executable).with_name("segue"))
POLL_SECONDS = 0.005
AIM_SECONDS = 2.0
AIM_AFTER_COPY_SECONDS = 10.0


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=5)
    files = parser.parse_args().files
    for what, measure, aim, watch in (
        ("after its analysis was recorded", _added, AIM_SECONDS, "false"),
        ("after the last write of its copy", _copied, AIM_AFTER_COPY_SECONDS, "true"),
    ):
        delays = _measure(files, measure, watch)
        print(f"recommended {what}: {', '.join(f'{delay:.2f}' for delay in delays)} s")
        print(f"slowest {max(delays):.2f} s; the aim is under {aim:.0f} s")


def _measure(files: int, measure: Callable[[Segue, Path, Path], float], watch: str) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        pieces = write_library(Path(folder) / "all")
        music = Path(folder) / "music"
        music.mkdir()
        for piece in pieces[files:]:
            shutil.copy(piece, music)
        port = free_port()
        process = _start(music, Path(folder) / "data", port, watch)
        try:
            with Segue(f"http://127.0.0.1:{port}") as client:
                return [measure(client, piece, music) for piece in pieces[:files]]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def _copied(client: Segue, piece: Path, music: Path) -> float:
    while not client.status().watched or client.status().analysis.unread or client.status().analysis.waiting:
        time.sleep(POLL_SECONDS)
    known = {track.id for track in client.tracks()}
    seed = next(client.tracks(status=TrackStatus.READY)).id
    shutil.copy(piece, music)
    written = time.perf_counter()
    while {track.id for track in client.similar(seed, limit=100).tracks} <= known:
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - written


def _added(client: Segue, piece: Path, music: Path) -> float:
    seed = next(client.tracks(status=TrackStatus.READY)).id
    shutil.copy(piece, music)
    job = client.scan(music)
    while job.state != JobState.DONE:
        time.sleep(POLL_SECONDS)
        job = client.job(job.id)
    recorded = time.perf_counter()
    [new] = job.tracks
    while new not in {track.id for track in client.similar(seed, limit=100).tracks}:
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - recorded


def _start(music: Path, data: Path, port: int, watch: str) -> subprocess.Popen[str]:
    environment = os.environ | {"SEGUE_DATA_DIR": str(data), "SEGUE_PORT": str(port), "SEGUE_WATCH": watch}
    log = data.with_name("segue.log")  # a file, because a pipe that is not read would fill
    with log.open("wb") as stream:
        process = subprocess.Popen([SEGUE, "up", str(music)], env=environment, stderr=stream, process_group=0)
    while process.poll() is None:
        if "Ctrl-C" in log.read_text(encoding="utf-8"):
            return process
        time.sleep(POLL_SECONDS)
    sys.exit(f"segue up ended before it was ready:\n{log.read_text(encoding='utf-8')}")


if __name__ == "__main__":
    main()

"""Measure how long questions about clips and pictures take during a scan: `python tests/perf/bench_questions.py`.

It starts `segue up`, sends the questions one after another, first while nothing else happens and then while a folder of
four-minute MP3s is scanned, and prints the memory of the worker for questions.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil
import soundfile
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from segue_client import Segue

from models.corpus.synthesis import SAMPLE_RATE, render
from services.domain.job import JobState
from tests.fakes.installation import wait_until
from tests.fakes.serving import free_port
from tests.perf.music import MINUTES, PIECE, variants
from tests.perf.verdicts import at_most, show

P95_SECONDS = 2.0
CLIP_SECONDS = 15
PICTURE_SIZE = (4000, 3000)  # pixels
Ask = Callable[[], object]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=60, help="tracks to scan; default %(default)s")
    parser.add_argument("--idle", type=int, default=30, help="questions of each kind before the scan; default 30")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        music = variants(Path(folder) / "music", options.tracks)[0].parent
        port = free_port()
        process = _start(Path(folder), port)
        try:
            with Segue(f"http://127.0.0.1:{port}", timeout=60) as client:
                wait_until(lambda: _answers_questions(client))
                kinds = _questions(client, Path(folder))
                idle = {name: [_seconds(ask) for _ in range(options.idle)] for name, ask in kinds.items()}
                busy, rate = _during_scan(client, music, kinds)
            memory = _memory(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    rows = [_row(name, "idle", idle[name]) for name in kinds]
    rows += [_row(name, f"scan at {rate:.1f} tracks/s", busy[name]) for name in kinds]
    show("Seconds of a question, over HTTP", ("question", "meanwhile", "count", "p50", "p95", "slowest"), rows)
    show("Memory of the worker for questions, MB", ("process", "resident", "own share (PSS)"), memory)


def _questions(client: Segue, folder: Path) -> dict[str, Ask]:
    samples = render(PIECE)[: CLIP_SECONDS * SAMPLE_RATE]
    clip = folder / "clip.flac"
    soundfile.write(clip, samples, SAMPLE_RATE)
    picture = folder / "picture.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (*PICTURE_SIZE[::-1], 3), dtype=np.uint8)
    Image.fromarray(noise).save(picture, quality=85)
    return {
        f"clip of {CLIP_SECONDS} s, {_mebibytes(clip)}": lambda: client.search_audio(clip),
        f"JPEG of 12 megapixels, {_mebibytes(picture)}": lambda: client.search_image(picture),
    }


def _mebibytes(file: Path) -> str:
    return f"{file.stat().st_size / 2**20:.1f} MiB"


def _during_scan(client: Segue, music: Path, kinds: dict[str, Ask]) -> tuple[dict[str, list[float]], float]:
    """Return the seconds of each question during a scan, and the tracks a second that the scan analysed."""
    busy: dict[str, list[float]] = {name: [] for name in kinds}
    job = client.scan(music)
    started = time.perf_counter()
    for name in cycle(kinds):
        busy[name].append(_seconds(kinds[name]))
        job = client.job(job.id)
        if job.state in {JobState.DONE, JobState.FAILED}:
            break
    return busy, job.done / (time.perf_counter() - started)


def _seconds(ask: Ask) -> float:
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def _row(name: str, meanwhile: str, seconds: list[float]) -> tuple[str, ...]:
    p50, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    return name, meanwhile, str(len(seconds)), f"{p50:.2f}", at_most(p95, P95_SECONDS), f"{max(seconds):.2f}"


def _answers_questions(client: Segue) -> bool:
    return client.ready().ready and client.status().question_processes == 1


def _memory(supervisor: int) -> list[tuple[str, ...]]:
    """Return a row for each process of the worker for questions."""
    [parent] = [
        child for child in psutil.Process(supervisor).children() if "--queues=questions" in " ".join(child.cmdline())
    ]
    names = ["Celery's parent", "models", "decoders"]
    family = [parent, *sorted(parent.children(recursive=True), key=lambda process: process.create_time())]
    found = [process.memory_full_info() for process in family]
    return [
        (name, f"{info.rss / 2**20:.0f}", f"{info.pss / 2**20:.0f}") for name, info in zip(names, found, strict=True)
    ]


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"SEGUE_DATA_DIR": str(folder / "data"), "SEGUE_PORT": str(port)}
    log = folder / "segue.log"  # a file, because a pipe that is not read would fill
    with log.open("wb") as stream:
        command = [str(Path(sys.executable).with_name("segue")), "up"]
        process = subprocess.Popen(command, env=environment, stderr=stream, process_group=0)
    wait_until(lambda: b"Ctrl-C" in log.read_bytes() or process.poll() is not None)
    if process.poll() is not None:
        sys.exit(f"segue up ended before it was ready:\n{log.read_text(encoding='utf-8')}")
    return process


if __name__ == "__main__":
    print(f"Scanned tracks are {MINUTES} minutes long.")
    main()

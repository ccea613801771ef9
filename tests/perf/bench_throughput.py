"""Measure tracks per second and memory: `python tests/perf/bench_throughput.py`.

It analyses four-minute MP3s with `models.analysis.analyse` in one process per core, then by a scan with Celery workers.
It measures wall time, so use an idle machine. The memory is that of the worker's children afterwards.
"""

import argparse
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from services.catalog import Catalogue
from services.domain.job import JobState
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan
from services.local.valkey import LocalBroker, local_broker
from services.settings import Settings
from services.tasks.queue import TaskQueue
from tests.perf.music import MINUTES, variants
from tests.perf.verdicts import at_least, at_most, show

TRACKS_A_SECOND = 16.0  # target on two idle cores
CELERY_SHARE = 0.7
PEAK_MEGABYTES = 450.0  # with PyTorch's CPU build
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # a process; `segue worker` sets the same
POLL_SECONDS = 0.02
TIMEOUT_SECONDS = 600.0
PROCESSES = 2


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=24, help="different tracks to scan; default %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="times that two processes take them; default %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        files = variants(Path(folder) / "music", options.tracks)
        warming = variants(Path(folder) / "warming", PROCESSES)
        direct = two_processes(files * options.rounds)
        celery, memory = celery_workers(files, warming, Path(folder) / "data")
    rows = [
        ("analyse", at_least(direct, TRACKS_A_SECOND)),
        ("scan through Celery", f"{celery:.2f}"),
        ("Celery ÷ analyse", at_least(celery / direct, CELERY_SHARE)),
    ]
    show(f"{MINUTES}-minute mp3 tracks a second, {PROCESSES} processes, wall time", ("way", "tracks a second"), rows)
    shown = [(at_most(peak, PEAK_MEGABYTES), *(f"{now:.0f}" for now in split)) for peak, *split in memory]
    show("Memory of each worker child, MB", ("peak (VmHWM)", "own (RssAnon)", "mapped files (RssFile)"), shown)


def two_processes(files: list[Path]) -> float:
    """Tracks a second through `analyse`, encoders loaded before."""
    os.environ |= ONE_THREAD
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        pool.map(_analyse, files[: 2 * PROCESSES], chunksize=1)
        started = time.perf_counter()
        pool.map(_analyse, files, chunksize=1)
        return len(files) / (time.perf_counter() - started)


def _analyse(file: Path) -> None:
    import torch  # noqa: PLC0415  only the children pay for it

    from models.analysis import analyse  # noqa: PLC0415

    torch.set_num_threads(1)
    analyse(file)


def celery_workers(files: list[Path], warming: list[Path], data: Path) -> tuple[float, list[list[float]]]:
    """Tracks a second from the scan's request to the last record; then the result of `memory` for each child."""
    settings = Settings(data_dir=data)
    broker = local_broker(settings)
    broker.start()
    catalogue = Catalogue.open(settings.catalogue_url)
    catalogue.migrate()
    try:
        with worker(settings, broker) as process:
            queue = TaskQueue(broker.url)
            scan(catalogue, queue, warming[0].parent)
            started = time.perf_counter()
            scan(catalogue, queue, files[0].parent)
            rate = len(files) / (time.perf_counter() - started)
            return rate, [memory(child.pid) for child in psutil.Process(process.pid).children()]
    finally:
        catalogue.close()
        broker.process.terminate()
        broker.process.wait_or_kill(time.monotonic() + 5)


@contextmanager
def worker(settings: Settings, broker: LocalBroker) -> Iterator[subprocess.Popen[bytes]]:
    """`segue worker`, until the context ends."""
    environment = os.environ | {"SEGUE_DATA_DIR": str(settings.data_path), "SEGUE_REDIS_URL": broker.url}
    command = [sys.executable, "-m", "services.cli.main", "worker", "--processes", str(PROCESSES)]
    with (settings.data_path / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def scan(catalogue: Catalogue, queue: TaskQueue, folder: Path) -> None:
    """Scan a folder and wait until each of its tracks is analysed."""
    job_id = request_scan(catalogue, queue, str(folder))
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (job := catalogue.jobs.get(job_id)).state != JobState.DONE:
        if job.state == JobState.FAILED or time.monotonic() > deadline:
            sys.exit(f"The scan of {folder} did not end: {job.reason}")
        time.sleep(POLL_SECONDS)
    failed = [track for track in job.tracks if catalogue.tracks.get(track).status != TrackStatus.READY]
    if failed or job.failed:
        sys.exit(f"Not analysed: {failed or job.failures}")


def memory(pid: int) -> list[float]:
    """Peak, own and mapped resident megabytes of a process; Linux only."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return [int(fields[name].split()[0]) / 1024 for name in ("VmHWM", "RssAnon", "RssFile")]


if __name__ == "__main__":
    main()

"""Compare the simulation with real processes: `python tests/perf/bench_simulation.py [--to FILE]`.

It measures single requests and single analyses, predicts from these what happens under load, and then puts real
processes under that load: an API process that gets requests at random times, at several rates up to more than it can
do; and a queue of tracks for a worker, with a second worker that is started late and a first one that is killed. Use an
idle machine. Afterwards it simulates sizes that this machine cannot run.
"""

import argparse
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from services.capacity.costs import Costs
from services.catalog import Catalogue
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan, run_scan
from services.settings import Settings
from services.tasks.queue import TaskQueue
from tests.fakes.installation import write_noise
from tests.fakes.valkey import started_valkey
from tests.perf.bench_capacity import api_worker, busy
from tests.perf.bench_recommend import FILTERS, JSON, Ask, recommend, served, similar, written
from tests.perf.simulation import Answered, Scaling, Work, drained, percentiles, poisson, simulated_loss
from tests.perf.simulation import served as simulated
from tests.perf.verdicts import CONSOLE, show

TRACKS = 5_000
REQUESTS = 200
SECONDS = 12.0
RATES = (0.3, 0.6, 0.85, 1.3)
"""Of what the process can do with several clients at once."""
CLIENTS = 128
THREADS = Settings.model_fields["api_threads"].default
BACKLOG, ALONE = 80, 15
SCALE_AT, LOSE_AFTER = 30, 50
ROUNDS = 2
SEED = 7
Row = dict[str, Any]


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, help="the file for the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        rows = [*api_rows(Path(folder) / "api"), *worker_rows(Path(folder) / "workers")]
    show(
        "Simulated and measured",
        ("what", "predicted", "measured", "error"),
        [
            (
                row["what"],
                f"{row['predicted']:.3g}",
                f"{row['measured']:.3g}",
                f"{row['predicted'] / row['measured'] - 1:+.0%}",
            )
            for row in rows
        ],
    )
    predictions = {"load": loads(), "loss": losses()}
    if options.to is not None:
        options.to.write_text(json.dumps({"rows": rows, **predictions}, indent=1) + "\n", encoding="utf-8")


def api_rows(folder: Path) -> list[Row]:
    """Predict and measure an API process under each rate."""
    random = np.random.default_rng(SEED)
    written(TRACKS, folder)
    kinds = similar(random, TRACKS), recommend(random, TRACKS, 50, filters=FILTERS)
    asked = [next(kinds[number % len(kinds)]) for number in range(REQUESTS)]
    rows = []
    with served(folder, TRACKS) as url:
        works = alone(url, asked)
        most = saturated(url, asked)
        contention = max(1.0, 1 / (most * float(np.mean([work.busy for work in works]))))
        CONSOLE.print(f"{most:.0f} requests/s at most; with several clients each takes {contention:.2f} times as long")
        for rate in RATES:
            times = poisson(rate * most, SECONDS, random)
            predicted = simulated(works, times, processes=1, threads=THREADS, contention=contention)
            measured = under_load(url, asked, times)
            load = f"API process at {rate:.0%} load ({rate * most:.0f} requests/s)"
            if rate > 1:
                rows.append(row(f"{load}: requests done a second", done_a_second(predicted), done_a_second(measured)))
                continue
            for name, *pair in zip(("p50", "p95"), percentiles(predicted), percentiles(measured), strict=True):
                rows.append(row(f"{load}: {name}, ms", *(1000 * seconds for seconds in pair)))
    return rows


def row(what: str, predicted: float, measured: float) -> Row:
    """Return one row of the table."""
    return {"what": what, "predicted": predicted, "measured": measured}


def done_a_second(answered: list[Answered]) -> float:
    """Return how many requests were answered a second, until the last one was."""
    return len(answered) / max(one.at + one.seconds for one in answered)


def alone(url: str, asked: list[Ask]) -> list[Work]:
    """Return what each request takes when there is no other: the share of processor time is the same for all."""
    process = api_worker()
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        for ask in asked[:30]:
            ask(client).raise_for_status()
        ask_all(url, asked[:30])
        began, before = time.perf_counter(), busy(process)
        took = ask_all(url, asked)
        share = min(1.0, (busy(process) - before) / (time.perf_counter() - began))
    return [Work(busy=seconds * share, waiting=seconds * (1 - share)) for seconds in took]


def saturated(url: str, asked: list[Ask]) -> float:
    """Return the requests a second of as many clients as the process has threads, each without a pause."""
    parts = [asked[first::THREADS] for first in range(THREADS)]
    threads = [threading.Thread(target=ask_all, args=(url, part * ROUNDS)) for part in parts]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ROUNDS * len(asked) / (time.perf_counter() - began)


def ask_all(url: str, asked: list[Ask]) -> list[float]:
    """Send requests one after another, as `under_load` does, and return the seconds of each."""
    connection = connected(url)
    took = []
    for request in prepared(url, asked):
        began = time.perf_counter()
        send(connection, request)
        took.append(time.perf_counter() - began)
    connection.close()
    return took


def prepared(url: str, asked: list[Ask]) -> list[httpx.Request]:
    """Return the requests themselves. A client of httpx takes too long to send many of them."""
    found: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        found.append(request)
        return httpx.Response(200)

    with httpx.Client(base_url=url, transport=httpx.MockTransport(keep)) as client:
        for ask in asked:
            ask(client)
    return found


def connected(url: str) -> http.client.HTTPConnection:
    """Open a connection."""
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)


def send(connection: http.client.HTTPConnection, request: httpx.Request) -> None:
    """Send a request and read the response.

    Raises:
        ConnectionError: the request failed.
    """
    connection.request(request.method, request.url.raw_path.decode(), request.content or None, JSON)
    response = connection.getresponse()
    response.read()
    if response.status != httpx.codes.OK:
        raise ConnectionError(f"{request.url}: {response.status}")


def under_load(url: str, asked: list[Ask], times: list[float]) -> list[Answered]:
    """Send requests at the given times, whether or not earlier ones are answered, and measure from these times on."""
    requests = prepared(url, asked)
    due: queue.Queue[tuple[int, float] | None] = queue.Queue()
    answered: list[Answered] = []

    def work() -> None:
        connection = connected(url)
        while (given := due.get()) is not None:
            number, at = given
            send(connection, requests[number % len(requests)])
            answered.append(Answered(at, time.perf_counter() - began - at, ok=True))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    for number, at in enumerate(times):
        time.sleep(max(0.0, began + at - time.perf_counter()))
        due.put((number, at))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return answered


def worker_rows(folder: Path) -> list[Row]:
    """Predict and measure a queue of tracks: one worker, a second one that is started late, and a lost one."""
    service, start_seconds = analysed_alone(folder / "alone")
    scaling = Scaling(SCALE_AT, start_seconds, 2)
    random = np.random.default_rng(SEED)
    times = [float(seconds) for seconds in random.choice(service, BACKLOG)]
    predicted = drained(times, os.cpu_count() or 1, scaling, LOSE_AFTER).done
    measured = analysed_with_loss(folder / "loss")
    return [
        row(
            f"workers: seconds until the first is killed, after {LOSE_AFTER} tracks",
            predicted[LOSE_AFTER - 1],
            measured[LOSE_AFTER - 1],
        ),
        row("workers: seconds until the queue is empty", predicted[-1], measured[-1]),
    ]


@contextmanager
def library(folder: Path, count: int) -> Iterator[tuple[Catalogue, dict[str, str]]]:
    """A catalogue with tracks whose analyses wait in a broker, and the environment of its workers."""
    for number in range(count):
        write_noise(folder / "music" / f"{number}.flac", number, seconds=90)
    broker = started_valkey()
    settings = Settings(data_dir=folder / "data")
    catalogue = Catalogue.open(settings.catalogue_url)
    catalogue.migrate()
    tasks = TaskQueue(broker.connection_url)
    try:
        run_scan(catalogue, tasks, request_scan(catalogue, tasks, str(folder / "music")))
        yield catalogue, {"SEGUE_DATA_DIR": str(settings.data_path), "SEGUE_REDIS_URL": broker.connection_url}
    finally:
        catalogue.close()
        broker.stop()


def started_worker(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start `segue worker` with one process."""
    command = [sys.executable, "-m", "services.cli.main", "worker", "--queues=analyse", "--processes=1"]
    with log.open("ab") as stream:
        return subprocess.Popen(
            command, env=os.environ | environment, stdout=stream, stderr=stream, start_new_session=True
        )


def kill(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker and its processes."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def analysed(catalogue: Catalogue) -> int:
    """Return the number of analysed tracks."""
    return catalogue.tracks.count_by_status()[TrackStatus.READY]


def analysed_alone(folder: Path) -> tuple[list[float], float]:
    """Return the seconds of each analysis by one worker, and the seconds that its start takes."""
    with library(folder, ALONE) as (catalogue, environment):
        began = time.perf_counter()
        worker = started_worker(environment, folder / "worker.log")
        try:
            times = [began]
            while len(times) <= ALONE:
                times += [time.perf_counter()] * (analysed(catalogue) - len(times) + 1)
                time.sleep(0.01)
        finally:
            kill(worker)
    service = [float(seconds) for seconds in np.diff(times[1:])]
    return service, times[1] - began - float(np.mean(service))


def analysed_with_loss(folder: Path) -> list[float]:
    """Return when each track was analysed, from the first worker's start on, without the track that died with it."""
    times: list[float] = []
    with library(folder, BACKLOG) as (catalogue, environment):
        workers = [started_worker(environment, folder / "first.log")]
        try:
            while not analysed(catalogue):
                time.sleep(0.01)
            began = time.perf_counter()
            while len(times) < BACKLOG - 1:
                times += [time.perf_counter() - began] * (analysed(catalogue) - len(times))
                if len(workers) == 1 and BACKLOG - len(times) > SCALE_AT:
                    workers.append(started_worker(environment, folder / "second.log"))
                if len(times) >= LOSE_AFTER and workers[0].poll() is None:
                    kill(workers[0])
                time.sleep(0.01)
        finally:
            for worker in workers:
                if worker.poll() is None:
                    kill(worker)
    return times


def loads() -> list[Row]:
    """Simulate how long requests take at different loads, with one process and with 16."""
    works = [Work(seconds) for seconds in np.random.default_rng(SEED).gamma(4, 0.005, size=REQUESTS)]
    mean = float(np.mean([work.busy for work in works]))
    contention = Costs.read()["api_contention"]
    found = []
    for rate in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9):
        row_of_rate: Row = {"load": rate}
        for processes in (1, 16):
            times = poisson(rate * processes / (mean * contention), 30.0, np.random.default_rng(SEED))
            p50, p95 = percentiles(simulated(works, times, processes=processes, threads=THREADS, contention=contention))
            row_of_rate |= {f"p50_{processes}": p50 / mean, f"p95_{processes}": p95 / mean}
        found.append(row_of_rate)
    return found


def losses() -> list[Row]:
    """Simulate the death and the freeze of one node of the index, at different loads."""
    return [
        {"nodes": nodes, "load": load, "frozen": frozen, **simulated_loss(nodes, load, frozen=frozen)}
        for nodes in (3, 6)
        for load in (0.4, 0.6)
        for frozen in (False, True)
    ]


if __name__ == "__main__":
    main()

"""Measure requests to an API process with 100,000 tracks, compared with the index alone.

    python tests/perf/bench_recommend.py [--tracks 100000] [--data DIR]

The library consists of synthetic clustered vectors with all fields of a track, in a real catalogue and index.
With `--data` it is kept in a directory for the next run.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from services.api.app import create_app, limit_blas_threads
from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.tables import LocationRow
from services.composition import compose
from services.domain.filters import ATTRIBUTES, Filters, Range
from services.domain.track import EMBEDDING_DIM, TrackStatus
from services.domain.vector_index import Hit, Query
from services.index.embedded import IvfIndex
from services.logs import configure_logging
from services.settings import Settings
from tests.fakes.rows import write_tracks
from tests.fakes.serving import api_process, free_port
from tests.fakes.valkey import started_valkey
from tests.perf.verdicts import CONSOLE, at_most, show

CLUSTERS = 200
BATCH = 1_000
TAGS, RARE = 100, 40  # so that about four are heard clearly
WARM_UP, ROUNDS = 10, 150
CLIENTS, SECONDS = 4, 10.0
FILTERS: dict[str, Any] = {"tempo": {"min": 90, "max": 150}, "energy": {"min": 0.3}}
TARGETS = {"valence": 0.7, "tempo": 110}
NARROW = Filters(ranges={"tempo": Range(90, 150), "energy": Range(min=0.3)})
JSON = {"Content-Type": "application/json"}
CANDIDATES, FEWER = 100, 50
THERE_MS = 4.0
SIMILAR_MS, SHORT_MS, LONG_MS, PATH_MS = 20, 50, 150, 100
OUTSIDE_MS = 6

Ask = Callable[[httpx.Client], httpx.Response]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    if options.data is not None:
        run(options.tracks, options.data)
        return
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        run(options.tracks, Path(folder))


def run(count: int, folder: Path) -> None:
    """Build the library if it does not exist, send requests over HTTP, then query the index directly."""
    vectors = written(count, folder)
    random = np.random.default_rng(1)
    with served(folder, count) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        rows = [
            ("similar to one, 10 tracks", *row(client, similar(random, count), SIMILAR_MS)),
            ("50 events, two filters", *row(client, recommend(random, count, 50, filters=FILTERS), SHORT_MS)),
            (
                "50 events, ordered, aimed",
                *row(client, recommend(random, count, 50, order="flow", targets=TARGETS), SHORT_MS),
            ),
            ("500 events, two filters", *row(client, recommend(random, count, 500, filters=FILTERS), LONG_MS)),
            ("path of 10 tracks", *row(client, path(random, count, 10), PATH_MS)),
            ("path of 25 tracks", *row(client, path(random, count, 25), PATH_MS)),
        ]
        show(f"Over HTTP, {count:,} tracks, ms", ("question", "p50", "p95"), rows)
        whole = median(client, recommend(random, count, 50, filters=FILTERS))
        similar_rate = throughput(url, similar(random, count))
        history_rate = throughput(url, recommend(random, count, 50, filters=FILTERS))
    show(
        f"In this process, {count:,} tracks, ms",
        ("question", "outside the index, p50", "CPU outside the index, p50"),
        [
            ("similar to one, 10 tracks", *outside(folder, similar(random, count))),
            ("50 events, two filters", *outside(folder, recommend(random, count, 50, filters=FILTERS))),
        ],
    )
    bare, speed = bare_query(folder, vectors, random, CANDIDATES), bare_query(folder, vectors, random, FEWER)
    CONSOLE.print(f"{CLIENTS} clients at once: {similar_rate:.0f} similar/s, {history_rate:.0f} histories of 50/s")
    CONSOLE.print(f"whole request ÷ bare index query (four tastes, two filters, 100 each): {whole:.1f} ÷ {bare:.1f} ms")
    CONSOLE.print(f"ratio {whole / bare:.1f}")
    CONSOLE.print(
        f"the same batch of 50 each: {speed:.1f} ms here, {THERE_MS} on the machine that the limits were set on"
    )


def written(count: int, folder: Path) -> np.ndarray:
    """(count, 128): the library's vectors, written if the folder has none yet."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLUSTERS, EMBEDDING_DIM))
    noise = random.normal(scale=0.7, size=(count, EMBEDDING_DIM))
    vectors = centres[np.arange(count) % CLUSTERS] + noise
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f4")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    catalogue.migrate()
    if catalogue.tracks.count_by_status()[TrackStatus.READY] != count:
        for start in range(0, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            with catalogue.database.write() as session:
                write_tracks(session, [track(number, vectors[number], random) for number in numbers])
                session.execute(insert(LocationRow), [location(number) for number in numbers])
    catalogue.close()
    return vectors


def name(number: int) -> str:
    """Return a track's id."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))


def track(number: int, vector: np.ndarray, random: np.random.Generator) -> dict[str, Any]:
    """A row with everything that an analysed track has."""
    strengths = random.random(TAGS) ** RARE
    return {
        "id": name(number),
        "title": f"Title {number}",
        "artist": f"Artist {number % 4_000}",
        "album": f"Album {number % 9_000}",
        "year": 1960 + number % 60,
        "genre": f"Genre {number % 40}",
        "duration_ms": 120_000 + number,
        "status": TrackStatus.READY,
        "attempts": 1,
        "embedding": vector.tobytes(),
        "dispersion": 0.1,
        **dict(zip(ATTRIBUTES, random.random(len(ATTRIBUTES)).tolist(), strict=True)),
        "tempo": 60 + 120 * float(random.random()),
        "loudness": -30 * float(random.random()),
        "brightness": 4_000 * float(random.random()),
        "onset_rate": 8 * float(random.random()),
        "key": number % 12,
        "mode": number % 2,
        "duration": 120 + number / 1000,
        "tags": {f"msd:tag {tag}": round(float(strength), 4) for tag, strength in enumerate(strengths)},
        "model_version": "bench",
        "revision": 1,
        "index_pending": False,
        "added_at": now(),
    }


def location(number: int) -> dict[str, Any]:
    """The file that holds a track."""
    return {"track_id": name(number), "path": f"/bench/{number}.mp3", "root": "/bench", "size": 1, "mtime_ns": 1}


@contextmanager
def served(folder: Path, count: int) -> Iterator[str]:
    """A real API process whose index holds all tracks, in a graph."""
    broker, port = started_valkey(), free_port()
    # The first start builds the index: exempt from the timeout of tests.
    os.environ["SEGUE_LOG_LEVEL"] = "WARNING"
    try:
        with api_process(folder, broker.connection_url, port, timeout=600):
            url = f"http://127.0.0.1:{port}"
            while httpx.get(f"{url}/v1/status", trust_env=False, timeout=60).json()["index"]["points"] != count:
                time.sleep(0.5)
            yield url
    finally:
        broker.stop()


def similar(random: np.random.Generator, count: int) -> Iterator[Ask]:
    """One request after another for neighbours."""
    while True:
        path = f"/v1/tracks/{name(int(random.integers(count)))}/similar"
        yield lambda client, path=path: client.get(path)


def path(random: np.random.Generator, count: int, steps: int) -> Iterator[Ask]:
    """One request after another for a path between two tracks."""
    while True:
        start, end = (name(int(number)) for number in random.choice(count, 2, replace=False))
        asked = f"/v1/path?from={start}&to={end}&steps={steps}"
        yield lambda client, asked=asked: client.get(asked)


def recommend(random: np.random.Generator, count: int, events: int, **wishes: object) -> Iterator[Ask]:
    """One request after another with histories of three interests, played over the last month."""
    while True:
        clusters = random.choice(CLUSTERS, 3, replace=False)
        rows = clusters[random.integers(3, size=events)] + CLUSTERS * random.integers(count // CLUSTERS, size=events)
        history = [
            {
                "track_id": name(int(row)),
                "event": "play" if random.random() < 0.8 else "skip",
                "at": f"2026-11-{1 + int(random.integers(24)):02}T12:00:00Z",
                "played_ms": int(random.integers(240_000)),
            }
            for row in rows
        ]
        body = json.dumps({"history": history, "limit": 20, **wishes})
        yield lambda client, body=body: client.post("/v1/recommendations", content=body, headers=JSON)


def took(client: httpx.Client, asked: Iterator[Ask], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each request, after a few that are not counted."""
    times = []
    for number in range(WARM_UP + rounds):
        ask = next(asked)
        began = time.perf_counter()
        ask(client).raise_for_status()
        if number >= WARM_UP:
            times.append((time.perf_counter() - began) * 1000)
    return times


def row(client: httpx.Client, asked: Iterator[Ask], limit: float) -> tuple[str, str]:
    """Return the median and the 95th percentile."""
    middle, high = np.percentile(took(client, asked), [50, 95])
    return f"{middle:.1f}", at_most(float(high), limit)


def median(client: httpx.Client, asked: Iterator[Ask]) -> float:
    """Return the median in milliseconds."""
    return float(np.median(took(client, asked)))


def throughput(url: str, asked: Iterator[Ask]) -> float:
    """Requests a second of several clients at once."""
    prepared = [next(asked) for _ in range(200)]
    done = [0] * CLIENTS
    end = time.perf_counter() + SECONDS

    def ask_on(number: int) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while time.perf_counter() < end:
                prepared[(number + CLIENTS * done[number]) % len(prepared)](client).raise_for_status()
                done[number] += 1

    threads = [threading.Thread(target=ask_on, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS


def outside(folder: Path, asked: Iterator[Ask]) -> tuple[str, str]:
    """Return the median time and the median CPU time of requests without their index queries, in this process."""
    broker = started_valkey()
    services = compose(Settings(data_dir=folder, redis_url=broker.connection_url))
    configure_logging("WARNING")  # after `compose`: a line for each request would be measured, too
    limit_blas_threads()
    query, inside = IvfIndex.query, np.zeros(2)

    def timed(index: IvfIndex, queries: Sequence[Query]) -> list[list[Hit]]:
        began = clocks()
        try:
            return query(index, queries)
        finally:
            inside[:] += clocks() - began

    app, took = create_app(services), np.zeros(2)

    def measured(environ: Any, start_response: Any) -> Any:
        began = clocks()  # here, because the client takes a millisecond, too
        try:
            return app(environ, start_response)
        finally:
            took[:] = clocks() - began

    try:
        IvfIndex.query = timed  # type: ignore[method-assign]
        times = np.empty((WARM_UP + ROUNDS, 2))
        with httpx.Client(base_url="http://127.0.0.1", transport=httpx.WSGITransport(app=measured)) as client:
            for row_ in times:
                inside[:] = 0
                next(asked)(client).raise_for_status()
                row_[:] = took - inside
    finally:
        IvfIndex.query = query  # type: ignore[method-assign]
        services.close()
        broker.stop()
    wall, cpu = 1000 * np.median(times[WARM_UP:], axis=0)
    return at_most(float(wall), OUTSIDE_MS), f"{cpu:.1f}"


def clocks() -> np.ndarray:
    """Return the time and this thread's CPU time, in seconds."""
    return np.array([time.perf_counter(), time.thread_time()])


def bare_query(folder: Path, vectors: np.ndarray, random: np.random.Generator, limit: int) -> float:
    """Median milliseconds of the index query for a history of several tastes."""
    served_name = (folder / "index" / "current").read_text(encoding="utf-8")
    index = IvfIndex.load(folder / "index" / served_name)
    times = []
    for _ in range(ROUNDS):
        asked = [Query(vectors[row], limit, NARROW) for row in random.integers(len(vectors), size=4)]
        began = time.perf_counter()
        index.query(asked)
        times.append((time.perf_counter() - began) * 1000)
    index.close()
    return float(np.median(times))


if __name__ == "__main__":
    main()

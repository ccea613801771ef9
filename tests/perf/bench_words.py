"""Measure what words cost: `python tests/perf/bench_words.py`.

It measures the text tower alone, the time that a text adds to a recommendation over HTTP, and the memory of the API
process with a small library. Each text is new to the process, because a repeated text is cached. Run it on a quiet
machine: other processes affect wall time.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from sqlalchemy import update

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from models.evaluation.words.lists import load_lists
from models.text.tower import TextTower
from services.catalog import Catalogue
from services.catalog.tables import TrackRow
from services.settings import Settings
from tests.fakes.library import write_library
from tests.fakes.serving import api_process, free_port
from tests.fakes.valkey import started_valkey
from tests.perf.bench_recommend import CLUSTERS, name, written
from tests.perf.verdicts import CONSOLE, at_most, show

HISTORY = 20
FEW_TRACKS = 24
WARM_UP = 10  # requests that are not counted
ADDED_MS, MEMORY_MB = 30.0, 220.0
MEGABYTE = 1024 * 1024


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=20_000)
    count = parser.parse_args().tracks
    texts = [phrase.text for phrases in load_lists().phrases.values() for phrase in phrases]
    np.random.default_rng(0).shuffle(texts)
    tower_alone(texts)
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        latency(Path(folder), count, texts)
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        memory(Path(folder), texts)


def tower_alone(texts: Sequence[str]) -> None:
    """Measure the load of the tower, and the wall time and processor time of each text."""
    began = time.perf_counter()
    tower = TextTower.load()
    loaded = milliseconds(began)
    wall, processor = [], []
    for text in texts:
        began, used = time.perf_counter(), time.process_time()
        tower.embed(text)
        wall.append(milliseconds(began))
        processor.append((time.process_time() - used) * 1000)
    rows = [(f"{loaded:.0f}", *percentiles(wall[WARM_UP:]), *percentiles(processor[WARM_UP:]))]
    show("Text tower alone, ms", ("load", "a text, p50", "p95", "processor time, p50", "p95"), rows)


def latency(folder: Path, count: int, texts: Sequence[str]) -> None:
    """Measure recommendations with and without a text."""
    written(count, folder)
    at_version_of_the_tower(folder)
    with served(folder, count) as (client, _):
        without, with_text = pairs(client, count, texts)
    rows = [(title, *percentiles(times)) for title, times in (("history", without), ("history and text", with_text))]
    show(f"Recommendations over HTTP, {count:,} tracks, ms", ("question", "p50", "p95"), rows)
    added = float(np.percentile(np.subtract(with_text, without), 95))
    CONSOLE.print(f"a text adds, p95 of the differences: {at_most(added, ADDED_MS)} ms")


def memory(folder: Path, texts: Sequence[str]) -> None:
    """Measure the resident memory of the API process before and after texts."""
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", FEW_TRACKS)
    catalogue.close()
    with served(folder, FEW_TRACKS) as (client, process):
        before = process.memory_info().rss / MEGABYTE
        for text in texts:
            asked(client, {"text": text, "limit": 5})
        after = process.memory_info().rss / MEGABYTE
    CONSOLE.print(
        f"memory, {FEW_TRACKS} tracks: {before:.0f} MB, after {len(texts)} texts {at_most(after, MEMORY_MB)} MB"
    )


@contextmanager
def served(folder: Path, count: int) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """A client of a real API process whose index holds all tracks, and the process that answers it."""
    broker, port = started_valkey(), free_port()
    try:
        with (
            api_process(folder, broker.connection_url, port, timeout=600, SEGUE_LOG_LEVEL="WARNING") as process,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client,
        ):
            while client.get("/v1/status").json()["index"]["points"] != count:
                time.sleep(0.5)
            [worker] = psutil.Process(process.pid).children()
            yield client, worker
    finally:
        broker.stop()


def at_version_of_the_tower(folder: Path) -> None:
    """Set the model version of all tracks to that of the text tower, which must not meet vectors of another space."""
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    with catalogue.database.write() as session:
        session.execute(update(TrackRow).values(model_version=TextTower.load().version))
    catalogue.close()


def pairs(client: httpx.Client, count: int, texts: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return the times of the same histories without and with a text, one after the other."""
    without, with_text = [], []
    for number, (body, text) in enumerate(zip(histories(count), texts, strict=False)):
        alone, together = asked(client, body), asked(client, body | {"text": text})
        if number >= WARM_UP:
            without.append(alone)
            with_text.append(together)
    return without, with_text


def histories(count: int) -> Iterator[dict[str, Any]]:
    """Yield questions with a history of three interests."""
    random = np.random.default_rng(1)
    while True:
        clusters = random.choice(CLUSTERS, 3, replace=False)
        rows = clusters[random.integers(3, size=HISTORY)] + CLUSTERS * random.integers(count // CLUSTERS, size=HISTORY)
        yield {"history": [{"track_id": name(int(row)), "event": "play"} for row in rows], "limit": 20}


def asked(client: httpx.Client, body: dict[str, Any]) -> float:
    """Return the milliseconds of a question."""
    began = time.perf_counter()
    client.post("/v1/recommendations", json=body).raise_for_status()
    return milliseconds(began)


def milliseconds(began: float) -> float:
    """Return the milliseconds since a time."""
    return (time.perf_counter() - began) * 1000


def percentiles(times: Sequence[float]) -> tuple[str, str]:
    """Return the median and the 95th percentile as text."""
    middle, high = np.percentile(times, [50, 95])
    return f"{middle:.1f}", f"{high:.1f}"


if __name__ == "__main__":
    main()

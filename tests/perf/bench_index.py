"""Measure the embedded index: `python tests/perf/bench_index.py [--points 100000]` prints a table."""

import argparse
import tempfile
import time
from pathlib import Path
from uuid import UUID

import numpy as np
from rich.console import Console
from rich.table import Table

from services.domain.filters import ATTRIBUTES, Filters, Range
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Point, Query
from services.index.embedded import IvfIndex

CLUSTERS = 200
BATCH = 500
LIMIT = 50
ROUNDS = 200
NARROW = Filters(ranges={"tempo": Range(100, 130), "energy": Range(min=0.4)})


def points(rng, number):
    """Clustered unit vectors with every field that a real track has."""
    centres = rng.normal(size=(CLUSTERS, EMBEDDING_DIM)).astype(np.float32)
    for track in range(number):
        vector = centres[track % CLUSTERS] + rng.normal(scale=0.7, size=EMBEDDING_DIM).astype(np.float32)
        payload = {name: float(rng.random()) for name in ATTRIBUTES}
        payload |= {"tempo": 60 + 120 * float(rng.random()), "loudness": -30 * float(rng.random()), "key": track % 12}
        payload |= {"brightness": float(rng.random()), "onset_rate": 8 * float(rng.random()), "mode": track % 2}
        payload |= {"year": 1960 + track % 60, "duration_ms": 120_000 + track}
        payload |= {
            "genre": f"genre {track % 40}",
            "artist": f"artist {track % 4000}",
            "album": f"album {track % 9000}",
        }
        yield Point(str(UUID(int=track + 1)), vector / np.linalg.norm(vector), payload)


def batches(stock):
    return [stock[first : first + BATCH] for first in range(0, len(stock), BATCH)]


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def latency(index, queries):
    """Milliseconds of one call, median and 95th percentile."""
    took = [timed(lambda asked=asked: index.query(asked)) * 1000 for asked in queries]
    return "{:.2f} / {:.2f}".format(*np.percentile(took, [50, 95]))


def recall(index, exact, seeds):
    found = index.query([Query(seed, 20) for seed in seeds])
    same = [len({hit.id for hit in new} & {hit.id for hit in old}) for new, old in zip(found, exact, strict=True)]
    return sum(same) / (20 * len(seeds))


def measure(index, seeds):
    return [
        latency(index, [[Query(seed, LIMIT)] for seed in seeds]),
        latency(index, [[Query(seed, LIMIT, NARROW)] for seed in seeds]),
        latency(
            index, [[Query(seed, LIMIT, NARROW) for seed in np.roll(seeds, -turn, 0)[:4]] for turn in range(ROUNDS)]
        ),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    size = parser.parse_args().points
    rng = np.random.default_rng(0)
    stock = list(points(rng, size))
    seeds = np.stack([stock[number].vector for number in rng.integers(size, size=ROUNDS)])
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        index = IvfIndex.create(path)
        rate = size / timed(lambda: [index.upsert(batch) for batch in batches(stock)])
        single = np.percentile([timed(lambda one=one: index.upsert([one])) * 1000 for one in stock[:100]], [50, 95])
        inspect = timed(lambda: [index.unindexed() for _ in range(ROUNDS)]) / ROUNDS * 1000
        exact = index.query([Query(seed, 20) for seed in seeds])
        without = measure(index, seeds)
        build = timed(index.optimise)
        index.close()
        began = time.perf_counter()
        index = IvfIndex.load(path)
        load = time.perf_counter() - began
        table = Table("p50 / p95, ms", "without cells", "with cells", title=f"Embedded index, {size:,} points")
        rows = ("one query", "one query, two filters", "batch of four, two filters")
        for row in zip(rows, without, measure(index, seeds), strict=True):
            table.add_row(*row)
        console = Console()
        console.print(table)
        console.print(f"upserts, batches of {BATCH}, each flushed: {rate:,.0f} /s")
        console.print(f"upsert of one point, flushed: {single[0]:.1f} / {single[1]:.1f} ms; inspect {inspect:.3f} ms")
        console.print(f"HNSW build {build:.1f} s, load {load:.2f} s, recall@20 {recall(index, exact, seeds):.3f}")
        index.close()


if __name__ == "__main__":
    main()

"""Measure a query of one library among many, against the same query where that library is alone.

    python tests/perf/bench_tenants.py [--libraries 10000] [--tracks 100]

Both are embedded indexes of random points, built in a temporary directory (600 MB at 10,000 libraries). It fails if the
median among many is more than 1.5 times that of the library alone. Libraries that ask in turn have a new filter each.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from services.domain.filters import Filters
from services.domain.libraries import LIBRARY
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Point, Query
from services.index.cell_builder import build
from services.index.embedded import IvfIndex

QUERIES = 400
LIMIT = 100
RATIO_MAX = 1.5


def points(libraries: Sequence[int], tracks: int) -> Iterator[list[Point]]:
    """Yield the points of libraries, in batches of some libraries."""
    for number in libraries:
        drawn = np.random.default_rng(number).normal(size=(tracks, EMBEDDING_DIM))
        units = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
        yield [
            Point(str(UUID(int=number * tracks + place)), unit, {"energy": 0.5, LIBRARY: [f"library {number}"]})
            for place, unit in enumerate(units)
        ]


def queries_of(number: int) -> list[Query]:
    """Return queries for tracks of a library, each with other points to leave out."""
    drawn = np.random.default_rng(10**6 + number).normal(size=(QUERIES, EMBEDDING_DIM))
    units = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    filters = Filters(any_of={LIBRARY: (f"library {number}",)})
    return [Query(unit, LIMIT, filters) for unit in units]


def opened(folder: Path, libraries: Sequence[int], tracks: int) -> IvfIndex:
    """Build and open an index of libraries."""
    folder.mkdir()
    build(folder, points(libraries, tracks))
    return IvfIndex.create(folder)


def median_ms(index: IvfIndex, numbers: Sequence[int]) -> float:
    """Return the median milliseconds of a query, one library after another."""
    taken = []
    for turn in range(QUERIES):
        query = queries_of(numbers[turn % len(numbers)])[turn]
        begun = time.perf_counter()
        [hits] = index.query([query])
        taken.append(1000 * (time.perf_counter() - begun))
        assert len(hits) > 0
    return float(np.median(taken))


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libraries", type=int, default=10_000)
    parser.add_argument("--tracks", type=int, default=100)
    given = parser.parse_args()
    asked = list(range(0, given.libraries, max(1, given.libraries // 50)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone = opened(folder / "alone", [asked[0]], given.tracks)
        many = opened(folder / "many", range(given.libraries), given.tracks)
        median_ms(many, asked)  # the files are in memory
        single, same, turns = median_ms(alone, asked[:1]), median_ms(many, asked[:1]), median_ms(many, asked)
    print(f"one library of {given.tracks} tracks alone: {single:.3f} ms")
    print(f"the same among {given.libraries}: {same:.3f} ms, {same / single:.2f} ×")
    print(f"{len(asked)} libraries in turn, each with a new filter: {turns:.3f} ms, {turns / single:.2f} ×")
    if same / single > RATIO_MAX:
        sys.exit(f"One library's query among many takes more than {RATIO_MAX} × that of the library alone.")


if __name__ == "__main__":
    main()

"""Measure fits of the map: `python tests/perf/bench_map.py [--tracks 2000 20000 100000]`.

The tracks are mixtures of the validation tracks. A map shows a neighbourhood well if the ten nearest tracks of a track
in the vibe space are among its ten nearest on the map. A refit adds a tenth of the tracks.
"""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from models.arrays import Float32Array, Float64Array
from models.layout.fit import PCA, UMAP, fit
from models.layout.neighbours import nearest
from tests.fakes.mapped import mixture
from tests.perf.verdicts import show

TRACKS = (2_000, 20_000)
NEIGHBOURS = 10
SAMPLE = 500
"""Tracks whose neighbours are compared."""


def main() -> None:
    """Print one row for each number of tracks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, nargs="+", default=TRACKS)
    header = (
        "tracks",
        "UMAP, processor time",
        "PCA",
        "shared neighbours",
        "neighbours found",
        "median move of a refit",
    )
    show("Fits of the map", header, [measured(count) for count in parser.parse_args().tracks])


def measured(count: int) -> tuple[str, ...]:
    """Return the row of a number of tracks."""
    vectors = mixture(count + count // 10).vectors
    first = vectors[:count]
    nothing = np.full((count, 2), np.nan)
    began = time.process_time()
    points = fit(first, nothing, UMAP)
    fitted = time.process_time()
    fit(first, nothing, PCA)
    projected = time.process_time()
    refitted = fit(vectors, np.vstack([points, nothing[: count // 10]]), UMAP)
    moves = np.linalg.norm(refitted[:count] - points, axis=1)

    sample = range(0, count, max(1, count // SAMPLE))
    exact = [closest(first, one) for one in sample]
    shown = [closest(points, one) for one in sample]
    found = nearest(first, NEIGHBOURS + 1)[0][list(sample), 1:]
    return (
        f"{count:,}",
        f"{fitted - began:.1f} s",
        f"{projected - fitted:.1f} s",
        f"{shared(exact, shown):.2f}",
        f"{shared(exact, found):.2f}",
        f"{np.median(moves):.1%}",
    )


def closest(places: Float32Array | Float64Array, track: int) -> np.ndarray:
    """Return the numbers of the nearest tracks, without the track itself."""
    distances = np.linalg.norm(places - places[track], axis=1)
    distances[track] = np.inf
    return np.argsort(distances, kind="stable")[:NEIGHBOURS]


def shared(exact: list[np.ndarray], others: Iterable[np.ndarray]) -> float:
    """Return the mean share of the neighbours that both have."""
    return float(np.mean([len(set(one) & set(other)) for one, other in zip(exact, others, strict=True)])) / NEIGHBOURS


if __name__ == "__main__":
    main()

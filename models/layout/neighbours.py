"""Nearest neighbours of each vector, among those in the same part of the space."""

from itertools import pairwise

import numpy as np

from models.arrays import Float32Array, Float64Array, Int64Array

CELL_SIZE = 256
"""Vectors of a cell, about."""

PROBES = 16
"""Cells in which neighbours are looked for."""

ROUNDS = 4
"""Rounds of k-means; more find hardly better cells."""

ROWS_AT_ONCE = 1_000
"""Vectors compared at once."""


def nearest(vectors: Float32Array, count: int) -> tuple[Int64Array, Float64Array]:
    """Find the nearest neighbours of each vector: all of them in small sets, nearly all in large ones.

    Args:
        vectors: (n, d), unit length.
        count: Neighbours of each vector with itself, 1 to n.

    Returns:
        (n, count), the numbers of the vectors, each first among its own, and (n, count), their Euclidean distances.
    """
    ids = np.empty((len(vectors), count), dtype=np.int64)
    distances = np.empty((len(vectors), count))
    for members, candidates in _searches(vectors, count):
        for start in range(0, len(members), ROWS_AT_ONCE):
            rows = members[start : start + ROWS_AT_ONCE]
            similarities = vectors[rows] @ vectors[candidates].T
            # Equal vectors must not displace the vector itself.
            similarities[candidates[None, :] == rows[:, None]] = np.inf
            best = np.argpartition(-similarities, count - 1, axis=1)[:, :count]
            found = np.take_along_axis(similarities, best, axis=1)
            order = np.argsort(-found, axis=1, kind="stable")
            ids[rows] = candidates[np.take_along_axis(best, order, axis=1)]
            distances[rows] = np.sqrt(np.maximum(0, 2 - 2 * np.take_along_axis(found, order, axis=1)))
    return ids, distances


def _searches(vectors: Float32Array, count: int) -> list[tuple[Int64Array, Int64Array]]:
    """Return, for each cell, the numbers of its vectors and of those that are compared with them."""
    everything = np.arange(len(vectors))
    cells = len(vectors) // CELL_SIZE
    if cells <= PROBES:
        return [(everything, everything)]
    centres = vectors[np.random.default_rng(0).choice(len(vectors), cells, replace=False)]
    for _ in range(ROUNDS):
        cell_of = _nearest_centre(vectors, centres)
        order = np.argsort(cell_of, kind="stable")
        bounds = np.searchsorted(cell_of[order], np.arange(cells + 1))
        sums = np.add.reduceat(vectors[order], np.minimum(bounds[:-1], len(vectors) - 1))
        filled = bounds[1:] > bounds[:-1]
        centres[filled] = sums[filled] / np.linalg.norm(sums[filled], axis=1, keepdims=True)
    near = np.argpartition(-(centres @ centres.T), PROBES - 1, axis=1)[:, :PROBES]
    members = [order[first:last] for first, last in pairwise(bounds)]
    found = [(own, np.concatenate([members[other] for other in near[cell]])) for cell, own in enumerate(members)]
    return [(own, candidates if len(candidates) >= count else everything) for own, candidates in found if len(own)]


def _nearest_centre(vectors: Float32Array, centres: Float32Array) -> Int64Array:
    rows = range(0, len(vectors), ROWS_AT_ONCE)
    return np.concatenate([np.argmax(vectors[start : start + ROWS_AT_ONCE] @ centres.T, axis=1) for start in rows])

"""Ward's clustering of weighted points (Ward, 1963): scipy's takes no weights."""

import numpy as np
from numpy.typing import NDArray

MOST = 4
"""Tastes a listener may have at once."""

COHERENT = 0.1
"""Cosine between the means of two groups from which on they are one."""

Array = NDArray[np.float64]


def clusters(points: Array, weights: Array) -> list[NDArray[np.intp]]:
    """Group points so that at most `MOST` groups are left, fewer where they are alike.

    Args:
        points: (n, d), n ≥ 1.
        weights: (n,), > 0.

    Returns:
        Indices of the points of each group.
    """
    centres, masses = points.copy(), weights.copy()
    members = [np.array([index]) for index in range(len(points))]
    alive = np.ones(len(points), dtype=bool)
    costs = _costs(centres, masses)
    while (left := int(alive.sum())) > 1:
        kept, joined = np.unravel_index(costs.argmin(), costs.shape)
        if left <= MOST and _cosine(centres[kept], centres[joined]) < COHERENT:
            break
        mass = masses[kept] + masses[joined]
        centres[kept] = (masses[kept] * centres[kept] + masses[joined] * centres[joined]) / mass
        masses[kept] = mass
        members[kept] = np.concatenate([members[kept], members[joined]])
        alive[joined] = False
        distances = np.square(centres - centres[kept]).sum(1)
        row = np.where(alive, masses * mass / (masses + mass) * distances, np.inf)
        row[kept] = np.inf
        costs[kept], costs[:, kept] = row, row
        costs[joined], costs[:, joined] = np.inf, np.inf
    return [members[index] for index in np.flatnonzero(alive)]


def _costs(centres: Array, masses: Array) -> Array:
    """(n, n): how much variance joining two points adds; infinite on the diagonal."""
    squares = np.square(centres).sum(1)
    distances = np.maximum(squares[:, None] + squares[None] - 2 * centres @ centres.T, 0.0)
    costs: Array = masses[:, None] * masses[None] / (masses[:, None] + masses[None]) * distances
    np.fill_diagonal(costs, np.inf)
    return costs


def _cosine(one: Array, other: Array) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths > 0 else 0.0

"""Ward's clustering of weighted points (Ward, 1963): scipy's takes no weights.

What joining two groups costs is brought up to date as Lance and Williams (1967) do, without looking at points again.
"""

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
    masses = weights.copy()
    members = [np.array([index]) for index in range(len(points))]
    alive = np.ones(len(points), dtype=bool)
    costs = _costs(points, masses)
    for left in range(len(points), 1, -1):
        kept, joined = divmod(int(costs.argmin()), len(points))
        if left <= MOST and _cosine(*(_mean(points, weights, members[group]) for group in (kept, joined))) < COHERENT:
            break
        row = (masses + masses[kept]) * costs[kept] + (masses + masses[joined]) * costs[joined]
        row = (row - masses * costs[kept, joined]) / (masses + masses[kept] + masses[joined])
        masses[kept] += masses[joined]
        members[kept] = np.concatenate([members[kept], members[joined]])
        alive[joined] = False
        costs[kept], costs[:, kept] = row, row
        costs[joined], costs[:, joined] = np.inf, np.inf
    return [members[index] for index in np.flatnonzero(alive)]


def _mean(points: Array, weights: Array, group: NDArray[np.intp]) -> Array:
    mean: Array = np.average(points[group], axis=0, weights=weights[group])
    return mean


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

"""Place new tracks on an existing map, without a new fit."""

import numpy as np

from models.arrays import Float32Array, Float64Array

NEIGHBOURS = 5
"""Nearest tracks that decide where a new track is placed."""

ROWS_AT_ONCE = 1_000
"""New tracks compared at once: with 20,000 landmarks, 80 MB."""


def place(vectors: Float32Array, landmarks: Float32Array, points: Float64Array) -> Float64Array:
    """Return a point for each new track: the median of the points of its nearest landmarks.

    The median stays inside the group of most neighbours. The mean of neighbours in two groups lies in the empty space
    between them.

    Args:
        vectors: (n, 128), unit length: embeddings of the new tracks.
        landmarks: (m, 128), unit length: embeddings of tracks on the map, m ≥ 1.
        points: (m, 2): the landmarks' points.

    Returns:
        (n, 2), in the unit of `points`.
    """
    count = min(NEIGHBOURS, len(landmarks))
    placed = [
        np.median(points[np.argpartition(-(batch @ landmarks.T), count - 1, axis=1)[:, :count]], axis=1)
        for start in range(0, len(vectors), ROWS_AT_ONCE)
        for batch in [vectors[start : start + ROWS_AT_ONCE]]
    ]
    return np.concatenate(placed) if placed else np.empty((0, 2))

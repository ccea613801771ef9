"""Weigh the windows of a track by how typical they are of it, so that an intro of applause counts less than music."""

import numpy as np
from numpy.typing import NDArray

FEWEST = 4  # windows; if one of three differs, nothing tells whether it or the other two are typical
# Similarity to the other windows, as a share of the median window's: up to `LEAST` a window counts nearly nothing, from
# `ENOUGH` it counts fully. Nearly all windows of music are above it, so most tracks keep the plain mean.
LEAST, ENOUGH = 0.2, 0.4
FLOOR = 0.01


def window_weights(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute how much each window of a track counts.

    Args:
        vectors: (n, d) float32, the unit vectors of the windows, n > 0.

    Returns:
        (n,) float32, > 0, with the sum 1. All are equal for fewer than four windows, or if most are unlike each other.
    """
    n = len(vectors)
    weights = np.ones(n)
    if n >= FEWEST:
        typicality = (vectors @ vectors.sum(0) - 1.0) / (n - 1)  # mean cosine similarity to the others
        median = float(np.median(typicality))
        if median > 0:
            weights = np.clip((typicality / median - LEAST) / (ENOUGH - LEAST), FLOOR, 1.0)
    shares: NDArray[np.float32] = (weights / weights.sum()).astype(np.float32)
    return shares

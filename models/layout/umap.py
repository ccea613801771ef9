"""UMAP (McInnes et al., arXiv:1802.03426): vectors → points in the plane, with fastumap's kernel.

Of fastumap, this module uses the functions that need no SciPy, so that workers do not install 140 MB for one union.
"""

import numpy as np
from fastumap.graph import FuzzyGraph, compute_membership, smooth_knn_dist
from fastumap.layout import optimize_layout

from models.arrays import Float32Array, Float64Array, Int64Array
from models.layout.neighbours import nearest

NEIGHBOURS = 30
"""Twice UMAP's default: more neighbours join albums into a whole."""

A, B = 0.9921756195894755, 1.112253384404663
"""The curve 1 / (1 + A·x^(2B)) for the minimum distance 0.3, three times UMAP's default: people see and reach each
track; with the default, albums are specks in empty space."""

SMALL = 10_000
"""UMAP's own rule: up to this many vectors can afford more epochs."""

EPOCHS, EPOCHS_OF_SMALL = 200, 500

SEED = 0
"""The same vectors give the same points."""


def lay_out(vectors: Float32Array, start: Float64Array, epochs: int | None = None, rate: float = 1.0) -> Float64Array:
    """Lay out vectors by UMAP, on one thread.

    Args:
        vectors: (n, d), unit length, n ≥ 2.
        start: (n, 2), the points to start from.
        epochs: Passes; `None` is UMAP's own number.
        rate: Learning rate of the first pass; it falls to 0.

    Returns:
        (n, 2), the points.
    """
    # The order of distances between unit vectors is that of their cosines.
    ids, distances = nearest(vectors, min(NEIGHBOURS, len(vectors)))
    scales, nearest_distances = smooth_knn_dist(distances, ids.shape[1])
    graph = fuzzy_union(*compute_membership(ids, distances, scales, nearest_distances), len(vectors))
    passes = epochs or (EPOCHS_OF_SMALL if len(vectors) <= SMALL else EPOCHS)
    random = np.random.default_rng(SEED)
    return optimize_layout(start, graph, passes, a=A, b=B, rng=random, initial_alpha=rate)


def fuzzy_union(rows: Int64Array, columns: Int64Array, weights: Float64Array, count: int) -> FuzzyGraph:
    """Return the graph with both directions of each edge: W + Wᵀ - W∘Wᵀ, for weights W between 0 and 1.

    Args:
        rows: (m,), the vectors at which edges begin; no edge is there twice.
        columns: (m,), those at which they end.
        weights: (m,), 0 to 1.
        count: Number of vectors.

    Returns:
        The edges whose weight is above 0, sorted.
    """
    edges = np.concatenate([rows * count + columns, columns * count + rows])
    order = np.argsort(edges, kind="stable")
    edges, both = edges[order], np.concatenate([weights, weights])[order]
    first = np.flatnonzero(np.diff(edges, prepend=-1))
    # The product counts only where both directions exist; one alone would be multiplied by itself.
    twice = np.diff(first, append=len(edges)) > 1
    united = np.add.reduceat(both, first) - twice * np.multiply.reduceat(both, first)
    kept = united > 0
    pairs = edges[first][kept]
    return FuzzyGraph(n=count, head=pairs // count, tail=pairs % count, weight=united[kept])

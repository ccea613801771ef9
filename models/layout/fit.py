"""Fit a map: embeddings → points in the plane."""

import importlib.util

import numpy as np

from models.arrays import Float32Array, Float64Array
from models.layout.alignment import align, fills_frame, into_frame
from models.layout.placement import place

FIT_MIN = 3
"""Tracks of the smallest map."""

UMAP_MIN = 60
"""From this many tracks on, UMAP finds more than the principal axes show."""

REFIT_EPOCHS = 50
REFIT_RATE = 0.1
"""A refit starts from the old map, and short, small steps keep it there; docs/adr/021-map.md has the measurements."""

SPREAD = 10.0
"""Extent of the points that UMAP starts from, its own default."""

JITTER = 1e-3
"""UMAP cannot separate points at the same place."""

SEED = 0
"""The same tracks give the same map."""

AXES_SAMPLE = 20_000
"""Tracks that the principal axes are computed from."""

UMAP, PCA = "umap", "pca"
"""The methods."""


def best_method(count: int) -> str:
    """Return the best method that is installed for a number of tracks."""
    return UMAP if count >= UMAP_MIN and importlib.util.find_spec("fastumap") is not None else PCA


def fit(vectors: Float32Array, previous: Float64Array, method: str) -> Float64Array:
    """Fit a map, starting from an earlier one and aligned to it where there is one.

    Args:
        vectors: (n, 128), unit length; n ≥ `FIT_MIN`.
        previous: (n, 2), the points of the earlier map, 0 to 1; rows of NaN for tracks that it lacks.
        method: `UMAP` or `PCA`.

    Returns:
        (n, 2), 0 to 1: the map. Its coordinates are those of the earlier map if at least `FIT_MIN` tracks are on both
        and the result fills the square.
    """
    known = ~np.isnan(previous[:, 0])
    grown = int(known.sum()) >= FIT_MIN and len(np.unique(previous[known], axis=0)) >= FIT_MIN
    if method == PCA:
        points = _principal_axes(vectors)
    elif grown:
        start = previous.copy()
        start[~known] = place(vectors[~known], vectors[known], previous[known])
        points = _umap(vectors, start, epochs=REFIT_EPOCHS, rate=REFIT_RATE)
    else:
        points = _umap(vectors, _principal_axes(vectors))
    aligned = align(points, previous) if grown else points
    return aligned if grown and fills_frame(aligned) else into_frame(aligned)


def _principal_axes(vectors: Float32Array) -> Float64Array:
    """Project vectors, (n, d), onto their two principal axes: (n, 2)."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    sample = centred[:: max(1, len(centred) // AXES_SAMPLE)]
    _, axes = np.linalg.eigh(sample.T @ sample)
    projected: Float64Array = centred @ axes[:, :-3:-1]
    return projected


def _umap(vectors: Float32Array, start: Float64Array, epochs: int | None = None, rate: float = 1.0) -> Float64Array:
    """Run UMAP on vectors, (n, d), from a start, (n, 2); returns (n, 2)."""
    from models.layout.umap import lay_out  # noqa: PLC0415  it needs an optional package

    framed = into_frame(start) * SPREAD + np.random.default_rng(SEED).normal(0, JITTER, start.shape)
    return lay_out(vectors, framed, epochs, rate)

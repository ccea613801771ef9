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

NEIGHBOURS = 30
MIN_DISTANCE = 0.3
"""Twice and three times UMAP's defaults (McInnes et al., arXiv:1802.03426). More neighbours join albums into a whole,
and with more distance people see and reach each track; with the defaults, albums are specks in empty space."""

REFIT_EPOCHS = 100
REFIT_RATE = 0.25
"""A refit starts from the old map, and short, small steps keep it there; docs/adr/021-map.md has the measurements."""

SPREAD = 10.0
"""Extent of the points that UMAP starts from, its own default."""

JITTER = 1e-3
"""UMAP cannot separate points at the same place."""

SEED = 0
"""The same tracks give the same map. UMAP with a seed uses one thread, which a task in the background should."""

AXES_SAMPLE = 20_000
"""Tracks that the principal axes are computed from."""

UMAP, PCA = "umap", "pca"
"""The methods."""


def best_method(count: int) -> str:
    """Return the best method that is installed for a number of tracks."""
    return UMAP if count >= UMAP_MIN and importlib.util.find_spec("umap") is not None else PCA


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
        points = _umap(vectors, start, n_epochs=REFIT_EPOCHS, learning_rate=REFIT_RATE)
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


def _umap(vectors: Float32Array, start: Float64Array, **options: float) -> Float64Array:
    """Run UMAP on vectors, (n, d), from a start, (n, 2); returns (n, 2)."""
    import umap  # noqa: PLC0415  an optional package, which takes seconds to import

    framed = into_frame(start) * SPREAD + np.random.default_rng(SEED).normal(0, JITTER, start.shape)
    model = umap.UMAP(
        n_neighbors=min(NEIGHBOURS, len(vectors) - 1),
        min_dist=MIN_DISTANCE,
        # The order of distances between unit vectors is that of their cosines, and this metric is faster.
        metric="euclidean",
        init=framed.astype(np.float32),
        random_state=SEED,
        n_jobs=1,
        **options,
    )
    return np.asarray(model.fit_transform(vectors), dtype=np.float64)

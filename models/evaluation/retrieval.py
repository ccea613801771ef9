"""Retrieval figures: does half a track find its other half, and the rest of its soundtrack?

A query is the first half of a track, the database the second halves of all tracks. A soundtrack was written
to feel of a piece, so its other tracks stand in for "the same vibe"; no listener was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_NEIGHBOURS = 10
_FEW_NEIGHBOURS = 5

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One value a query, (n,), except for the hubness of the halves.

    Attributes:
        same_track: 1 if the nearest of all second halves is the query's own, else 0 (R@1).
        precision_5: Share of the query's soundtrack among the 5 nearest other tracks.
        precision_10: The same among the 10 nearest.
        average_precision: Over the whole ranking of other tracks; 0 for a soundtrack of one track.
        hubness: Skewness of how often a second half is among the 10 nearest of another track's first half.
    """

    same_track: FloatArray
    precision_5: FloatArray
    precision_10: FloatArray
    average_precision: FloatArray
    hubness: float


def retrieve(similarity: FloatArray, soundtracks: Sequence[str]) -> Retrieval:
    """Score every query.

    Args:
        similarity: (n, n), of each first half (row) to each second half (column); greater is nearer. Row i and
            column i are one track.
        soundtracks: The n tracks' soundtracks.

    Returns:
        The figures. Ties keep the columns' order, except that a track's own half comes last among equals, so
        that a constant similarity scores nothing.
    """
    n = len(soundtracks)
    labels = np.asarray(soundtracks)
    own = np.diagonal(similarity)
    off_diagonal = similarity.copy()
    np.fill_diagonal(off_diagonal, -np.inf)
    ranking = np.argsort(-off_diagonal, axis=1, kind="stable")[:, : n - 1]  # the track itself, at −∞, drops out
    relevant = labels[ranking] == labels[:, None]
    return Retrieval(
        same_track=(own > off_diagonal.max(axis=1)).astype(float),
        precision_5=relevant[:, :_FEW_NEIGHBOURS].mean(axis=1),
        precision_10=relevant[:, :_NEIGHBOURS].mean(axis=1),
        average_precision=_average_precision(relevant),
        hubness=hubness(similarity).skew,
    )


def ceiling(soundtracks: Sequence[str], k: int = _NEIGHBOURS) -> float:
    """Greatest mean P@k that a perfect ranking could reach: a soundtrack of 9 has only 8 others to find."""
    labels, counts = np.unique(np.asarray(soundtracks), return_counts=True)
    sizes = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    return float(np.mean([min(k, sizes[label] - 1) / k for label in soundtracks]))


def _average_precision(relevant: npt.NDArray[np.bool_]) -> FloatArray:
    hits = np.cumsum(relevant, axis=1)
    precision = hits / np.arange(1, relevant.shape[1] + 1)
    total = relevant.sum(axis=1)
    average: FloatArray = (precision * relevant).sum(axis=1) / np.maximum(total, 1)
    return average


@dataclass(frozen=True, slots=True)
class Hubness:
    """How evenly tracks are recommended.

    Attributes:
        counts: (n,) N10: how often a track is among the 10 nearest of another.
        skew: Skewness of N10; 0 is even, above about 1 a few tracks crowd everybody's results.
        never: Share of tracks that nobody's 10 nearest hold, 0…1.
    """

    counts: npt.NDArray[np.int64]
    skew: float
    never: float


def hubness(similarity: FloatArray, k: int = _NEIGHBOURS) -> Hubness:
    """Count over (n, n) similarities, greater is nearer; a track never answers itself."""
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    nearest = np.argsort(-others, axis=1, kind="stable")[:, : min(k, len(others) - 1)]
    counts = np.bincount(nearest.ravel(), minlength=len(others))
    return Hubness(counts=counts, skew=skewness(counts.astype(float)), never=float(np.mean(counts == 0)))


def skewness(values: FloatArray) -> float:
    """Third standardised moment of (n,) values; 0 where all are the same."""
    deviation = values - values.mean()
    spread = float(np.sqrt(np.mean(deviation**2)))
    return float(np.mean(deviation**3)) / spread**3 if spread > 0 else 0.0

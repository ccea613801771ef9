"""Hubness: how often each track is recommended when every track asks in turn.

In many dimensions a few points become neighbours of almost everything and others of nothing (Radovanović et al.,
"Hubs in space", JMLR 11, 2010): the first crowd every answer, the second are never heard.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_NEIGHBOURS = 10

FloatArray = npt.NDArray[np.float64]


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

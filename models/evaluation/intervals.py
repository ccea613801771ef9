"""How sure a mean is: bootstrap intervals over tracks, and over whole packages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RESAMPLES = 2000
_CONFIDENCE = 0.95
_TAILS = ((1.0 - _CONFIDENCE) / 2.0, (1.0 + _CONFIDENCE) / 2.0)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over tracks and its 95 % bootstrap intervals.

    Attributes:
        value: The mean.
        low: Of the interval over tracks: other tracks of the same packages.
        high: Likewise.
        package_low: Of the interval over packages: other soundtracks altogether. It is the wider one, as the
            tracks of a package resemble each other.
        package_high: Likewise.
    """

    value: float
    low: float
    high: float
    package_low: float
    package_high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def figure(values: FloatArray, packages: Sequence[str]) -> Figure:
    """Mean and intervals of (n,) values, one a track; `packages` names the n tracks' packages."""
    return Figure(float(values.mean()), *interval(values), *package_interval(values, packages))


def interval(values: FloatArray, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean, resampling tracks.

    Args:
        values: (n,), one value a track.
        seed: Of the resampling.
    """
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(_RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), _TAILS)
    return float(low), float(high)


def package_interval(values: FloatArray, packages: Sequence[str], seed: int = 0) -> tuple[float, float]:
    """95 % percentile cluster bootstrap interval of the mean, resampling packages with all their tracks.

    Args:
        values: (n,), one value a track.
        packages: The n tracks' packages.
        seed: Of the resampling.

    Source: Field & Welsh, "Bootstrapping clustered data", JRSS B 69 (2007).
    """
    _, owners = np.unique(np.asarray(packages), return_inverse=True)
    sums, counts = np.bincount(owners, weights=values), np.bincount(owners)
    drawn = np.random.default_rng(seed).integers(0, len(counts), size=(_RESAMPLES, len(counts)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), _TAILS)
    return float(low), float(high)

"""Robustness: is the nearest track to an altered copy its own original? And do its attributes stay?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Robustness:
    """How a representation and the attributes stand one alteration.

    Attributes:
        name: The alteration.
        least_r1: Demanded of `r1`.
        r1: Representation → share of altered copies whose nearest original is their own, 0…1.
        queries: Representation → how many copies asked.
        energy_change: Mean absolute change of the energy attribute, 0…1.
        valence_change: Of the valence attribute.
    """

    name: str
    least_r1: float
    r1: Mapping[str, float]
    queries: Mapping[str, int]
    energy_change: float
    valence_change: float


def recognised(similarity: FloatArray, own: Sequence[int]) -> FloatArray:
    """Whether each altered copy finds its original first.

    Args:
        similarity: (m, n), of each copy to each original; greater is nearer.
        own: The m copies' columns.

    Returns:
        (m,) 1 or 0; a tie with another original counts as 0.
    """
    rows = np.arange(len(own))
    others = similarity.copy()
    others[rows, own] = -np.inf
    found: FloatArray = (similarity[rows, own] > others.max(axis=1)).astype(float)
    return found


def mean_change(before: Sequence[float], after: Sequence[float]) -> float:
    """Mean absolute change between n values of originals and of their copies."""
    return float(np.mean(np.abs(np.subtract(after, before))))

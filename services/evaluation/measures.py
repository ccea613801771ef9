"""Figures of answers: ranking quality, coverage of interests, diversity, evenness."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.evaluation.listeners import Positions

DEPTH, TOP = 20, 10

Array = NDArray[np.float64]


def ndcg(answer: Positions, wanted: Positions, depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain, binary relevance (Järvelin & Kekäläinen, 2002), 0 to 1.

    Args:
        answer: Positions of tracks, best first.
        wanted: Positions of the tracks that count, at least one.
        depth: How far down an answer is read.
    """
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    gains = np.isin(answer[:depth], wanted) * discounts[: len(answer[:depth])]
    return float(gains.sum() / discounts[: min(depth, len(wanted))].sum())


def coverage(answer: Positions, interests: Sequence[Positions], depth: int = TOP) -> float:
    """Share of the interests of which at least one wanted track is answered."""
    return float(np.mean([np.isin(answer[:depth], wanted).any() for wanted in interests]))


def diversity(answer: Positions, vectors: Array, depth: int = TOP) -> float:
    """Mean cosine distance between two tracks of an answer (intra-list diversity; Ziegler et al., 2005)."""
    found = vectors[answer[:depth]]
    pairs = np.triu_indices(len(found), 1)
    return float(np.mean(1 - (found @ found.T)[pairs]))


def gini(counts: NDArray[np.intp]) -> float:
    """Gini coefficient of (n,) counts: 0 where all are answered alike, towards 1 where few are."""
    ordered = np.sort(counts).astype(np.float64)
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))


def standard_error(values: Sequence[float]) -> float:
    """Of a mean."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))

"""Measures of nearest neighbours: retrieval of soundtracks, hubness, and the mood distance of neighbours.

Retrieval: a query is the first half of a track, the database the second halves of all tracks. The other tracks of the
same soundtrack are the relevant results, because a soundtrack is written to have one mood. No listener rated them.

Mood distance: a track's neighbours may share its composer's sound rather than its mood. So neighbours of the track's
own soundtrack are excluded, and energy and valence are judged by the teachers' tags, not by the encoder's attributes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from models.arrays import Float64Array
from models.tag_balances import TagBalance, log_odds

NEIGHBOURS = 10

_FEW_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Retrieval measures: one value per query, (n,), except for the hubness of the halves.

    Attributes:
        same_track: 1 if the nearest of all second halves is the query's own, else 0 (R@1).
        precision_5: Share of the query's soundtrack among the 5 nearest other tracks (P@5).
        precision_10: Share of the query's soundtrack among the 10 nearest other tracks (P@10).
        average_precision: Over the whole ranking of other tracks; 0 for a soundtrack of one track.
        hubness: Skewness of N10 of the second halves, see `Hubness`.
    """

    same_track: Float64Array
    precision_5: Float64Array
    precision_10: Float64Array
    average_precision: Float64Array
    hubness: float


def retrieve(similarity: Float64Array, soundtracks: Sequence[str]) -> Retrieval:
    """Score every query.

    Args:
        similarity: (n, n), of each first half (row) to each second half (column); greater is nearer. Row i and column i
            are halves of the same track.
        soundtracks: Soundtracks of the n tracks.

    Returns:
        The measures. Ties keep the order of the columns; a track's own half counts as the nearest only if no other half
        is equally near, so that a constant similarity has R@1 0.
    """
    n = len(soundtracks)
    labels = np.asarray(soundtracks)
    own = np.diagonal(similarity)
    off_diagonal = similarity.copy()
    np.fill_diagonal(off_diagonal, -np.inf)
    ranking = np.argsort(-off_diagonal, axis=1, kind="stable")[:, : n - 1]  # excludes the track itself, which is last
    relevant = labels[ranking] == labels[:, None]
    return Retrieval(
        same_track=(own > off_diagonal.max(axis=1)).astype(float),
        precision_5=relevant[:, :_FEW_NEIGHBOURS].mean(axis=1),
        precision_10=relevant[:, :NEIGHBOURS].mean(axis=1),
        average_precision=_average_precision(relevant),
        hubness=hubness(similarity).skew,
    )


def ceiling(soundtracks: Sequence[str], k: int = NEIGHBOURS) -> float:
    """Return the mean P@k of a perfect ranking, which is below 1 if soundtracks have fewer than k other tracks."""
    labels, counts = np.unique(np.asarray(soundtracks), return_counts=True)
    sizes = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    return float(np.mean([min(k, sizes[label] - 1) / k for label in soundtracks]))


def _average_precision(relevant: NDArray[np.bool_]) -> Float64Array:
    hits = np.cumsum(relevant, axis=1)
    precision = hits / np.arange(1, relevant.shape[1] + 1)
    total = relevant.sum(axis=1)
    average: Float64Array = (precision * relevant).sum(axis=1) / np.maximum(total, 1)
    return average


@dataclass(frozen=True, slots=True)
class Hubness:
    """Distribution of recommendations over tracks.

    Attributes:
        counts: (n,) N10: the number of other tracks that have a track among their 10 nearest.
        skew: Skewness of N10; 0 is even, and above about 1 a few tracks are in many results.
        never: Share of tracks with N10 = 0, 0…1.
    """

    counts: NDArray[np.int64]
    skew: float
    never: float


def hubness(similarity: Float64Array, k: int = NEIGHBOURS) -> Hubness:
    """Measure the hubness of n tracks.

    Args:
        similarity: (n, n), greater is nearer; the diagonal is ignored.
        k: Number of neighbours.

    Returns:
        Counts, skewness and the share of tracks that are never among the k nearest.
    """
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    nearest = np.argsort(-others, axis=1, kind="stable")[:, : min(k, len(others) - 1)]
    counts = np.bincount(nearest.ravel(), minlength=len(others))
    return Hubness(counts=counts, skew=skewness(counts.astype(float)), never=float(np.mean(counts == 0)))


def skewness(values: Float64Array) -> float:
    """Return the third standardised moment of (n,) values; 0 if all are equal."""
    deviation = values - values.mean()
    spread = float(np.sqrt(np.mean(deviation**2)))
    return float(np.mean(deviation**3)) / spread**3 if spread > 0 else 0.0


def mood_ranks(tags: ArrayLike, names: Sequence[str], balance: TagBalance) -> Float64Array:
    """Rank tracks by a balance of their tags.

    Args:
        tags: (n, n_tags) mean probabilities of each track by the teachers, 0…1.
        names: The n_tags names.
        balance: Tags that favour and tags that oppose the mood.

    Returns:
        (n,) from 0 (least) to 1; equal tracks share the mean of their ranks.

    Raises:
        ValueError: A tag of the balance is not among the names.
    """
    scores = balance.scores(log_odds(np.asarray(tags, dtype=np.float64)), names)
    ranks: Float64Array = (rankdata(scores) - 1.0) / max(len(scores) - 1, 1)
    return ranks


def mood_distance(
    similarity: Float64Array, soundtracks: Sequence[str], ranks: Float64Array, k: int = NEIGHBOURS
) -> Float64Array:
    """Compute the distance in mood between each track and its nearest tracks of other soundtracks.

    Args:
        similarity: (n, n) of whole tracks; greater is nearer. The diagonal is ignored.
        soundtracks: Soundtracks of the n tracks.
        ranks: (n,) ranks 0…1, see `mood_ranks`.
        k: Number of neighbours.

    Returns:
        (n,) mean absolute difference of rank to the k nearest tracks of other soundtracks, 0…1. Random neighbours give
        about 1/3.

    Raises:
        ValueError: Fewer than k tracks are in other soundtracks than a track's own.
    """
    labels = np.asarray(soundtracks)
    same = labels[:, None] == labels[None]
    if int((~same).sum(axis=1).min()) < k:
        raise ValueError(f"Each track needs at least {k} tracks of other soundtracks.")
    nearest = np.argsort(-np.where(same, -np.inf, similarity), axis=1, kind="stable")[:, :k]
    distances: Float64Array = np.abs(ranks[nearest] - ranks[:, None]).mean(axis=1)
    return distances

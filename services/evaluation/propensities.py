"""What other options would have earned, estimated from a log with exploration."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from services.experiments.statistics import Interval, Totals, ratio_interval

SUPPORT_MIN = 0.95
"""Share of the tracks of an arm that could have been recommended at their places; with less, the estimate is biased."""

EFFECTIVE_MIN = 100.0
"""Effective sample size below which nothing is said."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Places:
    """The n places of logged answers.

    Attributes:
        rewards: (n,), what the recommended track earned: 1 if it was played and not skipped, otherwise 0.
        propensities: (n,), > 0: the probability with which the track was recommended at its place.
        groups: (n,): numbers that are equal for places of the same listener.
    """

    rewards: Array
    propensities: Array
    groups: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an arm would have earned for each recommended track.

    Attributes:
        value: The mean with its interval by listener; None if the log cannot tell.
        effective: Effective sample size (Kish, 1965): as many places without weights tell as much.
        support: Share of the arm's tracks that could have been recommended at their places, 0 to 1.
    """

    value: Interval | None
    effective: float
    support: float


def estimate(places: Places, same: NDArray[np.bool_]) -> Estimate:
    """Estimate what an arm would have earned, by self-normalised inverse propensities.

    Swaminathan & Joachims, "The self-normalized estimator for counterfactual learning" (2015). Weights are truncated at
    the square root of their number (Ionides, 2008).

    Args:
        places: Of the log.
        same: (n,): whether the arm recommends the track that was recommended at this place.
    """
    support = float(np.mean(same | (places.propensities < 1))) if len(same) else 0.0
    weights = weights_of(places, same)
    effective = float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0
    told = support >= SUPPORT_MIN and effective >= EFFECTIVE_MIN
    value = ratio_interval(_totals(places, weights)) if told else None
    return Estimate(value, effective, support)


def difference(places: Places, first: NDArray[np.bool_], other: NDArray[np.bool_]) -> Interval:
    """Return how much more the other arm would have earned, with an interval; the arms share the listeners.

    The difference of two ratios is replaced by its linear part in each listener (the delta method).
    """
    one, two = (_totals(places, weights_of(places, same)) for same in (first, other))
    _, sizes_of = np.unique(places.groups, return_counts=True)
    count = len(sizes_of)
    effects = [np.zeros(count), np.zeros(count)]
    for effect, totals, same in ((effects[0], one, first), (effects[1], two, other)):
        weighted = _sums(places, weights_of(places, same)) > 0
        effect[weighted] = count * (totals.values - totals.ratio * totals.sizes) / totals.sizes.sum()
    lead = two.ratio - one.ratio
    return ratio_interval(Totals(lead + effects[1] - effects[0], np.ones(count)))


def weights_of(places: Places, same: NDArray[np.bool_]) -> Array:
    """Return (n,): the weight of each place, 0 where the arm recommends another track."""
    weights: Array = np.where(same, 1 / places.propensities, 0.0)
    return np.minimum(weights, sqrt(len(weights)))


def _totals(places: Places, weights: Array) -> Totals:
    """Return the weighted rewards and the weights of the listeners that have a weight."""
    sizes = _sums(places, weights)
    return Totals(_sums(places, weights * places.rewards)[sizes > 0], sizes[sizes > 0])


def _sums(places: Places, values: Array) -> Array:
    _, numbers = np.unique(places.groups, return_inverse=True)
    return np.bincount(numbers, weights=values).astype(np.float64)

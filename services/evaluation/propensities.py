"""What other options would have earned, estimated from a log with exploration."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from services.experiments.statistics import Interval, Totals, ratio_interval

SUPPORT_MIN = 0.9
"""Share of an arm's tracks that could have been in the logged answers; with less, the estimate says little of it."""

EFFECTIVE_MIN = 100.0
"""Effective sample size below which nothing is said."""

SWAPPED_BELOW = 0.5
"""Exploration swaps a track in with a smaller propensity, and keeps one with a larger propensity."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Places:
    """The n places of logged answers.

    Attributes:
        rewards: (n,), what the recommended track earned: 1 if it was played and not skipped, otherwise 0.
        propensities: (n,), > 0: the probability with which the track was in the answer, at any place.
        groups: (n,): numbers that are equal for places of the same listener.
    """

    rewards: Array
    propensities: Array
    groups: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Arm:
    """What an arm recommends in the logged answers.

    Attributes:
        chosen: (n,): whether the track of a place is in the arm's answer, too.
        tracks: Number of tracks of the arm's answers.
    """

    chosen: NDArray[np.bool_]
    tracks: int


def in_answer(propensities: Sequence[float]) -> list[float]:
    """Return for each track of an answer the probability that the answer contains it, given those of its places.

    Exploration swaps a track into each place with the same probability.
    """
    return [each if each >= SWAPPED_BELOW else min(1.0, len(propensities) * each) for each in propensities]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an arm would have earned for each recommended track.

    Attributes:
        value: The mean with its interval by listener; None if the log cannot tell.
        effective: Effective sample size (Kish, 1965): as many tracks without weights tell as much.
        support: Share of the arm's tracks that could have been in the logged answers, 0 to 1.
    """

    value: Interval | None
    effective: float
    support: float


def estimate(places: Places, arm: Arm) -> Estimate:
    """Estimate what an arm would have earned, by self-normalised inverse propensities.

    Swaminathan & Joachims, "The self-normalized estimator for counterfactual learning" (2015), on each track of an
    answer: it is assumed that a track earns the same at all places. Weights are truncated at the square root of their
    number (Ionides, 2008).
    """
    if not arm.chosen.any():
        return Estimate(None, 0.0, 0.0)
    # The inverse propensities of an arm's tracks add up to the number of those that the log supports.
    support = min(1.0, float((1 / places.propensities[arm.chosen]).sum()) / arm.tracks)
    weights = _weights(places, arm)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    told = support >= SUPPORT_MIN and effective >= EFFECTIVE_MIN
    return Estimate(ratio_interval(_totals(places, weights)) if told else None, effective, support)


def difference(places: Places, first: Arm, other: Arm) -> Interval:
    """Return how much more the other arm would have earned, with an interval; the arms share the listeners.

    The difference of two ratios is replaced by its linear part in each listener (the delta method).
    """
    one, two = (_ratio_parts(places, arm) for arm in (first, other))
    values = two[0] - one[0] + len(one[1]) * (two[1] - one[1])
    return ratio_interval(Totals(values, np.ones(len(values))))


def _ratio_parts(places: Places, arm: Arm) -> tuple[float, Array]:
    """Return what an arm earned, and by how much each listener moved that."""
    weights = _weights(places, arm)
    earned, sizes = _sums(places, weights * places.rewards), _sums(places, weights)
    ratio = float(earned.sum() / sizes.sum())
    return ratio, (earned - ratio * sizes) / sizes.sum()


def _weights(places: Places, arm: Arm) -> Array:
    """Return (n,): the weight of each place, 0 where the arm does not recommend the track."""
    weights: Array = np.where(arm.chosen, 1 / places.propensities, 0.0)
    return np.minimum(weights, sqrt(len(weights)))


def _totals(places: Places, weights: Array) -> Totals:
    """Return the weighted rewards and the weights of the listeners that have a weight."""
    sizes = _sums(places, weights)
    return Totals(_sums(places, weights * places.rewards)[sizes > 0], sizes[sizes > 0])


def _sums(places: Places, values: Array) -> Array:
    _, numbers = np.unique(places.groups, return_inverse=True)
    return np.bincount(numbers, weights=values).astype(np.float64)

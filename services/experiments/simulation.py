"""Simulated experiments with a planted effect, to measure whether the statistics keep their promises.

No real listener is in them: they show how often intervals are right, not what listeners like.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.experiments.statistics import Totals

Counts = NDArray[np.float64]

SKIP_RATE = 0.3
"""Mean skip rate without an effect."""

SKIP_SPREAD = 0.1
"""Standard deviation of the skip rates of listeners."""

LISTENS_A_DAY = 12.0
"""Median over listeners of the mean number of listens on a day."""

ACTIVITY_SPREAD = 0.8
"""Standard deviation of the logarithm of that mean: a few listeners listen much more than the others."""

PRESENCE = 0.6
"""Probability that a listener listens on a day."""

DAY_SPREAD = 0.05
"""Standard deviation of a listener's skip rate between days."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The skips and listens of each listener on each day, both of shape (listeners, days), by variant."""

    skips: tuple[Counts, Counts]
    listens: tuple[Counts, Counts]

    def looks(self) -> Iterator[tuple[Totals, Totals, int]]:
        """Yield after each day the totals of both variants so far, and on how many days listeners listened.

        Days before both variants have a listener are left out.
        """
        for day in range(1, self.listens[0].shape[1] + 1):
            first, other = (self._until(variant, day) for variant in (0, 1))
            if min(len(first.values), len(other.values)) > 0:
                yield first, other, sum(int((each[:, :day] > 0).sum()) for each in self.listens)

    def _until(self, variant: int, day: int) -> Totals:
        skips, listens = (each[variant][:, :day].sum(axis=1) for each in (self.skips, self.listens))
        return Totals(skips[listens > 0], listens[listens > 0])


def simulate(seed: int, *, listeners: int, days: int, effect: float) -> Simulated:
    """Return an experiment of two variants; the second has a skip rate that is larger by `effect`.

    Listeners differ in how much they listen, in how often they skip and in when they start, and their days differ.
    Those who listen much skip more.
    """
    random = np.random.default_rng(seed)
    variants = [_variant(random, listeners, days, planted) for planted in (0.0, effect)]
    (first_skips, first), (other_skips, other) = variants
    return Simulated((first_skips, other_skips), (first, other))


def _variant(random: np.random.Generator, listeners: int, days: int, effect: float) -> tuple[Counts, Counts]:
    activity = random.normal(size=listeners)
    means = LISTENS_A_DAY * np.exp(ACTIVITY_SPREAD * activity)
    present = random.random((listeners, days)) < PRESENCE
    present &= np.arange(days) >= random.integers(days // 2 + 1, size=listeners)[:, None]
    listens = np.where(present, random.poisson(means[:, None], (listeners, days)), 0)
    own = SKIP_SPREAD * (0.3 * activity + np.sqrt(1 - 0.3**2) * random.normal(size=listeners))
    daily = DAY_SPREAD * random.normal(size=(listeners, days))
    # The limits are symmetric around the mean and leave room for effects, so that the planted effect is the true one.
    noise = np.clip(own[:, None] + daily, -SKIP_RATE + 0.05, SKIP_RATE - 0.05)
    skips = random.binomial(listens, SKIP_RATE + noise + effect)
    return skips.astype(np.float64), listens.astype(np.float64)

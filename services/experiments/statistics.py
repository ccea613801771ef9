"""Intervals of metrics that are measured on listeners, who listen much or little and resemble themselves.

Every metric is a ratio of two sums over listeners, such as skips per listen. Listeners are independent of each other;
the listens of one listener are not. So listeners are resampled, never listens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.95
"""Of all intervals, unless another is asked for."""

SAMPLES = 2_000
"""Bootstrap samples: the limits of an interval move by about 2 % of its width between seeds."""

BLOCK = 1_000_000
"""Drawn listeners in memory at once."""

OBSERVATIONS_OPTIMAL = 1_000
"""Observations at which the confidence sequence is tightest; it is at most 15 % wider from 200 to 20,000."""

LISTENERS_MIN = 10
"""Listeners, of each variant if there are several, that intervals need; with fewer, they are often wrong."""

POWER = 0.8
"""Probability to find an effect that is there, when the number of listeners is planned."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the limits of its interval; they are infinite if too little is known for an interval."""

    mean: float
    low: float = -inf
    high: float = inf

    @property
    def excludes_zero(self) -> bool:
        """Whether zero is outside of the interval."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Totals:
    """A metric of some listeners.

    Attributes:
        values: (n,), the sum of each listener, such as the number of skips.
        sizes: (n,), > 0, what it is divided by, such as the number of listens.
    """

    values: Array
    sizes: Array

    @property
    def ratio(self) -> float:
        """The metric of all listeners together."""
        return float(self.values.sum() / self.sizes.sum())

    @property
    def error(self) -> float:
        """The standard error of the ratio over listeners; infinite for one listener.

        It is that of the jackknife, which leaves out one listener after the other. Linearisation (the delta method)
        would be 1 % smaller where a few listeners listen much more than the others, and intervals would cover less.
        """
        count, rest = len(self.values), self.sizes.sum() - self.sizes
        if count < 2:  # noqa: PLR2004  one listener shows no spread
            return inf
        return sqrt((count - 1) / count * float(np.square((self.values - self.ratio * self.sizes) / rest).sum()))

    def _moments(self) -> Array:
        values, sizes = self.values, self.sizes
        return np.column_stack([values, sizes, values**2, values * sizes, sizes**2])

    def resampled(self, samples: int, random: np.random.Generator) -> tuple[Array, Array]:
        """Return (samples,) ratios and (samples,) standard errors of as many listeners, drawn with replacement."""
        moments, count = self._moments().T.copy(), len(self.values)
        sums = np.concatenate(
            [np.stack([each[drawn].sum(axis=1) for each in moments]) for drawn in _draws(count, samples, random)],
            axis=1,
        )
        return sums[0] / sums[1], _errors(sums, count)


def _draws(count: int, samples: int, random: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    rows = max(1, BLOCK // count)
    for start in range(0, samples, rows):
        yield random.integers(count, size=(min(rows, samples - start), count))


def _errors(sums: Array, count: int) -> Array:
    """Return the linearised standard errors of ratios from (5, samples) sums of the moments of `count` listeners."""
    values, sizes, squares, products, squared_sizes = sums
    if count < 2:  # noqa: PLR2004  one listener shows no spread
        return np.full(len(values), inf)
    ratios = values / sizes
    spread = np.maximum(squares - 2 * ratios * products + ratios**2 * squared_sizes, 0.0)
    errors: Array = np.sqrt(spread * count / (count - 1)) / sizes
    return errors


def cluster_bootstrap(
    clusters: Sequence[NDArray[np.float64]], *, level: float = LEVEL, samples: int = SAMPLES, seed: int = 0
) -> Interval:
    """Return the mean of all values with an interval, from an array of values for each listener."""
    filled = [cluster for cluster in clusters if len(cluster)]
    totals = Totals(np.array([each.sum() for each in filled]), np.array([float(len(each)) for each in filled]))
    return ratio_interval(totals, level=level, samples=samples, seed=seed)


def ratio_interval(totals: Totals, *, level: float = LEVEL, samples: int = SAMPLES, seed: int = 0) -> Interval:
    """Return a metric with an interval."""
    ratios, errors = totals.resampled(samples, np.random.default_rng(seed))
    return _studentised(totals.ratio, totals.error, ratios, errors, level)


def difference_interval(
    first: Totals, other: Totals, *, level: float = LEVEL, samples: int = SAMPLES, seed: int = 0
) -> Interval:
    """Return how much larger the metric of the other listeners is than that of the first, with an interval.

    Below `LISTENERS_MIN` listeners of one of them, the limits are infinite.
    """
    mean, error = difference(first, other)
    if not _are_enough(first, other):
        return Interval(mean)
    random = np.random.default_rng(seed)
    first_ratios, first_errors = first.resampled(samples, random)
    other_ratios, other_errors = other.resampled(samples, random)
    return _studentised(mean, error, other_ratios - first_ratios, np.hypot(first_errors, other_errors), level)


def difference(first: Totals, other: Totals) -> tuple[float, float]:
    """Return how much larger the metric of the other listeners is, and the standard error of that."""
    return other.ratio - first.ratio, float(np.hypot(first.error, other.error))


def _are_enough(first: Totals, other: Totals) -> bool:
    return min(len(first.values), len(other.values)) >= LISTENERS_MIN


def _studentised(mean: float, error: float, means: Array, errors: Array, level: float) -> Interval:
    """Return the bootstrap-t interval (Efron & Tibshirani, 1993, chapter 12).

    It covers skewed metrics of few listeners better than the percentiles of the resampled means.
    """
    if not np.isfinite(error):
        return Interval(mean)
    varied = errors > 0
    if error == 0 or not varied.any():
        return Interval(mean, mean, mean)
    scores = (means[varied] - mean) / errors[varied]
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, mean - float(high) * error, mean - float(low) * error)


def confidence_sequence(first: Totals, other: Totals, observations: int, *, level: float = LEVEL) -> Interval:
    """Return the difference with an interval that holds at all times at once, so that it may be looked at every day.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit
    theory and asymptotic confidence sequences" (2021; Annals of Statistics, 2024), theorem 2.2, with Robbins' normal
    mixture as in Howard, Ramdas, McAuliffe & Sekhon (2021). The standard error is that over listeners, and Student's t
    takes the place of the normal distribution, because there may be few of them. Below `LISTENERS_MIN` listeners of
    one of both, the limits are infinite.

    Args:
        first: The listeners to compare with.
        other: The listeners that are compared.
        observations: Days on which a listener listened, of all of these listeners together.
        level: With this probability the true difference is in all intervals.
    """
    mean, error = difference(first, other)
    if not _are_enough(first, other):
        return Interval(mean)
    freedom = len(first.values) + len(other.values) - 2
    margin = error * _student(sequence_width(observations, 1 - level), freedom)
    return Interval(mean, mean - margin, mean + margin)


def sequence_width(observations: int, alpha: float) -> float:
    """Return the half width of a confidence sequence after some observations, in standard errors of the mean.

    `observations` times ρ² is `information`; ρ is chosen so that the sequence is tightest at `OBSERVATIONS_OPTIMAL`
    (Waudby-Smith et al., appendix B.2).
    """
    largest = -2 * log(alpha)
    information = observations * (largest + log(largest + 1)) / OBSERVATIONS_OPTIMAL
    return sqrt(2 * (1 + 1 / information) * log(sqrt(information + 1) / alpha))


def _student(normal: float, freedom: int) -> float:
    """Return the quantile of Student's t for a quantile of the normal distribution (Abramowitz & Stegun, 26.7.5)."""
    cubed, fifth = normal**3, normal**5
    return normal + (cubed + normal) / (4 * freedom) + (5 * fifth + 16 * cubed + 3 * normal) / (96 * freedom**2)


def listeners_needed(first: Totals, other: Totals, effect: float, *, level: float = LEVEL, power: float = POWER) -> int:
    """Return the number of listeners that each of two variants needs, so that an effect of this size is found.

    `power` is the probability to find it with an interval of this level. Without a spread, it is 2.
    """
    spread = sum(len(each.values) * each.error**2 for each in (first, other))
    quantiles = _NORMAL.inv_cdf((1 + level) / 2) + _NORMAL.inv_cdf(power)
    return max(2, ceil(spread * (quantiles / effect) ** 2))

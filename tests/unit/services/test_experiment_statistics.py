"""The intervals of experiments: against formulas, and on simulated experiments with planted effects."""

from math import inf, log, sqrt

import numpy as np
import pytest

from services.experiments.simulation import SKIP_RATE, simulate
from services.experiments.statistics import (
    OBSERVATIONS_OPTIMAL,
    Totals,
    cluster_bootstrap,
    confidence_sequence,
    difference,
    difference_interval,
    listeners_needed,
    ratio_interval,
    sequence_width,
)

RUNS = 50


def ones(values) -> Totals:
    """Return the totals of listeners with one listen each."""
    values = np.asarray(values, dtype=np.float64)
    return Totals(values, np.ones(len(values)))


def test_the_mean_is_that_of_all_listens():
    """A listener who listens more counts more."""
    found = cluster_bootstrap([np.array([1.0, 1.0, 1.0]), np.array([0.0]), np.empty(0)])

    assert found.mean == 0.75


def test_the_error_of_equal_listeners_is_that_of_a_mean():
    """With one listen each, it is the standard deviation by the square root of their number."""
    values = np.random.default_rng(0).normal(size=40)

    assert ones(values).error == pytest.approx(values.std(ddof=1) / sqrt(40))


def test_listens_of_one_listener_are_not_independent():
    """A hundred equal listens of each listener tell no more than one."""
    values = np.random.default_rng(0).normal(size=40)
    often = cluster_bootstrap([np.full(100, value) for value in values])

    single = ratio_interval(ones(values))
    assert (often.mean, often.low, often.high) == pytest.approx((single.mean, single.low, single.high))


def test_the_interval_of_many_equal_listeners_is_the_normal_one():
    """It lies 1.96 standard errors around the mean, about."""
    totals = ones(np.random.default_rng(1).normal(size=2_000))
    found = ratio_interval(totals, samples=4_000)

    assert (found.high - found.mean) / totals.error == pytest.approx(1.96, abs=0.12)
    assert (found.mean - found.low) / totals.error == pytest.approx(1.96, abs=0.12)


def test_an_interval_is_the_same_each_time():
    """A report does not change between two looks at the same log; another seed changes it a little."""
    totals = ones(np.random.default_rng(2).normal(size=30))

    assert ratio_interval(totals) == ratio_interval(totals)
    assert ratio_interval(totals) != ratio_interval(totals, seed=1)


def test_one_listener_has_no_interval():
    """The limits are infinite, because nothing is known of the spread."""
    found = cluster_bootstrap([np.array([1.0, 2.0])])

    assert (found.mean, found.low, found.high) == (1.5, -inf, inf)
    assert not found.excludes_zero


def test_listeners_without_a_spread_have_an_interval_without_a_width():
    """If everybody skips nothing, the rate is zero."""
    found = difference_interval(ones([0.0] * 10), ones([0.0] * 10))

    assert (found.mean, found.low, found.high) == (0, 0, 0)


def test_the_difference_is_that_of_the_second_to_the_first():
    """A clear difference excludes zero, in the direction of the second."""
    random = np.random.default_rng(3)
    first, other = ones(random.normal(0, 1, 60)), ones(random.normal(2, 1, 60))

    assert difference(first, other)[0] == pytest.approx(2, abs=0.5)
    assert 1 < difference_interval(first, other).low < difference_interval(first, other).high < 3
    assert confidence_sequence(first, other, 120).low > 0
    assert difference_interval(first, first).mean == 0


def test_the_width_of_a_sequence_is_the_published_one():
    """Conjugate mixture margin times the square root of the observations (Waudby-Smith et al., 2021, theorem 2.2)."""
    alpha = 0.05
    # The exact ρ² solves a Lambert equation; the approximation of the paper is within 1 % of it.
    squared = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / OBSERVATIONS_OPTIMAL

    for t in (10, 1_000, 100_000):
        margin = sqrt(2 * (t * squared + 1) / (t**2 * squared) * log(sqrt(t * squared + 1) / alpha))
        assert sequence_width(t, alpha) == pytest.approx(margin * sqrt(t))


def test_a_sequence_is_tightest_at_the_chosen_number_of_observations():
    """Around it the width hardly changes; far from it on both sides, it grows."""
    width = {t: sequence_width(t, 0.05) for t in (10, 200, 1_000, 20_000, 10**9)}

    assert width[1_000] == pytest.approx(3.03, abs=0.01)
    assert max(width[200], width[20_000]) < 1.15 * width[1_000]
    assert min(width[10], width[10**9]) > 1.5 * width[1_000]
    assert sequence_width(1_000, 0.01) > width[1_000]


def test_few_listeners_widen_a_sequence():
    """Student's t replaces the normal distribution: 2.074 instead of 1.960 with 22 degrees of freedom."""
    values = [0.0, 1.0] * 6
    few = confidence_sequence(ones(values), ones(values), OBSERVATIONS_OPTIMAL)
    many = confidence_sequence(ones(values * 500), ones(values * 500), OBSERVATIONS_OPTIMAL)
    errors = [difference(ones(each), ones(each))[1] for each in (values, values * 500)]

    assert many.high / errors[1] == pytest.approx(sequence_width(OBSERVATIONS_OPTIMAL, 0.05), rel=0.01)
    # The quantile of Student's t with 22 degrees of freedom at the tail of 3.034.
    assert few.high / errors[0] == pytest.approx(3.425, rel=0.005)


def test_fewer_than_ten_listeners_have_no_interval_of_a_difference():
    """Intervals of so few listeners are often wrong, so the limits are infinite."""
    few, enough = ones([0.0, 1.0] * 4), ones([0.0, 1.0] * 5)

    for found in (difference_interval(few, enough), confidence_sequence(enough, few, 1_000)):
        assert (found.mean, found.low, found.high) == (0, -inf, inf)
    assert difference_interval(enough, enough).high < 1


def test_the_number_of_listeners_is_the_textbook_one():
    """63 in each group find half a standard deviation with a power of 80 %; half of it needs four times as many."""
    values = np.random.default_rng(4).normal(size=5_000)
    totals = ones((values - values.mean()) / values.std(ddof=1))

    assert listeners_needed(totals, totals, 0.5) == 63
    assert listeners_needed(totals, totals, 0.25) == 252
    assert listeners_needed(totals, totals, -0.5) == 63
    assert listeners_needed(ones([1.0] * 9), ones([1.0] * 9), 0.1) == 2


def test_simulated_experiments_have_the_planted_effect():
    """The mean over many experiments is the planted one, so that intervals are compared with the truth."""
    found = []
    for seed in range(100):
        *_, (first, other, days) = simulate(seed, listeners=200, days=20, effect=0.05).looks()
        found.append((first.ratio, other.ratio - first.ratio, len(first.values), days))
    rate, effect, listeners, days = np.mean(found, axis=0)

    assert rate == pytest.approx(SKIP_RATE + 0.3 * 0.8 * 0.1, abs=0.01)  # those who listen much skip more
    assert effect == pytest.approx(0.05, abs=0.005)
    assert listeners == pytest.approx(200, abs=2)
    assert 2_000 < days < 8_000


def test_intervals_cover_a_planted_effect():
    """At least 86 % of 50 intervals, and the effect is found in most; `make bench` measures 1,000 with tight limits."""
    covered, found = 0, 0
    for seed in range(RUNS):
        *_, (first, other, _) = simulate(seed, listeners=100, days=14, effect=0.08).looks()
        interval = difference_interval(first, other, samples=500)
        covered += interval.low <= 0.08 <= interval.high
        found += interval.excludes_zero

    assert covered >= 0.86 * RUNS
    assert found >= 0.7 * RUNS


def test_daily_looks_at_no_effect_raise_few_false_alarms():
    """At most 12 % of 50 experiments, where daily looks at intervals of 95 % would raise many."""
    alarms, naive = 0, 0
    for seed in range(RUNS):
        looks = list(simulate(seed, listeners=60, days=28, effect=0.0).looks())
        alarms += any(confidence_sequence(first, other, days).excludes_zero for first, other, days in looks)
        errors = [difference(first, other) for first, other, _ in looks]
        naive += any(abs(mean) > 1.96 * error for mean, error in errors)

    assert alarms <= 0.12 * RUNS
    assert naive > 0.12 * RUNS

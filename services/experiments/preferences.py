"""What people preferred in blind comparisons, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

import numpy as np

from services.domain.comparison import Contest, Tally
from services.experiments.statistics import LEVEL, LISTENERS_MIN, cluster_bootstrap

CHANCE = 0.5
"""The share of answers for Segue if nobody hears a difference."""


class IntervalMethod(StrEnum):
    """How an interval is computed."""

    WILSON = "wilson"
    """Wilson's score interval of the answers (Wilson 1927). It holds for the people who answered, not for others."""
    BOOTSTRAP = "bootstrap"
    """Cluster bootstrap: people are resampled, not their answers. It holds for people like them."""


@dataclass(frozen=True, slots=True)
class Preference:
    """The result of a contest between Segue and a baseline.

    Attributes:
        contest: What was compared.
        people: Number of people with an answer that prefers one of the two.
        segue: Number of answers that prefer Segue's track.
        baseline: Number of answers that prefer the other one.
        same: Number of answers that prefer neither; they do not count for `share`.
        share: `segue` / (`segue` + `baseline`); None without such answers.
        low: Lower limit of the interval of `share`, 95 %.
        high: Upper limit.
        method: How the interval was computed.
    """

    contest: Contest
    people: int
    segue: int
    baseline: int
    same: int
    share: float | None
    low: float
    high: float
    method: IntervalMethod

    @property
    def verdict(self) -> str:
        """The result as a sentence."""
        if self.share is None:
            return "Nobody has preferred one of the two yet."
        who = "People" if self.method == IntervalMethod.BOOTSTRAP else "The people who answered"
        if self.low > CHANCE:
            return f"{who} prefer Segue's tracks."
        if self.high < CHANCE:
            return f"{who} prefer the tracks of the baseline."
        return "The answers do not show which is better. More answers make the interval smaller."


def preference(contest: Contest, tallies: Sequence[Tally]) -> Preference:
    """Return the result of a contest, from the answers of each person."""
    decided = [each for each in tallies if each.decided]
    segue, baseline = sum(each.segue for each in decided), sum(each.baseline for each in decided)
    total = segue + baseline
    if len(decided) >= LISTENERS_MIN:
        method = IntervalMethod.BOOTSTRAP
        found = cluster_bootstrap([np.repeat([1.0, 0.0], [each.segue, each.baseline]) for each in decided])
        low, high = max(0.0, found.low), min(1.0, found.high)
        if low >= high:  # all people agree exactly, so resampling shows no spread: each counts as one observation
            low, high = wilson(round(found.mean * len(decided)), len(decided))
    else:
        method = IntervalMethod.WILSON
        low, high = wilson(segue, total)
    return Preference(
        contest=contest,
        people=len(decided),
        segue=segue,
        baseline=baseline,
        same=sum(each.same for each in tallies),
        share=segue / total if total else None,
        low=low,
        high=high,
        method=method,
    )


def wilson(successes: int, total: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval of a share (Wilson 1927), which is (0, 1) without observations."""
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, extra = successes / total, z * z / total
    middle = (share + extra / 2) / (1 + extra)
    reach = z / (1 + extra) * sqrt(share * (1 - share) / total + extra / total / 4)
    return max(0.0, middle - reach), min(1.0, middle + reach)

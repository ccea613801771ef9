"""What people preferred: intervals and verdicts."""

import numpy as np
import pytest

from services.domain.comparison import Baseline, Choice, Contest, Pair, Preferred, Tally
from services.experiments.preferences import IntervalMethod, preference, wilson

CONTEST = Contest(Baseline.GENRE, "m1", None)


def people(*answers: tuple[int, int]) -> list[Tally]:
    return [Tally(f"p{number}", segue, baseline, 1) for number, (segue, baseline) in enumerate(answers)]


@pytest.mark.parametrize(
    ("successes", "total", "expected"),
    [(8, 10, (0.4902, 0.9433)), (0, 10, (0.0, 0.2775)), (50, 100, (0.4038, 0.5962)), (0, 0, (0.0, 1.0))],
)
def test_wilson_interval(successes, total, expected):
    """Published values (Newcombe 1998; Brown, Cai & DasGupta 2001)."""
    assert wilson(successes, total) == pytest.approx(expected, abs=5e-4)


def test_few_people_speak_for_themselves():
    """With fewer than ten people, the interval is of their answers."""
    found = preference(CONTEST, people((40, 10), (35, 15)))

    assert (found.people, found.segue, found.baseline, found.same) == (2, 75, 25, 2)
    assert (found.share, found.method) == (0.75, IntervalMethod.WILSON)
    assert found.verdict == "The people who answered prefer Segue's tracks."


def test_people_who_disagree_widen_the_interval():
    """Half of them always prefer Segue, half never do: their many answers prove nothing about people."""
    found = preference(CONTEST, people(*[(50, 0), (0, 50)] * 6))

    assert found.method == IntervalMethod.BOOTSTRAP
    assert found.low < 0.3
    assert found.high > 0.7
    assert found.verdict.startswith("The answers do not show which is better.")


def test_people_who_agree_exactly_are_still_few():
    """Twelve people who all prefer the baseline leave room for some who do not."""
    found = preference(CONTEST, people(*[(0, 3)] * 12))

    assert (found.low, found.share) == (0.0, 0.0)
    assert found.high == pytest.approx(wilson(0, 12)[1])
    assert found.verdict == "People prefer the tracks of the baseline."


def test_the_interval_covers_the_truth():
    """Of 50 groups of 20 people whose preferences scatter around 0.6, nearly all have it in their interval."""
    covered = 0
    for seed in range(50):
        random = np.random.default_rng(seed)
        won = random.binomial(12, random.beta(12, 8, size=20))
        found = preference(CONTEST, people(*[(int(each), 12 - int(each)) for each in won]))
        covered += found.low <= 0.6 <= found.high

    assert covered >= 43


def test_nobody_has_decided():
    """Answers without a preference give no share."""
    found = preference(CONTEST, people((0, 0)))

    assert (found.share, found.people, found.same) == (None, 0, 1)
    assert found.verdict == "Nobody has preferred one of the two yet."


@pytest.mark.parametrize("segue_first", [True, False])
def test_a_choice_is_of_whoever_is_shown_there(segue_first):
    """Sides are random, so a choice means Segue as often as the baseline."""
    pair = Pair(
        track_id="t",
        segue_id="s",
        baseline_id="b",
        baseline=Baseline.GENRE,
        segue_first=segue_first,
        model_version="m1",
    )
    shown = dict(zip((Choice.FIRST, Choice.SECOND), pair.shown, strict=True))

    assert {pair.preferred(choice): track for choice, track in shown.items()} == {
        Preferred.SEGUE: "s",
        Preferred.BASELINE: "b",
    }
    assert pair.preferred(Choice.SAME) == Preferred.SAME

"""Exploration of recommendations: swaps and their probabilities."""

from collections import Counter

import numpy as np
import pytest

from services.domain.track import Embedded
from services.recommend.exploration import TAIL_MIN, explored, with_tail
from services.recommend.rank import Choice

RANKED = [Choice(Embedded(f"t{number:02}", np.zeros(128, np.float32), "Title"), 0.5, 0) for number in range(30)]


def ids(choices):
    return [choice.candidate.id for choice in choices]


@pytest.mark.parametrize(("count", "limit"), [(30, 10), (14, 10), (10, 10), (3, 10)])
def test_propensities_are_the_frequencies_of_the_tracks(count, limit):
    """Over many seeds each place has each track as often as its propensity says, also with a short tail."""
    runs, share, ranked = 20_000, 0.2, RANKED[:count]
    found: list[Counter[str]] = [Counter() for _ in range(limit)]
    said: dict[tuple[int, str], float] = {}
    for seed in range(runs):
        for place, choice in enumerate(explored(ranked, limit, share, str(seed))):
            found[place][choice.candidate.id] += 1
            assert said.setdefault((place, choice.candidate.id), choice.propensity) == choice.propensity

    for (place, name), expected in said.items():
        # Five standard deviations of a binomial share.
        assert found[place][name] / runs == pytest.approx(expected, abs=5 * np.sqrt(expected / runs))
    for place in range(min(count, limit)):
        assert sum(probability for (at, _), probability in said.items() if at == place) == pytest.approx(1)


def test_no_track_comes_twice():
    """Several places are swapped with different tracks."""
    for seed in range(200):
        names = ids(explored(RANKED, 10, 0.9, str(seed)))
        assert len(set(names)) == len(names) == 10


def test_the_same_seed_swaps_the_same_places():
    """A replay repeats the swaps of a logged answer."""
    assert ids(explored(RANKED, 10, 0.2, "one")) == ids(explored(RANKED, 10, 0.2, "one"))
    assert len({tuple(ids(explored(RANKED, 10, 0.2, str(seed)))) for seed in range(20)}) > 1


def test_short_answers_are_explored_from_a_long_tail():
    """The next track of a radio may come from far behind the best one."""
    assert with_tail(1) == 1 + TAIL_MIN
    assert with_tail(50) == 100

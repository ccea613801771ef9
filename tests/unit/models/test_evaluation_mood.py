"""Mood by file names, on cases small enough to work out by hand."""

import numpy as np
import pytest

from models.evaluation.mood import auc, auc_interval, equalised, mood_of, neighbours_vote


@pytest.mark.parametrize(
    ("name", "mood"),
    [("TechBattle", True), ("bossattack", True), ("calmrace-ks", False), ("AmbientBattle", None), ("castle", None)],
)
def test_names_tell_the_mood(name, mood):
    """Words count within words and in any case; a name with both sides, or neither, says nothing."""
    assert mood_of(name) is mood


def test_the_area_counts_ordered_pairs():
    """Of four pairs, two are in order and one is a tie."""
    assert auc([3.0, 1.0, 2.0, 1.0], [True, True, False, False]) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


def test_the_area_needs_both_sides():
    """One side alone has no area."""
    with pytest.raises(ValueError, match="both sides"):
        auc([1.0, 2.0], [True, True])


def test_the_interval_of_the_area_covers_it():
    """The interval holds the area and is wide for few tracks; a perfect order leaves no doubt."""
    scores, truth = [1.0, 3.0, 2.0, 4.0, 0.0, 2.5], [False, True, False, True, True, False]

    low, high = auc_interval(scores, truth)

    assert low < auc(scores, truth) < high
    assert auc_interval([1.0, 2.0, 3.0], [False, False, True]) == (1.0, 1.0)


def test_the_own_soundtrack_has_no_vote():
    """Agitated neighbours of the own soundtrack are passed over, so a foreign calm one decides."""
    soundtracks = ["a", "a", "b", "b"]
    similarity = np.array([[1, 9, 2, 5], [9, 1, 2, 5], [3, 4, 1, 9], [1, 2, 9, 1]], dtype=float)

    scores = neighbours_vote(similarity, soundtracks, [True, False, True, False])

    assert scores.tolist() == [2.0 - 5.0, 2.0 - 5.0, 3.0 - 4.0, 1.0 - 2.0]


def test_equalised_windows_differ_in_no_level():
    """A quiet and a loud window come out alike, and silence stays finite."""
    tone = np.sin(np.arange(1000, dtype=np.float32))

    quiet, loud, silent = equalised(np.stack([0.01 * tone, 0.9 * tone, 0 * tone]))

    assert np.allclose(quiet, loud, atol=1e-6)
    assert np.sqrt(np.mean(loud**2)) == pytest.approx(0.1, rel=1e-3)
    assert not silent.any()

"""Mood by file names on cases with a known result."""

import numpy as np
import pytest

from models.evaluation.mood import equalised, mood_of, neighbour_scores


@pytest.mark.parametrize(
    ("name", "mood"),
    [("TechBattle", True), ("bossattack", True), ("calmrace-ks", False), ("AmbientBattle", None), ("castle", None)],
)
def test_file_names_are_classified(name, mood):
    """Words count anywhere in the name and in any case; names with both classes or none have no label."""
    assert mood_of(name) is mood


def test_neighbours_of_the_own_soundtrack_do_not_count():
    """The score uses the nearest agitated and calm tracks of other soundtracks."""
    soundtracks = ["a", "a", "b", "b"]
    similarity = np.array([[1, 9, 2, 5], [9, 1, 2, 5], [3, 4, 1, 9], [1, 2, 9, 1]], dtype=float)

    scores = neighbour_scores(similarity, soundtracks, [True, False, True, False])

    assert scores.tolist() == [2.0 - 5.0, 2.0 - 5.0, 3.0 - 4.0, 1.0 - 2.0]


def test_equalised_windows_have_one_level():
    """A quiet and a loud window become equal, and silence stays silent."""
    tone = np.sin(np.arange(1000, dtype=np.float32))

    quiet, loud, silent = equalised(np.stack([0.01 * tone, 0.9 * tone, 0 * tone]))

    assert np.allclose(quiet, loud, atol=1e-6)
    assert np.sqrt(np.mean(loud**2)) == pytest.approx(0.1, rel=1e-3)
    assert not silent.any()

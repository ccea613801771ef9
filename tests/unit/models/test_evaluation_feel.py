"""The feel of neighbours, on cases small enough to work out by hand."""

import numpy as np
import pytest

from models.evaluation.feel import AXES, OTHER_AXES, Axis, feel_distance, judged_ranks


def test_neighbours_of_the_same_soundtrack_do_not_count():
    """The own soundtrack's tracks are nearest, and yet the nearest foreign track is what is judged."""
    soundtracks = ["a", "a", "b", "b"]
    similarity = np.array([[1, 9, 2, 1], [9, 1, 1, 2], [2, 1, 1, 9], [1, 2, 9, 1]], dtype=float)

    distances = feel_distance(similarity, soundtracks, np.array([0.0, 0.3, 0.1, 1.0]), k=1)

    assert distances.tolist() == pytest.approx([0.1, 0.7, 0.1, 0.7])


def test_random_neighbours_are_a_third_away():
    """A similarity that says nothing gives a mean rank distance of a third, one that knows the axis far less."""
    ranks = np.linspace(0.0, 1.0, 200)
    soundtracks = [str(index % 4) for index in range(200)]

    by_chance = feel_distance(np.random.default_rng(0).random((200, 200)), soundtracks, ranks)
    by_axis = feel_distance(-np.abs(ranks[:, None] - ranks[None]), soundtracks, ranks)

    assert by_chance.mean() == pytest.approx(1 / 3, abs=0.02)
    assert by_axis.mean() < 0.05


def test_too_few_foreign_tracks_are_refused():
    """With fewer foreign tracks than neighbours, the own soundtrack would slip in: an error instead."""
    with pytest.raises(ValueError, match="at least 10"):
        feel_distance(np.ones((3, 3)), ["a", "b", "c"], np.zeros(3))


def test_ranks_follow_the_balance_of_tags():
    """More "fast" ranks higher, more "slow" lower, and equal tracks share their rank."""
    axis = Axis(("fast",), ("slow",))

    ranks = judged_ranks([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5], [0.5, 0.5], [0.9, 0.05]], ["fast", "slow"], axis)

    assert ranks.tolist() == [0.75, 0.0, 0.375, 0.375, 1.0]


def test_a_tag_that_is_missing_is_an_error():
    """An axis whose tags the judges do not know is refused, not silently shortened."""
    with pytest.raises(ValueError, match="mtt:loud"):
        judged_ranks([[0.5]], ["mtt:fast"], AXES["energy"])


def test_the_second_opinion_shares_no_tag_with_the_first():
    """Tags that an encoder may have been trained towards are not among the other tags."""
    first, second = ({tag for axis in axes.values() for side in axis for tag in side} for axes in (AXES, OTHER_AXES))

    assert not first & second

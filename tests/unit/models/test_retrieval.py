"""Retrieval, hubness and mood distance on cases with a known result."""

import numpy as np
import pytest

from models.evaluation.retrieval import ceiling, hubness, mood_distance, mood_ranks, retrieve
from models.tag_balances import MOOD_BALANCES, OTHER_MOOD_BALANCES, TagBalance

SOUNDTRACKS = ["a", "a", "b"]


def test_a_worked_example():
    """Every measure of three tracks of two soundtracks, computed by hand."""
    similarity = np.array([[0.9, 0.5, 0.7], [0.8, 0.6, 0.1], [0.2, 0.3, 0.4]])

    result = retrieve(similarity, SOUNDTRACKS)

    assert result.same_track.tolist() == [1.0, 0.0, 1.0]  # the second finds the first before itself
    assert result.precision_10.tolist() == [0.5, 0.5, 0.0]  # of two other tracks, one is of its soundtrack
    assert result.average_precision.tolist() == [0.5, 1.0, 0.0]  # at rank 2; at rank 1; nothing to find
    assert result.hubness == 0.0  # each track is among the ten nearest of both others


def test_precision_counts_only_the_nearest():
    """Of 12 tracks in two soundtracks, the 5 and the 10 nearest other tracks count."""
    soundtracks = ["a"] * 6 + ["b"] * 6
    same = np.array([[x == y for y in soundtracks] for x in soundtracks], dtype=float)

    perfect = retrieve(same + np.eye(12), soundtracks)

    assert perfect.precision_5.tolist() == [1.0] * 12
    assert perfect.precision_10.tolist() == [0.5] * 12
    assert perfect.average_precision.tolist() == [1.0] * 12
    assert perfect.same_track.tolist() == [1.0] * 12
    assert retrieve(-same, soundtracks).precision_5.tolist() == [0.0] * 12


def test_a_constant_similarity_finds_no_track():
    """With all similarities equal, R@1 is 0."""
    assert retrieve(np.ones((3, 3)), SOUNDTRACKS).same_track.tolist() == [0.0, 0.0, 0.0]


def test_hubs_give_a_positive_skewness():
    """A few tracks near all others give a skewness above 2; tracks on a ring give 0."""
    n = 60
    ring = np.array([[-min((i - j) % n, (j - i) % n) for j in range(n)] for i in range(n)], dtype=float)
    crowded = np.random.default_rng(0).random((n, n))
    crowded[:, :5] += 1.0

    assert retrieve(ring, ["a"] * n).hubness == pytest.approx(0.0, abs=1e-9)
    assert retrieve(crowded, ["a"] * n).hubness > 2.0


def test_the_ceiling_counts_the_other_tracks():
    """A track of a soundtrack of three has two others, so its P@10 is at most 0.2."""
    assert ceiling(["a"] * 3 + ["b"] * 11) == pytest.approx((3 * 0.2 + 11 * 1.0) / 14)


def test_a_distant_track_is_never_recommended():
    """A track that is the last of all others has N10 = 0 and counts in the share of such tracks."""
    similarity = np.random.default_rng(0).random((20, 20))
    similarity[:, 7] = -1.0

    found = hubness(similarity)

    assert found.counts[7] == 0
    assert found.never == pytest.approx(np.mean(found.counts == 0))
    assert found.counts.sum() == 20 * 10
    assert hubness(np.ones((5, 5))).never == 0.0


def test_neighbours_of_the_same_soundtrack_do_not_count():
    """If the nearest track is of the own soundtrack, the nearest track of another one counts."""
    soundtracks = ["a", "a", "b", "b"]
    similarity = np.array([[1, 9, 2, 1], [9, 1, 1, 2], [2, 1, 1, 9], [1, 2, 9, 1]], dtype=float)

    distances = mood_distance(similarity, soundtracks, np.array([0.0, 0.3, 0.1, 1.0]), k=1)

    assert distances.tolist() == pytest.approx([0.1, 0.7, 0.1, 0.7])


def test_random_neighbours_have_a_distance_of_a_third():
    """Random similarities give a mean rank distance of 1/3, similarities by rank one below 0.05."""
    ranks = np.linspace(0.0, 1.0, 200)
    soundtracks = [str(index % 4) for index in range(200)]

    by_chance = mood_distance(np.random.default_rng(0).random((200, 200)), soundtracks, ranks)
    by_axis = mood_distance(-np.abs(ranks[:, None] - ranks[None]), soundtracks, ranks)

    assert by_chance.mean() == pytest.approx(1 / 3, abs=0.02)
    assert by_axis.mean() < 0.05


def test_too_few_tracks_of_other_soundtracks_are_an_error():
    """Fewer tracks of other soundtracks than neighbours raise a ValueError."""
    with pytest.raises(ValueError, match="at least 10"):
        mood_distance(np.ones((3, 3)), ["a", "b", "c"], np.zeros(3))


def test_ranks_follow_the_balance_of_tags():
    """A higher probability of "fast" gives a higher rank, one of "slow" a lower; equal tracks share a rank."""
    balance = TagBalance(("fast",), ("slow",))

    ranks = mood_ranks([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5], [0.5, 0.5], [0.9, 0.05]], ["fast", "slow"], balance)

    assert ranks.tolist() == [0.75, 0.0, 0.375, 0.375, 1.0]


def test_a_tag_that_is_missing_is_an_error():
    """A balance with an unknown tag raises a ValueError that names the tag."""
    with pytest.raises(ValueError, match="mtt:loud"):
        mood_ranks([[0.5]], ["mtt:fast"], MOOD_BALANCES["energy"])


def test_the_second_judge_shares_no_tag_with_the_first():
    """Tags of the mood axes, which the encoder is trained towards, are not among the other tags."""
    first, second = (
        {tag for balance in balances.values() for side in balance for tag in side}
        for balances in (MOOD_BALANCES, OTHER_MOOD_BALANCES)
    )

    assert not first & second

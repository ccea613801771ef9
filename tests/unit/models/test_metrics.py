"""Bootstrap intervals, AUC and fidelity on cases with a known result."""

import numpy as np
import pytest

from models.evaluation.metrics import auc, auc_interval, fidelity, figure, interval, package_interval


def test_the_interval_covers_the_mean_and_shrinks():
    """The interval contains the mean, is the same at each call, and is narrower for more tracks."""
    few = np.tile([0.0, 1.0], 10)
    many = np.tile([0.0, 1.0], 1000)

    low, high = interval(few)
    assert low < 0.5 < high
    assert interval(few) == (low, high)
    assert interval(many)[1] - interval(many)[0] < (high - low) / 5


def test_packages_that_differ_widen_the_interval():
    """If tracks are equal within their package, the interval over packages is wider than that over tracks."""
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 25)
    packages = np.repeat(["a", "b", "c", "d"], 25).tolist()

    whole = figure(values, packages)

    assert whole.package_low < whole.low < whole.value == 0.5 < whole.high < whole.package_high
    assert package_interval(np.tile([0.0, 1.0], 50), packages) == pytest.approx((0.5, 0.5), abs=0.03)


def test_packages_are_weighted_by_their_tracks():
    """With packages of 1 and 99 tracks, the mean of a resample is over tracks, not over packages."""
    low, high = package_interval(np.array([1.0] + [0.0] * 99), ["a"] + ["b"] * 99)

    assert low == 0.0
    assert high == 1.0
    assert figure(np.array([1.0] + [0.0] * 99), ["a"] + ["b"] * 99).value == 0.01


def test_the_area_counts_ordered_pairs():
    """Of four pairs, two are in order and one is a tie, which counts one half."""
    assert auc([3.0, 1.0, 2.0, 1.0], [True, True, False, False]) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


def test_the_area_needs_both_classes():
    """Labels of one class raise a ValueError."""
    with pytest.raises(ValueError, match="both classes"):
        auc([1.0, 2.0], [True, True])


def test_the_interval_of_the_area_covers_it():
    """The interval contains the area; for a perfect order both ends are 1."""
    scores, truth = [1.0, 3.0, 2.0, 4.0, 0.0, 2.5], [False, True, False, True, True, False]

    low, high = auc_interval(scores, truth)

    assert low < auc(scores, truth) < high
    assert auc_interval([1.0, 2.0, 3.0], [False, False, True]) == (1.0, 1.0)


def test_a_rotated_space_keeps_similarities_but_not_the_cosine():
    """Rotated vectors have the same similarities of pairs, but a low cosine to the originals."""
    random = np.random.default_rng(0)
    points = random.standard_normal((30, 8))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    turn, _ = np.linalg.qr(random.standard_normal((8, 8)))
    tags = random.random((30, 3))

    same = fidelity(points, points, points, tags, tags)
    rotated = fidelity(
        points @ turn, points, points @ turn, np.column_stack([tags[:, 0], -tags[:, 1], np.ones(30)]), tags
    )

    assert (same.cosine, same.similarity_correlation, same.tag_correlation) == pytest.approx((1.0, 1.0, 1.0))
    assert rotated.similarity_correlation == pytest.approx(1.0)
    assert abs(rotated.cosine) < 0.6
    assert rotated.tag_correlation == pytest.approx(0.0)  # equal, opposite and constant

"""The mean distance of the tracks of a list."""

import numpy as np
import pytest

from services.recommend.diversity import mean_distance


def test_the_mean_is_over_all_pairs():
    """Compared with the cosines of each pair."""
    vectors = np.random.default_rng(1).normal(size=(7, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [1 - vectors[one] @ vectors[other] for one in range(7) for other in range(one)]

    assert mean_distance(list(vectors)) == pytest.approx(np.mean(pairs), abs=1e-5)


def test_one_track_has_no_distance():
    """Nor has none."""
    assert mean_distance([]) is None
    assert mean_distance([np.eye(3)[0]]) is None

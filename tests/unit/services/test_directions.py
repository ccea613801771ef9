"""Vectors of directions."""

import numpy as np
import pytest

from services.radio.directions import unit


def test_what_cancels_out_still_points_somewhere():
    """The index is never asked for what is near to nothing: every direction has unit length."""
    one = np.random.default_rng(1).normal(size=128).astype(np.float32)

    assert unit(one) == pytest.approx(one / np.linalg.norm(one))
    assert np.linalg.norm(unit(one - one)) == 1

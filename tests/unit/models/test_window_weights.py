"""A window that is unlike the rest of its track counts less."""

import numpy as np
import pytest

from models.window_weights import window_weights


def vectors(*angles):
    """Unit vectors (n, 128) at angles in degrees from the first axis, each towards an axis of its own."""
    towards = np.eye(128)[1 : len(angles) + 1]
    radians = np.radians(angles)[:, None]
    return (np.cos(radians) * np.eye(1, 128) + np.sin(radians) * towards).astype(np.float32)


def test_a_window_unlike_the_others_counts_less():
    """One of six windows with nothing in common with the rest counts less than a tenth of another."""
    weights = window_weights(vectors(90, 30, 35, 40, 30, 35))

    assert weights.sum() == pytest.approx(1, abs=1e-6)
    assert 0 < weights[0] < 0.1 * weights[1:].min()


def test_windows_of_one_kind_count_equally():
    """Music varies: windows that differ as windows of one track do keep equal weights."""
    np.testing.assert_allclose(window_weights(vectors(20, 30, 35, 45, 50, 30)), 1 / 6, atol=1e-6)


def test_both_faces_of_a_track_count():
    """Of a track with two kinds of music, three windows each, none loses weight."""
    calm, lively = vectors(0, 0, 0), np.roll(vectors(0, 0, 0), 9, axis=1)

    np.testing.assert_allclose(window_weights(np.concatenate([calm, lively])), 1 / 6, atol=1e-6)


@pytest.mark.parametrize("angles", [(0,), (90, 0), (90, 10, 10), (90, 90, 90, 90), (0, 0, 0, 180, 180, 180)])
def test_windows_count_equally_without_a_majority(angles):
    """Of at most three windows, or of windows that have nothing in common, none is known to be the typical one."""
    np.testing.assert_allclose(window_weights(vectors(*angles)), 1 / len(angles), atol=1e-6)

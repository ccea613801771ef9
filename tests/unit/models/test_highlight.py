"""The highlight of a track is its most typical part."""

import numpy as np
import pytest

from models.audio.decode import SAMPLE_RATE, Windows
from models.encoder import Encoding
from models.highlight import highlight


def found(duration, starts, angles, silence=0):
    """Return the highlight of a track whose windows differ from its embedding by angles in degrees.

    The first steps of 100 ms of each window are silent.
    """
    vectors = np.zeros((len(angles), 128), np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    weights = np.full(len(angles), 1 / len(angles), np.float32)
    encoding = Encoding(np.eye(1, 128, dtype=np.float32)[0], vectors, weights, 0.1, {}, {}, 0.0)
    samples = np.zeros((len(angles), 10 * SAMPLE_RATE), np.float32)
    power = np.full((len(angles), 100), 0.01, np.float32)
    power[:, :silence] = 0.0
    return highlight(encoding, Windows(samples, SAMPLE_RATE, duration, starts, power))


@pytest.mark.parametrize(("typical", "start"), [(0, 5), (1, 40), (2, 75), (3, 110), (4, 145), (5, 180)])
def test_the_highlight_is_centred_on_the_most_typical_window(typical, start):
    """Of windows far apart, the one that is nearest to the embedding is in the middle of the highlight."""
    angles = [40.0] * 6
    angles[typical] = 10.0

    assert found(215.0, tuple(15.0 + 35 * index for index in range(6)), angles) == pytest.approx(start)


def test_windows_beside_the_typical_one_count():
    """Of windows side by side, three in a row that are typical are better than one between two that are not."""
    assert found(70.0, (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0), [70, 5, 70, 20, 20, 20, 60]) == 30.0


def test_the_highlight_ends_with_the_track():
    """A highlight never reaches over the start or the end."""
    assert found(61.0, (0.0, 25.0, 51.0), [5, 30, 30]) == 0.0
    assert found(61.0, (0.0, 25.0, 51.0), [30, 30, 5]) == 31.0


@pytest.mark.parametrize(("silence", "start"), [(13, 70.3), (5, 59.0)])
def test_a_highlight_does_not_begin_with_silence(silence, start):
    """Where the music begins in the typical window, so does the highlight; a rest in the music does not count."""
    assert found(120.0, (69.0,), [10], silence) == pytest.approx(start)


@pytest.mark.parametrize("seconds", [5.0, 30.0])
def test_a_short_track_is_its_own_highlight(seconds):
    """A track of 30 s or less has its highlight at 0."""
    assert found(seconds, (seconds - 5,), [10]) == 0.0

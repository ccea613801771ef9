"""The frames of a window are checked, measured, mixed and resampled."""

import numpy as np
import pytest

from models.audio.waveform import check_samples, mono, power_of_steps, resampled
from models.errors import UnreadableAudio


def stereo(left: float, right: float, n_frames: int = 800) -> np.ndarray:
    return np.tile(np.array([left, right], np.float32), (n_frames, 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 101.0, -101.0])
def test_one_impossible_sample_is_refused(value: float):
    """A sample that is NaN, infinite or more than 40 dB above full scale means damage."""
    frames = stereo(0.1, 0.1)
    frames[400, 1] = value

    with pytest.raises(UnreadableAudio, match="damaged"):
        check_samples(frames)


def test_samples_somewhat_above_full_scale_are_allowed():
    """Float files may exceed full scale."""
    check_samples(stereo(1.5, -90.0))


def test_power_is_the_mean_square_summed_over_channels():
    """Each whole step of 100 ms has its own mean square; a partial step is dropped."""
    frames = np.concatenate([stereo(0.5, 0.1, 800), stereo(0.0, 0.2, 800), stereo(1.0, 1.0, 799)])

    assert power_of_steps(frames, 8000) == pytest.approx([0.26, 0.04])


def test_two_channels_become_their_mean():
    """Stereo is mixed to the mean of both channels, without changing the frames."""
    frames = stereo(0.5, 0.1)

    assert mono(frames, power_of_steps(frames, 8000)) == pytest.approx(0.3)
    assert frames[0].tolist() == pytest.approx([0.5, 0.1])


def test_opposite_channels_become_the_left_one():
    """If left and right cancel, the left channel is used."""
    frames = stereo(0.5, -0.5)

    assert mono(frames, power_of_steps(frames, 8000)) == pytest.approx(0.5)


def test_resampling_changes_the_length():
    """A second stays a second, and equal rates return the samples themselves."""
    samples = np.zeros(44_100, np.float32)

    assert len(resampled(samples, 44_100, 16_000)) == 16_000
    assert resampled(samples, 16_000, 16_000) is samples

import numpy as np
import pytest
from scipy.signal import sosfreqz

from models.audio.decode import SAMPLE_RATE, Windows
from models.audio.waveform import power_of_steps
from models.descriptors.loudness import ABSOLUTE_GATE, integrated_loudness, k_gain, k_weighting


@pytest.fixture
def loudness(described):
    """Loudness of one window of samples on one or two channels, `(n_samples, n_channels)` at 16 kHz."""

    def measure(frames):
        samples = np.ascontiguousarray(frames.mean(axis=1))[np.newaxis]
        power = power_of_steps(frames, SAMPLE_RATE)[np.newaxis]
        return described(Windows(samples, SAMPLE_RATE, len(frames) / SAMPLE_RATE, (0.0,), power))["loudness"]

    return measure


def _stereo(samples):
    return np.stack([samples, samples], axis=1)


def test_filter_has_the_coefficients_of_the_standard():
    """At 48 kHz the filter has the coefficients tabulated in ITU-R BS.1770-4, Annex 1, tables 1 and 2."""
    expected = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585],
        [1, -2, 1, 1, -1.99004745483398, 0.99007225036621],
    ]

    np.testing.assert_allclose(k_weighting(48_000), expected, rtol=1e-6)


def test_gain_is_that_of_the_filter():
    """The gain equals the power response of the filter."""
    frequencies, response = sosfreqz(k_weighting(48_000), worN=[20, 100, 1000, 8000], fs=48_000)

    np.testing.assert_allclose(k_gain(frequencies.astype(float)), np.square(np.abs(response)), rtol=1e-9)


@pytest.mark.parametrize("frequency", [100, 997, 4000])
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_sine(sine, loudness, frequency, level):
    """A stereo sine reads its own level plus the filter's gain within 0.2 LU (997 Hz: EBU Tech 3341, cases 1, 2)."""
    tone = sine(frequency, 10, 10 ** (level / 20), SAMPLE_RATE)
    gain = 10 * np.log10(k_gain(np.array([float(frequency)]))[0])

    assert loudness(_stereo(tone)) == pytest.approx(level - 0.691 + gain, abs=0.2)


def test_mono_counts_as_one_channel(sine, loudness):
    """The same sine on one channel is 3 LU softer than on two."""
    tone = sine(997, 10, 0.5, SAMPLE_RATE)

    assert loudness(_stereo(tone)) - loudness(tone[:, np.newaxis]) == pytest.approx(10 * np.log10(2), abs=0.01)


def test_quiet_passages_are_gated(sine, loudness):
    """Ten seconds at -36, sixty at -23 and ten at -36 LUFS read -23 (EBU Tech 3341, case 3)."""
    quiet, loud = (sine(997, seconds, 10 ** (level / 20), SAMPLE_RATE) for seconds, level in ((10, -36), (60, -23)))

    assert loudness(_stereo(np.concatenate([quiet, loud, quiet]))) == pytest.approx(-23, abs=0.1)


def test_loudness_of_silence():
    """If no block passes the absolute gate, the result is the gate."""
    assert integrated_loudness(np.full((1, 50), 1e-10)) == ABSOLUTE_GATE

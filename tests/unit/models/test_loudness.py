import numpy as np
import pytest

from models.loudness import ABSOLUTE_GATE, integrated_loudness, k_weighting


def _stereo(samples):
    return np.stack([samples, samples])[np.newaxis]


def test_filter_is_the_standard_s():
    """At 48 kHz the filter has the coefficients tabulated in ITU-R BS.1770-4, Annex 1, tables 1 and 2."""
    expected = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585],
        [1, -2, 1, 1, -1.99004745483398, 0.99007225036621],
    ]

    np.testing.assert_allclose(k_weighting(48_000), expected, rtol=1e-6)


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_sine(sine, sample_rate, level):
    """A stereo 997 Hz sine reads its own level within 0.1 LU (EBU Tech 3341, cases 1 and 2)."""
    tone = sine(997, 10, 10 ** (level / 20), sample_rate)

    assert integrated_loudness(_stereo(tone), sample_rate) == pytest.approx(level, abs=0.1)


def test_mono_counts_as_one_channel(sine):
    """The same sine on one channel is 3 LU softer than on two."""
    tone = sine(997, 10)

    lower = integrated_loudness(_stereo(tone), 44_100) - integrated_loudness(tone[np.newaxis, np.newaxis], 44_100)

    assert lower == pytest.approx(10 * np.log10(2), abs=0.01)


def test_quiet_passages_are_gated(sine):
    """Ten seconds at -36, sixty at -23 and ten at -36 LUFS read -23 (EBU Tech 3341, case 3)."""
    quiet, loud = (sine(997, seconds, 10 ** (level / 20)) for seconds, level in ((10, -36), (60, -23)))

    assert integrated_loudness(_stereo(np.concatenate([quiet, loud, quiet])), 44_100) == pytest.approx(-23, abs=0.1)


def test_nothing_audible(sine):
    """Where nothing passes the absolute gate, the gate itself is the answer."""
    assert integrated_loudness(_stereo(sine(997, 5, 1e-5)), 44_100) == ABSOLUTE_GATE

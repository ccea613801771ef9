"""Estimate the integrated loudness of a track's windows in LUFS, after ITU-R BS.1770-4, without filtering samples.

The standard filters every channel (K-weighting) and gates the mean square of 400 ms blocks. Here the mean square is
that of the unfiltered channels, and the effect of the filter is estimated from the log-mel.
`models.evaluation.agreement` measures the difference from the standard.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.audio.decode import SAMPLE_RATE

STEPS_PER_BLOCK = 4
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU below the mean of the blocks above the absolute gate
OFFSET = -0.691  # dB: so that the loudness of a 997 Hz sine equals its level
SECTIONS_RATE = 48_000  # Hz: the rate at which BS.1770 tabulates the filter
LOWEST_POWER = 1e-15

HIGHEST_FREQUENCY = SAMPLE_RATE / 2  # Hz: upper edge of the log-mel
KNEE_FREQUENCY = 1000.0  # Hz: Slaney's mel scale is linear below and logarithmic above


def k_weighting(sample_rate: int) -> NDArray[np.float64]:
    """Design the K-weighting filter: a high shelf, which models the head, then a high-pass.

    BS.1770 tabulates coefficients for 48 kHz only. The analogue prototype behind that table is from B. De Man,
    "Evaluation of implementations of the EBU R128 loudness measurement", AES 145, 2018.

    Args:
        sample_rate: Hz, at least 4000.

    Returns:
        Second-order sections `(2, 6)`: `b0 b1 b2 1 a1 a2` each.
    """
    shelf, q = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    numerator = [high + band * shelf / q + shelf**2, 2 * (shelf**2 - high), high - band * shelf / q + shelf**2]
    first = _section(numerator, shelf, q)
    scale = 1 + shelf / q + shelf**2
    first[:3] = [coefficient / scale for coefficient in first[:3]]
    cut, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    return np.array([first, _section([1.0, -2.0, 1.0], cut, q)])


def _section(numerator: list[float], warped: float, q: float) -> list[float]:
    scale = 1 + warped / q + warped**2
    return [*numerator, 1.0, 2 * (warped**2 - 1) / scale, (1 - warped / q + warped**2) / scale]


def k_gain(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the power gain of K-weighting at some frequencies.

    Args:
        frequencies: Hz, below 24 000, any shape.

    Returns:
        Factors ≥ 0, in the same shape.
    """
    delay = np.exp(-2j * np.pi * frequencies / SECTIONS_RATE)
    powers = np.stack([np.ones_like(delay), delay, np.square(delay)])
    gain = np.ones(frequencies.shape)
    for section in k_weighting(SECTIONS_RATE):
        gain *= np.square(np.abs(np.tensordot(section[:3], powers, 1) / np.tensordot(section[3:], powers, 1)))
    return gain


def weighting(log_mel: NDArray[np.float32], n_steps: int) -> NDArray[np.float64]:
    """Estimate the power gain of K-weighting for each step of a track from its log-mel.

    Args:
        log_mel: `(n_windows, n_frames, n_mels)`, `log10(scale * power + 1)` between 0 Hz and half the sample rate,
            Slaney's mel scale and area norm; the scale and the level have no effect.
        n_steps: Number of equal steps of each window, at most n_frames.

    Returns:
        Factors `(n_windows, n_steps)`, ≥ 0.
    """
    n_frames, n_mels = log_mel.shape[1:]
    edges = _slaney_frequencies(n_mels + 2)
    widths = edges[2:] - edges[:-2]  # undo the area norm, to get the power of each band
    factors = np.stack([widths * k_gain(edges[1:-1]), widths], axis=1).astype(np.float32)
    power = np.exp(np.float32(math.log(10)) * log_mel) - 1
    weighted = power @ factors  # (n_windows, n_frames, 2): with and without the weighting
    steps = np.add.reduceat(weighted, np.arange(n_steps) * n_frames // n_steps, axis=1, dtype=np.float64)
    return np.asarray(steps[..., 0] / np.maximum(steps[..., 1], LOWEST_POWER))


def _slaney_frequencies(count: int) -> NDArray[np.float64]:
    """Return frequencies in Hz, evenly spaced on Slaney's mel scale."""
    step, knee = 27 / math.log(6.4), 15.0  # mel an octave times log 2, and mel at 1 kHz
    mel = np.linspace(0, knee + step * math.log(HIGHEST_FREQUENCY / KNEE_FREQUENCY), count)
    return np.where(mel < knee, mel * KNEE_FREQUENCY / knee, KNEE_FREQUENCY * np.exp((mel - knee) / step))


def integrated_loudness(power: NDArray[np.float64]) -> float:
    """Compute the gated loudness of all windows together (ITU-R BS.1770-4, Annex 1).

    A mono file counts as one channel, as in the standard: it is 3 LU below the same signal on two channels.

    Args:
        power: Weighted mean square of each step of 100 ms, summed over channels, `(n_windows, n_steps)`, full
            scale ±1, at least 4 steps.

    Returns:
        LUFS, at least −70, the absolute gate of the standard.
    """
    blocks = sliding_window_view(power, STEPS_PER_BLOCK, axis=1).mean(axis=-1).ravel()
    audible = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if audible.size == 0:
        return ABSOLUTE_GATE
    threshold = _lufs(audible.mean(keepdims=True)) + RELATIVE_GATE
    return float(_lufs(audible[_lufs(audible) > threshold].mean(keepdims=True))[0])


def _lufs(power: NDArray[np.float64]) -> NDArray[np.float64]:
    level: NDArray[np.float64] = OFFSET + 10 * np.log10(np.maximum(power, LOWEST_POWER))
    return level

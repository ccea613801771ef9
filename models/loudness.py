"""Loudness in LUFS as ITU-R BS.1770-4 defines it, over windows of a track."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

BLOCK_SECONDS = 0.4
STEP_SECONDS = 0.1
STEPS_PER_BLOCK = 4
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU below the mean of what passes the absolute gate
OFFSET = -0.691  # dB: makes a 997 Hz sine read its own level


def k_weighting(sample_rate: int) -> NDArray[np.float64]:
    """Design the K-weighting filter: a high shelf for the head, then a high-pass.

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


def integrated_loudness(channels: NDArray[np.float32], sample_rate: int) -> float:
    """Measure gated loudness over all windows together (ITU-R BS.1770-4, Annex 1).

    A mono file counts as one channel, as the standard has it: 3 LU below the same signal on two channels.

    Args:
        channels: `(n_windows, n_channels, n_frames)` with one or two channels, full scale ±1, at least 0.4 s.
        sample_rate: Hz.

    Returns:
        LUFS, at least −70: the gate below which the standard hears nothing.
    """
    weighted = sosfilt(k_weighting(sample_rate).astype(np.float32), channels)
    step = round(STEP_SECONDS * sample_rate)
    n_steps = weighted.shape[-1] // step
    steps = weighted[..., : n_steps * step].reshape(*weighted.shape[:2], n_steps, step)
    energy = np.einsum("wcst,wcst->ws", steps, steps, dtype=np.float64) / step
    blocks = np.lib.stride_tricks.sliding_window_view(energy, STEPS_PER_BLOCK, axis=1).mean(axis=-1).ravel()
    audible = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if audible.size == 0:
        return ABSOLUTE_GATE
    threshold = _lufs(audible.mean(keepdims=True)) + RELATIVE_GATE
    return float(_lufs(audible[_lufs(audible) > threshold].mean(keepdims=True))[0])


def _lufs(power: NDArray[np.float64]) -> NDArray[np.float64]:
    level: NDArray[np.float64] = OFFSET + 10 * np.log10(np.maximum(power, 1e-15))
    return level

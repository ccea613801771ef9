"""How restless a track is, without a beat: tempo may be mistaken by an octave, these change as gently as the music."""

import numpy as np
from numpy.typing import NDArray

FLUX_BANDS = 64  # of 96 mel bands: up to 3.6 kHz, what a telephone or a low-pass leaves
MOBILITY_BANDS = 40  # up to 1.6 kHz
_FLOOR = 1e-4  # silence does not move


def flux(log_mel: NDArray[np.float32]) -> float:
    """Mean rise of the bands from 32 ms to the next: how much begins.

    Args:
        log_mel: `(n_windows, n_frames, 96)` at one loudness.

    Returns:
        Logarithm of bels; about −5 for a drone, −2 for drums.
    """
    bands = log_mel[:, :, :FLUX_BANDS]
    pairs = bands[:, 1:] + bands[:, :-1]
    return _logarithm(np.maximum(pairs[:, 2:] - pairs[:, :-2], 0.0).mean() / 2)


def mobility(log_mel: NDArray[np.float32]) -> float:
    """How much of the bands' variance over time happens within 32 ms: pace, whatever the depth of the contrast.

    Args:
        log_mel: As for `flux`.

    Returns:
        Logarithm of a ratio: about −4 for slow swells, 0 for a tremolo.
    """
    bands = log_mel[:, :, :MOBILITY_BANDS]
    steps = np.square(bands[:, 2:] - bands[:, :-2]).mean()
    return _logarithm(steps / (bands.var(axis=1).mean() + _FLOOR))


def _logarithm(value: np.floating) -> float:
    return float(np.log(value + _FLOOR))

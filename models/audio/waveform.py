"""Process the decoded frames of one window: check samples, measure power, mix to mono, resample."""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from models.errors import UnreadableAudio

STEPS_PER_SECOND = 10  # loudness combines them into the blocks of ITU-R BS.1770
MAX_PEAK = 100.0  # +40 dBFS: float files may exceed full scale a little; a higher peak means damage
CANCELLED_POWER = 5e-4  # mid 33 dB below both channels together means opposite signs
EDGE_SECONDS = 0.1  # a constant offset rings at the edges of a resampled window, and is silence
SILENCE_RMS = 10 ** (-70 / 20)  # -70 dBFS, the absolute gate of ITU-R BS.1770


@dataclass(frozen=True)
class Window:
    """A window of a track.

    Attributes:
        samples: Mono, float32 `(n_samples,)`, full scale ±1.
        power: See `power_of_steps`.
    """

    samples: NDArray[np.float32]
    power: NDArray[np.float32]


def audible_window(frames: NDArray[np.float32], sample_rate: int, new_rate: int) -> Window | None:
    """Process the frames of a window.

    Args:
        frames: `(n_frames, n_channels)`, one or two channels, nominally in −1…1.
        sample_rate: Their sample rate in Hz.
        new_rate: Sample rate of the result in Hz.

    Returns:
        The window; None if it is silent.

    Raises:
        UnreadableAudio: See `check_samples`.
    """
    check_samples(frames)
    power = power_of_steps(frames, sample_rate)
    samples = resampled(mono(frames, power), sample_rate, new_rate)
    edge = round(EDGE_SECONDS * new_rate)
    if samples[edge:-edge].var() <= SILENCE_RMS**2 and is_silent(frames):
        return None
    return Window(samples, power)


def is_silent(frames: NDArray[np.float32]) -> bool:
    """Return whether frames, `(n_frames, n_channels)`, are silent but for a constant offset."""
    return bool(frames.var(axis=0, dtype=np.float64).max() <= SILENCE_RMS**2)


def check_samples(frames: NDArray[np.float32]) -> None:
    """Check that samples are finite and near full scale.

    Args:
        frames: `(n_frames, n_channels)`, nominally in −1…1.

    Raises:
        UnreadableAudio: A sample is NaN, infinite or more than 40 dB above full scale.
    """
    peak = float(max(frames.max(), -frames.min()))  # NaN and infinity survive max()
    if not np.isfinite(peak):
        raise UnreadableAudio("The file is damaged: it has samples that are NaN or infinite")
    if peak > MAX_PEAK:
        raise UnreadableAudio(f"The file is damaged: it has samples {peak:.3g} times above full scale")


def power_of_steps(frames: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Compute the mean square of each whole step of 100 ms, summed over channels.

    Args:
        frames: `(n_frames, n_channels)`, finite, C-contiguous.
        sample_rate: Hz, ≥ 10.

    Returns:
        float32 `(n_steps,)`, ≥ 0; full scale is 1 per channel.
    """
    length = sample_rate // STEPS_PER_SECOND
    n_steps = len(frames) // length
    steps = frames[: n_steps * length].reshape(n_steps, -1)  # (n_steps, length * n_channels)
    power: NDArray[np.float32] = np.vecdot(steps, steps) / np.float32(length)
    return power


def mono(frames: NDArray[np.float32], power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix to mono; return the left channel alone if left and right cancel.

    Args:
        frames: float32 `(n_frames, n_channels)`, one or two channels, full scale ±1.
        power: `power_of_steps` of the same frames.

    Returns:
        float32 `(n_frames,)`.
    """
    # No matrix product, because BLAS would wake all of its threads for it.
    mid: NDArray[np.float32]
    if frames.shape[1] > 1:
        mid = frames[:, 0] + frames[:, 1]
        mid *= np.float32(0.5)
    else:
        mid = frames[:, 0].copy()  # the caller reuses its buffer
    if np.einsum("i,i->", mid, mid) / len(mid) < CANCELLED_POWER * power.mean():
        return np.ascontiguousarray(frames[:, 0])
    return mid


def resampled(samples: NDArray[np.float32], old_rate: int, new_rate: int) -> NDArray[np.float32]:
    """Resample one channel with soxr's high quality.

    Args:
        samples: float32 `(n_samples,)`, full scale ±1.
        old_rate: Sample rate of `samples` in Hz, > 0.
        new_rate: Sample rate of the result in Hz, > 0.

    Returns:
        float32 `(n_samples * new_rate / old_rate,)`, full scale ±1; `samples` itself if the rates are equal.
    """
    if old_rate == new_rate:
        return samples
    changed: NDArray[np.float32] = soxr.resample(samples, old_rate, new_rate)
    return changed

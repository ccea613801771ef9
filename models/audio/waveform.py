"""What decoding does to the frames of one window: check them, measure their power, mix and resample them."""

import numpy as np
import soxr
from numpy.typing import NDArray

from models.errors import UnreadableAudio

STEPS_A_SECOND = 10  # of which loudness makes its blocks
MAX_PEAK = 100.0  # +40 dBFS: float files may pass full scale a little; beyond this they are damaged
CANCELLED_POWER = 5e-4  # mid 33 dB below both channels together: they are one signal with opposite signs


def check_samples(frames: NDArray[np.float32]) -> None:
    """Refuse what no recording holds.

    Args:
        frames: `(n_frames, n_channels)`, nominally in −1…1.

    Raises:
        UnreadableAudio: A sample is not a number, or far beyond full scale.
    """
    peak = float(max(frames.max(), -frames.min()))  # NaN and infinity survive max()
    if not np.isfinite(peak):
        raise UnreadableAudio("Samples that are not numbers (NaN or infinite): the file is damaged")
    if peak > MAX_PEAK:
        raise UnreadableAudio(f"Samples {peak:.3g} times above full scale: the file is damaged")


def power_of_steps(frames: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Measure the mean square of each whole step of 100 ms, summed over channels.

    Args:
        frames: `(n_frames, n_channels)`, finite, C-contiguous.
        sample_rate: Hz.

    Returns:
        `(n_steps,)`, full scale 1 a channel.
    """
    length = sample_rate // STEPS_A_SECOND
    n_steps = len(frames) // length
    steps = frames[: n_steps * length].reshape(n_steps, -1)  # (n_steps, length * n_channels)
    power: NDArray[np.float32] = np.vecdot(steps, steps) / np.float32(length)
    return power


def mono(frames: NDArray[np.float32], power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix to mono; the left channel alone where left and right would cancel.

    Args:
        frames: `(n_frames, n_channels)` with one or two channels.
        power: Of the same frames, as `power_of_steps` measures it.

    Returns:
        `(n_frames,)`.
    """
    # No matrix product: a BLAS with threads of its own would wake them all for so little.
    mid: NDArray[np.float32] = frames[:, 0].copy()  # the caller uses its buffer again
    if frames.shape[1] > 1:
        mid += frames[:, 1]
        mid *= np.float32(0.5)
    if np.einsum("i,i->", mid, mid) / len(mid) < CANCELLED_POWER * power.mean():
        return np.ascontiguousarray(frames[:, 0])
    return mid


def resampled(samples: NDArray[np.float32], old_rate: int, new_rate: int) -> NDArray[np.float32]:
    """Resample `(n_samples,)` from one rate in Hz to another."""
    if old_rate == new_rate:
        return samples
    changed: NDArray[np.float32] = soxr.resample(samples, old_rate, new_rate)
    return changed

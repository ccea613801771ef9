"""What the encoder must beat: chance, loudness alone, and the mean and deviation of MFCCs."""

from collections.abc import Sequence

import librosa
import numpy as np
import numpy.typing as npt

from models.decode import SAMPLE_RATE

MFCC_COEFFICIENTS = 30
_SMALLEST_POWER = 1e-10

Windows = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]


def loudness(windows: Windows) -> FloatArray:
    """RMS level of (n_windows, n_samples) in dBFS, as a vector of length 1."""
    power = float(np.mean(np.square(windows, dtype=np.float64)))
    return np.array([10.0 * np.log10(max(power, _SMALLEST_POWER))])


def mfcc(windows: Windows) -> FloatArray:
    """Mean and standard deviation over time of 30 MFCCs of (n_windows, n_samples): (60,)."""
    coefficients = librosa.feature.mfcc(y=windows, sr=SAMPLE_RATE, n_mfcc=MFCC_COEFFICIENTS)
    frames = np.concatenate(list(coefficients), axis=1, dtype=np.float64)  # (30, frames of all windows)
    return np.concatenate([frames.mean(axis=1), frames.std(axis=1)])


def nearness(queries: Sequence[FloatArray], database: Sequence[FloatArray]) -> FloatArray:
    """Negative Euclidean distance of each query to each entry, (n, n), on standardised dimensions.

    Means and deviations are those of the database judged on: more than a service would know, in the
    baselines' favour.
    """
    entries = np.stack(database)
    mean, deviation = entries.mean(axis=0), entries.std(axis=0)
    scaled = (entries - mean) / deviation
    asked = (np.stack(queries) - mean) / deviation
    negative: FloatArray = -np.linalg.norm(asked[:, None] - scaled[None], axis=2)
    return negative


def cosine(queries: Sequence[FloatArray], database: Sequence[FloatArray]) -> FloatArray:
    """Cosine of each query to each entry, (n, n), after standardising as in `nearness`."""
    entries = np.stack(database)
    mean, deviation = entries.mean(axis=0), entries.std(axis=0)
    cosines: FloatArray = _unit((np.stack(queries) - mean) / deviation) @ _unit((entries - mean) / deviation).T
    return cosines


def _unit(vectors: FloatArray) -> FloatArray:
    scaled: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled

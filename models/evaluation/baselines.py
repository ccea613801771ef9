"""What the encoder must beat: chance, loudness alone, and the mean and deviation of MFCCs."""

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


def nearness(queries: FloatArray, database: FloatArray) -> FloatArray:
    """Negative Euclidean distance of (n, d) queries to (m, d) entries, (n, m), on standardised dimensions.

    Means and deviations are those of the database judged on: more than a service would know, in the
    baselines' favour. A dimension that never changes there says nothing and is left as it is.
    """
    asked, entries = _standardised(queries, database)
    negative: FloatArray = -np.linalg.norm(asked[:, None] - entries[None], axis=2)
    return negative


def cosine(queries: FloatArray, database: FloatArray) -> FloatArray:
    """Cosine of (n, d) queries to (m, d) entries, (n, m), after standardising as in `nearness`."""
    asked, entries = _standardised(queries, database)
    cosines: FloatArray = _unit(asked) @ _unit(entries).T
    return cosines


def _standardised(queries: FloatArray, database: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean, deviation = database.mean(axis=0), database.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return (queries - mean) / scale, (database - mean) / scale


def _unit(vectors: FloatArray) -> FloatArray:
    scaled: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled

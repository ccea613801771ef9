"""Baselines: loudness, MFCC, and the programs bliss-audio and musly if their wheels are installed.

bliss-audio and musly are not dependencies of Segue. Every baseline gets the same windows as the encoders; bliss-audio
and musly get them concatenated.
"""

import importlib
import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from models.arrays import Float32Array, Float64Array, unit_rows
from models.audio.decode import SAMPLE_RATE

MFCC_COEFFICIENTS = 30

_SMALLEST_POWER = 1e-10
_MUSLY_RATE = 22_050  # Hz: the rate of musly's filters
_MUSLY_METHOD = "timbre"  # the better of its two measures, according to its documentation


def loudness(samples: Float32Array) -> Float64Array:
    """Compute the RMS level of windows.

    Args:
        samples: (n_windows, n_samples), nominally −1…1.

    Returns:
        (1,) dB relative to full scale, at least −100.
    """
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return np.array([10.0 * np.log10(max(power, _SMALLEST_POWER))])


def mfcc(samples: Float32Array) -> Float64Array:
    """Compute mean and standard deviation over time of 30 MFCCs.

    Args:
        samples: (n_windows, n_samples) at 16 kHz.

    Returns:
        (60,): the means, then the standard deviations.
    """
    coefficients = librosa.feature.mfcc(y=samples, sr=SAMPLE_RATE, n_mfcc=MFCC_COEFFICIENTS)
    frames = np.concatenate(list(coefficients), axis=1, dtype=np.float64)  # (30, frames of all windows)
    return np.concatenate([frames.mean(axis=1), frames.std(axis=1)])


def standardised_nearness(queries: Float64Array, database: Float64Array) -> Float64Array:
    """Compute the negative Euclidean distance on standardised dimensions.

    Means and standard deviations are those of the evaluated database. A service would not know them, so this favours
    the baselines. A constant dimension is only centred.

    Args:
        queries: (n, d).
        database: (m, d).

    Returns:
        (n, m) ≤ 0.
    """
    first, second = _standardised(queries, database)
    negative: Float64Array = -np.linalg.norm(first[:, None] - second[None], axis=2)
    return negative


def standardised_cosine(queries: Float64Array, database: Float64Array) -> Float64Array:
    """Compute the cosine similarity (n, m) on standardised dimensions; see `standardised_nearness`."""
    first, second = _standardised(queries, database)
    cosines: Float64Array = unit_rows(first) @ unit_rows(second).T
    return cosines


def _standardised(queries: Float64Array, database: Float64Array) -> tuple[Float64Array, Float64Array]:
    mean, deviation = database.mean(axis=0), database.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return (queries - mean) / scale, (database - mean) / scale


def installed(module: str) -> bool:
    """Return whether the module `bliss_audio` or `pymusly` is installed."""
    return importlib.util.find_spec(module) is not None


def bliss(samples: Float32Array) -> Float64Array:
    """Compute bliss-audio's features.

    Args:
        samples: (n_windows, n_samples) at 16 kHz.

    Returns:
        (23,), each −1…1.
    """
    song: Any = importlib.import_module("bliss_audio").Song
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "windows.wav"
        soundfile.write(file, samples.ravel(), SAMPLE_RATE, "PCM_16")
        return np.array(song(str(file)).analysis, dtype=np.float64)


def euclidean(queries: Float64Array, database: Float64Array) -> Float64Array:
    """Compute the negative Euclidean distance, which is bliss-audio's measure: (n, d), (m, d) → (n, m)."""
    distances: Float64Array = np.linalg.norm(queries[:, None] - database[None], axis=2)
    return -distances


def musly_model(samples: Float32Array) -> NDArray[np.uint8]:
    """Compute musly's timbre model.

    Args:
        samples: (n_windows, n_samples) at 16 kHz.

    Returns:
        The serialised model.
    """
    jukebox = _jukebox()
    audio = soxr.resample(samples.ravel(), SAMPLE_RATE, _MUSLY_RATE)
    return np.frombuffer(jukebox.serialize_track(jukebox.track_from_audiodata(audio)), dtype=np.uint8)


def musly_similarity(queries: Sequence[NDArray[np.uint8]], database: Sequence[NDArray[np.uint8]]) -> Float64Array:
    """Compute the negative musly distance, normalised by the database as musly's documentation recommends.

    Args:
        queries: n serialised models.
        database: m serialised models.

    Returns:
        (n, m).
    """
    jukebox = _jukebox()
    models = [jukebox.deserialize_track(model.tobytes()) for model in (*database, *queries)]
    entries = list(enumerate(models[: len(database)]))
    query_entries = list(enumerate(models[len(database) :], start=len(database)))
    jukebox.set_style([model for _, model in entries])
    jukebox.add_tracks(entries + query_entries)
    return -np.array([jukebox.compute_similarity(query, entries) for query in query_entries], dtype=np.float64)


def _jukebox() -> Any:  # noqa: ANN401  the wheel ships no types
    return importlib.import_module("pymusly").MuslyJukebox(_MUSLY_METHOD)

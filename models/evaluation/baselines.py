"""Other programs that tell similar music, where their wheels are installed: bliss-audio and musly.

Benchmarks only: neither is a dependency, nothing else imports them, and without their wheels they are left out. Both
hear the same windows as every other representation, one behind the other.
"""

import importlib
import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from models.audio.decode import SAMPLE_RATE

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


_MUSLY_RATE = 22_050  # Hz: what its filters are made for
_MUSLY_METHOD = "timbre"  # the better of its two measures, says its documentation

Samples = npt.NDArray[np.float32]


def installed(module: str) -> bool:
    """Whether a rival's wheel is installed: `bliss_audio` or `pymusly`."""
    return importlib.util.find_spec(module) is not None


def bliss(samples: Samples) -> FloatArray:
    """bliss-audio's 23 features of windows (n_windows, n_samples) at 16 kHz, each −1…1."""
    song: Any = importlib.import_module("bliss_audio").Song
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "windows.wav"
        soundfile.write(file, samples.ravel(), SAMPLE_RATE, "PCM_16")
        return np.array(song(str(file)).analysis, dtype=np.float64)


def euclidean(queries: FloatArray, database: FloatArray) -> FloatArray:
    """Negative Euclidean distance, bliss-audio's own measure: (n, d), (m, d) → (n, m)."""
    distances: FloatArray = np.linalg.norm(queries[:, None] - database[None], axis=2)
    return -distances


def musly_model(samples: Samples) -> npt.NDArray[np.uint8]:
    """The model that musly makes of the timbre of windows (n_windows, n_samples) at 16 kHz, serialised."""
    jukebox = _jukebox()
    audio = soxr.resample(samples.ravel(), SAMPLE_RATE, _MUSLY_RATE)
    return np.frombuffer(jukebox.serialize_track(jukebox.track_from_audiodata(audio)), dtype=np.uint8)


def musly_similarity(queries: Sequence[npt.NDArray[np.uint8]], database: Sequence[npt.NDArray[np.uint8]]) -> FloatArray:
    """Negative musly distance of n models to m models, (n, m), normalised by the database as musly asks for."""
    jukebox = _jukebox()
    models = [jukebox.deserialize_track(model.tobytes()) for model in (*database, *queries)]
    entries = list(enumerate(models[: len(database)]))
    asked = list(enumerate(models[len(database) :], start=len(database)))
    jukebox.set_style([model for _, model in entries])
    jukebox.add_tracks(entries + asked)
    return -np.array([jukebox.compute_similarity(query, entries) for query in asked], dtype=np.float64)


def _jukebox() -> Any:  # noqa: ANN401  the wheel ships no types
    return importlib.import_module("pymusly").MuslyJukebox(_MUSLY_METHOD)

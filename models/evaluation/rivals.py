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

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from models.decode import SAMPLE_RATE

_MUSLY_RATE = 22_050  # Hz: what its filters are made for
_MUSLY_METHOD = "timbre"  # the better of its two measures, says its documentation

FloatArray = npt.NDArray[np.float64]
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

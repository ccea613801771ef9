"""Synthesised sounds with known properties, and files of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from models.audio.decode import SAMPLE_RATE, Windows
from models.audio.frontend import LogMel, MelParameters, normalise_loudness
from models.audio.waveform import power_of_steps
from models.descriptors.describe import Descriptors, describe
from models.training.examples import Examples

RATE = 44_100

WriteSound = Callable[..., Path]


@pytest.fixture
def write_sound(tmp_path) -> WriteSound:
    """Write samples to a file in the test's folder; the suffix of the name decides the format."""

    def write(name: str, samples: NDArray[np.float32], sample_rate: int = RATE, subtype: str | None = None) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind, codec = {".opus": ("OGG", "OPUS")}.get(path.suffix, (path.suffix[1:].upper(), subtype))
        frames = samples if samples.ndim > 1 else samples[:, np.newaxis]
        with soundfile.SoundFile(path, "w", sample_rate, frames.shape[1], codec, format=kind) as file:
            for start in range(0, len(frames), sample_rate):
                file.write(frames[start : start + sample_rate])
        return path

    return write


@pytest.fixture
def sine() -> Callable[..., NDArray[np.float32]]:
    """Make a sine of a frequency in Hz, duration in seconds, peak amplitude and sample rate in Hz."""

    def make(frequency: float, seconds: float, amplitude: float = 0.5, sample_rate: int = RATE) -> NDArray[np.float32]:
        time = np.arange(round(seconds * sample_rate)) / sample_rate
        return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)

    return make


@pytest.fixture
def noise() -> Callable[..., NDArray[np.float32]]:
    """White noise of RMS 0.1, `(n_frames, channels)`."""

    def make(seconds: float, channels: int = 2, sample_rate: int = RATE) -> NDArray[np.float32]:
        shape = (round(seconds * sample_rate), channels)
        return np.random.default_rng(7).normal(0, 0.1, shape).astype(np.float32)

    return make


@pytest.fixture
def one_window() -> Callable[[NDArray[np.float32]], Windows]:
    """Wrap mono samples at 16 kHz as the windows of a track."""

    def make(samples: NDArray[np.float32]) -> Windows:
        return Windows(
            samples=samples[np.newaxis],
            sample_rate=SAMPLE_RATE,
            duration=samples.size / SAMPLE_RATE,
            starts=(0.0,),
            power=power_of_steps(samples[:, np.newaxis], SAMPLE_RATE)[np.newaxis],
        )

    return make


@pytest.fixture(scope="session")
def described() -> Callable[[Windows], Descriptors]:
    """Compute the descriptors of windows from the log-mel of the encoder."""
    parameters = MelParameters()
    log_mel = LogMel(parameters)

    def of(windows: Windows) -> Descriptors:
        samples = normalise_loudness(torch.from_numpy(windows.samples), parameters.target_dbfs)
        return describe(windows, log_mel(samples).numpy())

    return of


@pytest.fixture(scope="session")
def make_examples() -> Callable[..., Examples]:
    """Make random training examples from a seed and a number of windows."""

    def make(seed: int, n: int = 4) -> Examples:
        random = np.random.default_rng(seed)
        return Examples(
            log_mel=(random.gamma(2.0, 0.5, (n, 200, 96)) * random.uniform(0.5, 2, 96)).astype(np.float16),
            penultimate=random.normal(size=(n, 400)).astype(np.float16),
            tags=random.uniform(0.01, 0.99, (n, 100)).astype(np.float16),
        )

    return make

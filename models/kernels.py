"""Compiling librosa's numba kernels once an installation, by one process at a time.

numba keeps what it compiled beside librosa. Two processes that fill an empty cache at once leave an index that names
the wrong code, and every later process dies of SIGSEGV.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import librosa
import numpy as np

from models.decode import SAMPLE_RATE, Windows
from models.descriptors import describe

NOISE_SECONDS = 5.0


def compile_kernels() -> None:
    """Compile, or load from numba's cache, every kernel that describing a track needs."""
    noise = np.random.default_rng(0).normal(0, 0.1, (1, round(NOISE_SECONDS * SAMPLE_RATE))).astype(np.float32)
    with _alone():
        describe(Windows(noise, SAMPLE_RATE, NOISE_SECONDS, noise[:, np.newaxis], SAMPLE_RATE))


@contextmanager
def _alone() -> Iterator[None]:
    with Path(librosa.__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

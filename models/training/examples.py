"""Training examples on disk: log-mel windows with the teachers' features and tags.

Clean windows come from recordings and from rendered scores. *Mixes* add variety: two windows of different tracks, each
stretched in time and shifted in pitch, are added in power, and the teachers label the result. So the student also
learns from music that the corpus does not contain.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.arrays import Float16Array, Float64Array, read_arrays, write_arrays
from models.audio.decode import SAMPLE_RATE, read_windows
from models.audio.frontend import normalise_loudness
from models.audio.placement import WINDOW_SECONDS
from models.errors import AnalysisError
from models.teachers.musicnn import Teachers
from models.training.augmentation import Augmentation

WINDOWS_PER_TRACK = 24  # 4 minutes: an hour-long track must not outweigh the others
MIXES_PER_SHARD = 64

_TEMPO = 0.3  # of a mixed window, at most a factor e^±0.3
_SEMITONES = 4.0
_SHIFTED = 0.6  # share of windows whose pitch is shifted
_ALONE = 0.35  # share of "mixes" that are one window, stretched and shifted
_LOWEST_LEVEL = 12.0  # dB of the second window below the first


@dataclass(frozen=True, slots=True)
class Examples:
    """Windows of one track, or one shard of mixes.

    Attributes:
        log_mel: (n, n_frames, n_mels) float16.
        penultimate: (n, 400) float16, features of both teachers, means over patches.
        tags: (n, 100) float16, probabilities 0…1.
    """

    log_mel: Float16Array
    penultimate: Float16Array
    tags: Float16Array

    @classmethod
    def labelled(cls, log_mel: Tensor, teachers: Teachers) -> "Examples":
        """Label log-mel windows (n, n_frames, n_mels) with the teachers' outputs."""
        penultimate, tags = teachers.encode_log_mel(log_mel)
        return cls(*[value.numpy().astype(np.float16) for value in (log_mel, penultimate, tags)])

    @classmethod
    def read(cls, file: Path) -> "Examples":
        """Read a file that `write` wrote."""
        return cls(**read_arrays(file))

    def write(self, file: Path) -> None:
        """Write an `.npz` file; an interrupted call leaves no half file."""
        write_arrays(file, {"log_mel": self.log_mel, "penultimate": self.penultimate, "tags": self.tags})


@dataclass(frozen=True, slots=True)
class Source:
    """A recording or rendered score to make examples of.

    Attributes:
        audio: Audio file.
        examples: The `.npz` file of its examples.
        windows: Maximum number of windows.
    """

    audio: Path
    examples: Path
    windows: int = WINDOWS_PER_TRACK


def make_track_examples(
    sources: Iterable[Source], teachers: Teachers, on_skip: Callable[[Path, AnalysisError], None]
) -> list[Path]:
    """Label the windows of each recording, unless its file of examples exists.

    Args:
        sources: Recordings; one shorter than a window of 10 s is omitted.
        teachers: The networks that label the windows.
        on_skip: Called for a file that `models.audio.decode` refuses, which is omitted.

    Returns:
        The files of examples, in the order of the sources.
    """
    files = []
    for source in sources:
        if not source.examples.exists():
            try:
                windows = read_windows(source.audio, source.windows).samples
            except AnalysisError as error:
                on_skip(source.audio, error)
                continue
            if windows.shape[1] < WINDOW_SECONDS * SAMPLE_RATE:
                continue
            with torch.inference_mode():
                level = teachers.mel.target_dbfs
                log_mel = teachers.log_mel(normalise_loudness(torch.from_numpy(windows), level))
            Examples.labelled(log_mel, teachers).write(source.examples)
        files.append(source.examples)
    return files


def make_mix_examples(
    clean: Sequence[Path], teachers: Teachers, directory: Path, shards: int, on_progress: Callable[[int, int], None]
) -> list[Path]:
    """Make and label shards of mixes, unless their files exist.

    Args:
        clean: Files of clean examples, one per track, in one folder per package.
        teachers: The networks that label the mixes.
        directory: Directory of the shards.
        shards: Number of shards, of 64 windows each.
        on_progress: Called with (finished, total) after each shard.

    Returns:
        The files of the shards.
    """
    files = [directory / f"{shard:04d}.npz" for shard in range(shards)]
    missing = [(shard, file) for shard, file in enumerate(files) if not file.exists()]
    if missing:
        windows = [Examples.read(file).log_mel for file in clean]
        packages = [file.parent.name for file in clean]
        weights = np.array([1.0 / np.sqrt(packages.count(package)) for package in packages])
    for shard, file in missing:
        log_mel = _mix(windows, weights / weights.sum(), teachers, seed=shard)
        Examples.labelled(log_mel, teachers).write(file)
        on_progress(shard + 1, shards)
    return files


def _mix(windows: Sequence[Float16Array], chances: Float64Array, teachers: Teachers, seed: int) -> Tensor:
    """(64, n_frames, n_mels), rounded to float16 as stored, so that teachers and student get the same input."""
    random, augmentation = np.random.default_rng([7, seed]), Augmentation(teachers.mel, seed)

    def drawn() -> Tensor:
        tracks = random.choice(len(windows), MIXES_PER_SHARD, p=chances)
        chosen = np.stack([windows[track][random.integers(len(windows[track]))] for track in tracks])
        tempo = torch.exp(augmentation.uniform(MIXES_PER_SHARD, -_TEMPO, _TEMPO))
        shift = augmentation.uniform(MIXES_PER_SHARD, -_SEMITONES, _SEMITONES)
        shift = shift * (augmentation.uniform(MIXES_PER_SHARD, 0.0, 1.0) < _SHIFTED)
        return augmentation.warped(torch.from_numpy(chosen.astype(np.float32)), tempo, shift)

    alone = augmentation.uniform(MIXES_PER_SHARD, 0.0, 1.0) < _ALONE
    level = torch.where(alone, torch.inf, augmentation.uniform(MIXES_PER_SHARD, 0.0, _LOWEST_LEVEL))
    return augmentation.mixed(drawn(), drawn(), level).half().float()

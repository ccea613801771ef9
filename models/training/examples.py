"""What the student learns from: log-mel windows beside what the teachers hear in them, kept on disk.

Clean windows come from recordings and from rendered scores. *Mixes* widen them: two windows of different tracks, each
stretched in time and shifted in pitch, are added in power, and the teachers listen to the result. A mix is music that
nobody recorded, heard by teachers that know a thousand times more music than the corpus holds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.audio.decode import SAMPLE_RATE, WINDOW_SECONDS, read_windows
from models.errors import AnalysisError
from models.frontend import normalise_loudness
from models.teachers.musicnn import Teachers
from models.training.augmentation import Augmentation

WINDOWS_A_TRACK = 24  # 4 minutes: of a track of an hour, more would crowd out the others
MIXES_A_SHARD = 64

_TEMPO = 0.3  # of a mixed window, at most a factor e^±0.3
_SEMITONES = 4.0
_SHIFTED = 0.6  # share of windows whose pitch is shifted
_ALONE = 0.35  # share of "mixes" that are one window, only stretched and shifted
_LOWEST_LEVEL = 12.0  # dB of the second window below the first

HalfArray = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Examples:
    """Windows of one track, or one shard of mixes.

    Attributes:
        log_mel: (n, n_frames, n_mels) float16.
        penultimate: (n, 400) float16, of both teachers, means over patches.
        tags: (n, 100) float16, 0…1.
    """

    log_mel: HalfArray
    penultimate: HalfArray
    tags: HalfArray

    @classmethod
    def heard(cls, log_mel: Tensor, teachers: Teachers) -> "Examples":
        """Let the teachers hear windows (n, n_frames, n_mels)."""
        penultimate, tags = teachers.hear(log_mel)
        return cls(*[value.numpy().astype(np.float16) for value in (log_mel, penultimate, tags)])

    @classmethod
    def read(cls, file: Path) -> "Examples":
        """Read what `write` wrote."""
        with np.load(file) as arrays:
            return cls(arrays["log_mel"], arrays["penultimate"], arrays["tags"])

    def write(self, file: Path) -> None:
        """Write to disk, all or nothing."""
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        with partial.open("wb") as stream:
            np.savez(stream, log_mel=self.log_mel, penultimate=self.penultimate, tags=self.tags)
        partial.rename(file)


@dataclass(frozen=True, slots=True)
class Source:
    """A recording to learn from.

    Attributes:
        file: Audio.
        kept: Where its examples are kept.
        windows: To hear of it, at most.
    """

    file: Path
    kept: Path
    windows: int = WINDOWS_A_TRACK


def hear_tracks(
    sources: Iterable[Source], teachers: Teachers, on_skip: Callable[[Path, AnalysisError], None]
) -> list[Path]:
    """Hear each recording, unless an earlier run did.

    Args:
        sources: Recordings; one shorter than a window of 10 s is left out.
        teachers: Who hears them.
        on_skip: Called for a file that `models.audio.decode` refuses, which is left out.

    Returns:
        The files of examples, in the order of the sources.
    """
    files = []
    for source in sources:
        if not source.kept.exists():
            try:
                windows = read_windows(source.file, source.windows).samples
            except AnalysisError as error:
                on_skip(source.file, error)
                continue
            if windows.shape[1] < WINDOW_SECONDS * SAMPLE_RATE:
                continue
            with torch.inference_mode():
                level = teachers.mel.target_dbfs
                log_mel = teachers.log_mel(normalise_loudness(torch.from_numpy(windows), level))
            Examples.heard(log_mel, teachers).write(source.kept)
        files.append(source.kept)
    return files


def hear_mixes(
    clean: Sequence[Path], teachers: Teachers, directory: Path, shards: int, on_progress: Callable[[int, int], None]
) -> list[Path]:
    """Make and hear shards of mixes, unless an earlier run did.

    Args:
        clean: Files of clean examples, one a track, in a folder a package.
        teachers: Who hears the mixes.
        directory: Where the shards are kept.
        shards: How many, of 64 windows each.
        on_progress: Called with the shards done and wanted.

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
        Examples.heard(log_mel, teachers).write(file)
        on_progress(shard + 1, shards)
    return files


def _mix(windows: Sequence[HalfArray], chances: npt.NDArray[np.float64], teachers: Teachers, seed: int) -> Tensor:
    """(64, n_frames, n_mels), rounded as they will be stored, so that the teachers hear what the student will."""
    random, augmentation = np.random.default_rng([7, seed]), Augmentation(teachers.mel, seed)

    def drawn() -> Tensor:
        tracks = random.choice(len(windows), MIXES_A_SHARD, p=chances)
        chosen = np.stack([windows[track][random.integers(len(windows[track]))] for track in tracks])
        tempo = torch.exp(augmentation.uniform(MIXES_A_SHARD, -_TEMPO, _TEMPO))
        shift = augmentation.uniform(MIXES_A_SHARD, -_SEMITONES, _SEMITONES)
        shift = shift * (augmentation.uniform(MIXES_A_SHARD, 0.0, 1.0) < _SHIFTED)
        return augmentation.warped(torch.from_numpy(chosen.astype(np.float32)), tempo, shift)

    alone = augmentation.uniform(MIXES_A_SHARD, 0.0, 1.0) < _ALONE
    level = torch.where(alone, torch.inf, augmentation.uniform(MIXES_A_SHARD, 0.0, _LOWEST_LEVEL))
    return augmentation.mixed(drawn(), drawn(), level).half().float()

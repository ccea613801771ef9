"""Batches: pairs of clean windows of one track, and mixes."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.training.examples import Examples
from models.training.space import Targets, VibeSpace

# A package of 44 tracks may teach more than one of 3, but not 15 times as much.
_PACKAGE_DAMPING = 0.35

HalfArray = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows to learn from in one step.

    Attributes:
        log_mel: (n, n_frames, n_mels).
        targets: Of the n windows.
        tracks: (k,): rows 2 i and 2 i + 1 are windows of track `tracks[i]`; rows from 2 k on are mixes.
    """

    log_mel: HalfArray
    targets: Targets
    tracks: npt.NDArray[np.int64]


class Dataset:
    """All examples in memory (about 2 GB) with their targets.

    Args:
        clean: Windows of each track.
        packages: Of the tracks, for balance.
        mixes: Shards of mixes and windows of rendered scores.
        space: Says the targets.
        batch_size: Windows; half of them clean.
    """

    def __init__(
        self,
        clean: Sequence[Examples],
        packages: Sequence[str],
        mixes: Sequence[Examples],
        space: VibeSpace,
        batch_size: int = 64,
    ) -> None:
        self._clean = [track.log_mel for track in clean]
        self._clean_targets = [space.targets(track) for track in clean]
        self._mixes = [shard.log_mel for shard in mixes]
        self._mix_targets = [space.targets(shard) for shard in mixes]
        self._pairs = batch_size // 4
        sizes = Counter(packages)
        weights = [math.sqrt(len(x)) / sizes[p] ** _PACKAGE_DAMPING for x, p in zip(self._clean, packages, strict=True)]
        self._chances = np.array(weights) / sum(weights)
        shard_sizes = np.array([len(log_mel) for log_mel in self._mixes])
        self._mix_chances = shard_sizes / shard_sizes.sum()

    def draw(self, random: np.random.Generator) -> Batch:
        """Draw a batch."""
        tracks = random.choice(len(self._clean), self._pairs, p=self._chances)
        chosen = [(self._clean[track], self._clean_targets[track]) for track in np.repeat(tracks, 2)]
        shards = random.choice(len(self._mixes), 2 * self._pairs, p=self._mix_chances)
        chosen += [(self._mixes[shard], self._mix_targets[shard]) for shard in shards]
        places = [int(random.integers(len(windows))) for windows, _ in chosen]
        return Batch(
            log_mel=np.stack([windows[place] for (windows, _), place in zip(chosen, places, strict=True)]),
            targets=Targets.concatenated(
                [targets.at(np.array([place])) for (_, targets), place in zip(chosen, places, strict=True)]
            ),
            tracks=tracks,
        )


def read_all(directory: Path) -> tuple[list[Examples], list[str]]:
    """Read every file of examples below a directory, in order, and the name of the folder each lies in."""
    files = sorted(directory.glob("*/*.npz"))
    return [Examples.read(file) for file in files], [file.parent.name for file in files]

"""Teacher features of the corpus, kept on disk so that an interrupted run resumes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from models.decode import read_windows
from models.encoder import VibeEncoder
from models.errors import AnalysisError
from models.training.corpus import CorpusTrack

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrackFeatures:
    """What the towers say of one track's windows.

    Attributes:
        track: Of the corpus.
        penultimate: (n_windows, 400).
        tags: (n_windows, 100), 0…1.
    """

    track: CorpusTrack
    penultimate: FloatArray
    tags: FloatArray


def extract(
    tracks: Iterable[CorpusTrack],
    encoder: VibeEncoder,
    cache_dir: Path,
    on_skip: Callable[[CorpusTrack, AnalysisError], None],
) -> Iterator[TrackFeatures]:
    """Decode and hear each track, or read what an earlier run heard.

    Args:
        tracks: What to hear.
        encoder: Whose towers hear it.
        cache_dir: One file a track; it must belong to these towers and mel parameters alone. Delete it
            when windows are chosen, cut or heard differently.
        on_skip: Called for a track that `models.decode` refuses, which is then left out.

    Yields:
        Features in the order of the tracks.
    """
    for track in tracks:
        kept = cache_dir / track.package / f"{track.path.parent.name}-{track.path.name}.npz"
        if not kept.exists():
            try:
                windows = read_windows(track.path).samples
            except AnalysisError as error:
                on_skip(track, error)
                continue
            penultimate, tags = encoder.features(torch.from_numpy(windows))
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(".partial")
            with partial.open("wb") as stream:
                np.savez(stream, penultimate=penultimate.numpy(), tags=tags.numpy())
            partial.rename(kept)
        with np.load(kept) as arrays:
            yield TrackFeatures(track, arrays["penultimate"], arrays["tags"])

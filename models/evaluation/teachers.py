"""The teachers as judges and as a rival: all that the evaluation knows of them is here.

Their features are kept in `CACHE/evaluation-teachers`: 0.16 s a window on a core, so a second run is quick. The
directory belongs to one loudness and one way of cutting windows; delete it when either changes.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from models.audio.decode import read_windows
from models.corpus.corpus import CorpusTrack, fetch, packages
from models.errors import AnalysisError
from models.evaluation.store import Arrays, kept, track_file
from models.frontend import MelParameters
from models.teachers.teachers import build
from models.training.space import half_whitening

_AXES = 128

FloatArray = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]


class Teachers:
    """musicnn's two networks, and the half-whitening of their features fitted on the `[train]` packages.

    Args:
        cache_dir: The corpus's cache.
    """

    def __init__(self, cache_dir: Path) -> None:
        mel = MelParameters()
        self._towers = build(cache_dir / "musicnn", mel)
        self._kept_in = cache_dir / "evaluation-teachers"
        self._train_kept_in = cache_dir / f"features-musicnn-{mel.target_dbfs:g}dBFS"
        self.tag_names = list(self._towers.tag_names)
        centre, projection = half_whitening(self._train_features(fetch(packages("train"), cache_dir)), _AXES)
        self._centre, self._projection = centre.astype(np.float64), projection.astype(np.float64)

    def hear(self, key: Path, samples: Callable[[], Samples]) -> Arrays:
        """Hear a track, or read what an earlier run heard.

        Args:
            key: Relative name of what is heard, without a suffix.
            samples: Gives windows (n_windows, n_samples) at 16 kHz.

        Returns:
            `penultimate` (400,), the first network's 200 first, and `tags` (100,), means over the windows.
        """

        def means() -> Arrays:
            return {name: values.mean(axis=0) for name, values in self._heard(samples()).items()}

        return kept(self._kept_in / key.with_name(f"{key.name}.npz"), means)

    def half_whitened(self, penultimate: FloatArray) -> FloatArray:
        """(n, 400) features → (n, 128) unit vectors in the space that the student is to learn."""
        projected = (penultimate - self._centre) @ self._projection
        unit: FloatArray = projected / np.linalg.norm(projected, axis=1, keepdims=True)
        return unit

    def _heard(self, samples: Samples) -> Arrays:
        penultimate, tags = self._towers.features(torch.from_numpy(samples))
        return {"penultimate": penultimate.numpy(), "tags": tags.numpy()}

    def _train_features(self, tracks: Sequence[CorpusTrack]) -> Samples:
        """(n_windows, 400) of all tracks that can be decoded."""
        heard = []
        for track in tracks:
            try:
                stored = kept(track_file(self._train_kept_in, track), lambda: self._heard(_samples(track)))  # noqa: B023  called at once
            except AnalysisError as error:
                sys.stderr.write(f"{track.path}: {error}\n")
                continue
            heard.append(stored["penultimate"])
        return np.concatenate(heard)


def _samples(track: CorpusTrack) -> Samples:
    return read_windows(track.path).samples

"""The teachers as judges and as a rival: all that the evaluation knows of them is here.

Their features are kept in `CACHE/evaluation-teachers`: 0.16 s a window on a core, so a second run is quick. The
directory belongs to one loudness and one way of cutting windows; delete it when either changes.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from models.evaluation.store import Arrays, kept
from models.frontend import MelParameters
from models.training.corpus import CorpusTrack, fetch, packages
from models.training.features import extract
from models.training.teachers import build_towers, features_directory, half_whitening

FloatArray = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]


class Teachers:
    """musicnn's two networks, and the half-whitening of their features fitted on the `[train]` packages.

    Args:
        cache_dir: The corpus's cache.
    """

    def __init__(self, cache_dir: Path) -> None:
        mel = MelParameters()
        self._towers = build_towers(cache_dir / "musicnn", mel)
        self._kept_in = cache_dir / "evaluation-teachers"
        self.tag_names = list(self._towers.tag_names)
        tracks = fetch(packages("train"), cache_dir)
        heard = extract(tracks, self._towers, features_directory(cache_dir, mel), _say)
        centre, projection = half_whitening(np.concatenate([features.penultimate for features in heard]))
        self._centre, self._projection = centre.astype(np.float64), projection.astype(np.float64)

    def hear(self, key: Path, samples: Callable[[], Samples]) -> Arrays:
        """Hear a track, or read what an earlier run heard.

        Args:
            key: Relative name of what is heard, without a suffix.
            samples: Gives windows (n_windows, n_samples) at 16 kHz.

        Returns:
            `penultimate` (400,), the first network's 200 first, and `tags` (100,), means over the windows.
        """

        def heard() -> Arrays:
            penultimate, tags = self._towers.features(torch.from_numpy(samples()))
            return {"penultimate": penultimate.mean(0).numpy(), "tags": tags.mean(0).numpy()}

        return kept(self._kept_in / key.with_name(f"{key.name}.npz"), heard)

    def half_whitened(self, penultimate: FloatArray) -> FloatArray:
        """(n, 400) features → (n, 128) unit vectors in the space that the student is to learn."""
        projected = (penultimate - self._centre) @ self._projection
        unit: FloatArray = projected / np.linalg.norm(projected, axis=1, keepdims=True)
        return unit


def _say(track: CorpusTrack, error: Exception) -> None:
    sys.stderr.write(f"{track.path}: {error}\n")

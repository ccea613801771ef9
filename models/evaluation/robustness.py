"""Determinism: the same windows give the same embedding, whatever runs beside them and whenever.

`python -m models.evaluation.robustness FILE THREADS` prints the embedding of a file's windows in a process of its own.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from models import checkpoint
from models.audio.decode import read_windows
from models.encoder import VibeEncoder

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Robustness:
    """How a representation and the attributes stand one alteration.

    Attributes:
        name: The alteration.
        least_r1: Demanded of `r1`.
        r1: Representation → share of altered copies whose nearest original is their own, 0…1.
        queries: Representation → how many copies asked.
        energy_change: Mean absolute change of the energy attribute, 0…1.
        valence_change: Of the valence attribute.
    """

    name: str
    least_r1: float
    r1: Mapping[str, float]
    queries: Mapping[str, int]
    energy_change: float
    valence_change: float


def recognised(similarity: FloatArray, own: Sequence[int]) -> FloatArray:
    """Whether each altered copy finds its original first.

    Args:
        similarity: (m, n), of each copy to each original; greater is nearer.
        own: The m copies' columns.

    Returns:
        (m,) 1 or 0; a tie with another original counts as 0.
    """
    rows = np.arange(len(own))
    others = similarity.copy()
    others[rows, own] = -np.inf
    found: FloatArray = (similarity[rows, own] > others.max(axis=1)).astype(float)
    return found


def mean_change(before: Sequence[float], after: Sequence[float]) -> float:
    """Mean absolute change between n values of originals and of their copies."""
    return float(np.mean(np.abs(np.subtract(after, before))))


_BATCH = 4
_THREADS = (1, 2)


@dataclass(frozen=True, slots=True)
class Determinism:
    """Least cosine between embeddings of the same windows.

    Attributes:
        threads: With one thread of torch and with two.
        batch: A window alone and in a batch of four copies of itself; a track's windows once and four times over.
        restart: In this process and in another one.
    """

    threads: float
    batch: float
    restart: float


def determinism(encoder: VibeEncoder, files: Sequence[Path]) -> Determinism:
    """Encode files again and again.

    Args:
        encoder: As `models.checkpoint.load` gives it.
        files: Music; each is encoded whole, only the first in another process.
    """
    threads, batch = [], []
    for file in files:
        samples = read_windows(file).samples
        alone = embed(encoder, samples, _THREADS[0])
        threads.append(cosine(alone, embed(encoder, samples, _THREADS[1])))
        batch.append(cosine(alone, embed(encoder, np.tile(samples, (_BATCH, 1)))))
        batch.append(cosine(embed(encoder, samples[:1]), embed(encoder, np.tile(samples[:1], (_BATCH, 1)))))
    restarted = _in_another_process(files[0])
    return Determinism(min(threads), min(batch), cosine(embed(encoder, read_windows(files[0]).samples), restarted))


def embed(encoder: VibeEncoder, samples: npt.NDArray[np.float32], threads: int = 1) -> FloatArray:
    """The embedding (128,) of windows (n_windows, n_samples), with so many threads of torch."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return encoder.encode(torch.from_numpy(samples)).embedding.astype(np.float64)
    finally:
        torch.set_num_threads(before)


def cosine(first: FloatArray, second: FloatArray) -> float:
    """Cosine between two vectors."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def _in_another_process(file: Path) -> FloatArray:
    command = [sys.executable, "-m", "models.evaluation.robustness", str(file), str(_THREADS[0])]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  our own module
    return np.array(json.loads(printed), dtype=np.float64)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print an embedding as JSON."""
    file, threads = sys.argv[1:] if arguments is None else arguments
    embedding = embed(checkpoint.load(), read_windows(Path(file)).samples, int(threads))
    sys.stdout.write(json.dumps(embedding.tolist()) + "\n")


if __name__ == "__main__":
    main()

"""Determinism: the same windows give the same embedding, whatever runs beside them and whenever.

`python -m models.evaluation.determinism FILE THREADS` prints the embedding of a file's windows in a process of its own.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from models import checkpoint
from models.decode import read_windows
from models.encoder import VibeEncoder

_BATCH = 4
_THREADS = (1, 2)

FloatArray = npt.NDArray[np.float64]


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
    command = [sys.executable, "-m", "models.evaluation.determinism", str(file), str(_THREADS[0])]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  our own module
    return np.array(json.loads(printed), dtype=np.float64)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print an embedding as JSON."""
    file, threads = sys.argv[1:] if arguments is None else arguments
    embedding = embed(checkpoint.load(), read_windows(Path(file)).samples, int(threads))
    sys.stdout.write(json.dumps(embedding.tolist()) + "\n")


if __name__ == "__main__":
    main()

"""Robustness of the representations to alterations of a recording, and determinism of the encoder.

`python -m models.evaluation.robustness FILE THREADS` prints the embedding of a file's windows as JSON, from a process
of its own.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models import checkpoint
from models.arrays import Float32Array, Float64Array
from models.audio.decode import Windows, read_windows
from models.corpus.corpus import CorpusTrack
from models.encoder import VibeEncoder
from models.evaluation import baselines
from models.evaluation.alterations import ALTERATIONS, Alteration, altered_windows
from models.evaluation.encoders import EncodedTrack
from models.evaluation.representations import (
    HALF_WHITENED,
    MEASURES,
    MFCC,
    SHIPPED,
    RepresentationBuilder,
    TrackRepresentations,
    cache_key,
)

_TEACHERS_EVERY = 4  # the teachers take about a second per copy, so they get every fourth track
_BATCH = 4
_THREADS = (1, 2)


@dataclass(frozen=True, slots=True)
class Robustness:
    """Robustness of the representations and the attributes to one alteration.

    Attributes:
        name: Name of the alteration.
        least_r1: Required `r1` of the shipped encoder.
        r1: Representation → share of altered copies whose nearest original is their own, 0…1.
        queries: Representation → number of altered copies.
        energy_change: Mean absolute change of the energy attribute, 0…1.
        valence_change: Mean absolute change of the valence attribute, 0…1.
    """

    name: str
    least_r1: float
    r1: Mapping[str, float]
    queries: Mapping[str, int]
    energy_change: float
    valence_change: float


def measure_robustness(
    originals: TrackRepresentations, builder: RepresentationBuilder, cache_dir: Path, report: Callable[[str], None]
) -> Iterator[Robustness]:
    """Alter every track in every way, and search for it among the originals.

    Args:
        originals: Representations of the unaltered tracks.
        builder: Computes the representations of altered copies.
        cache_dir: The corpus's cache.
        report: Called with one line per alteration.

    Yields:
        The robustness to each alteration.
    """
    for alteration in ALTERATIONS:
        report(f"altered: {alteration.name}")
        yield _robustness_to(alteration, originals, builder, cache_dir)


def _robustness_to(
    alteration: Alteration, originals: TrackRepresentations, builder: RepresentationBuilder, cache_dir: Path
) -> Robustness:
    copies: dict[str, list[Float64Array]] = {MFCC: [], SHIPPED: [], HALF_WHITENED: []}
    own: dict[str, list[int]] = {name: [] for name in copies}
    encoded = []
    for index, track in enumerate(originals.tracks):
        with_teachers = index % _TEACHERS_EVERY == 0
        after, vectors = _represent_copy(track, alteration, builder, cache_dir, with_teachers=with_teachers)
        encoded.append(after)
        for name, vector in vectors.items():
            copies[name].append(vector)
            own[name].append(index)
    found = {
        name: finds_original(MEASURES[name](np.stack(vectors), originals.vectors[name]["whole"]), own[name])
        for name, vectors in copies.items()
        if vectors
    }
    return Robustness(
        name=alteration.name,
        least_r1=alteration.least_r1,
        r1={name: float(values.mean()) for name, values in found.items()},
        queries={name: len(values) for name, values in found.items()},
        energy_change=mean_change([one.energy for one in originals.encoded], [one.energy for one in encoded]),
        valence_change=mean_change([one.valence for one in originals.encoded], [one.valence for one in encoded]),
    )


def _represent_copy(
    track: CorpusTrack, alteration: Alteration, builder: RepresentationBuilder, cache_dir: Path, *, with_teachers: bool
) -> tuple[EncodedTrack, Mapping[str, Float64Array]]:
    """Outputs of the shipped encoder for an altered copy, and the copy's vectors."""
    key = cache_key(alteration.name, track)

    def windows() -> Windows:
        return altered_windows(track, alteration, cache_dir)

    encoded = builder.shipped.encode_track(key, windows)
    vectors = {
        SHIPPED: encoded.embedding,
        MFCC: builder.baseline(baselines.mfcc, key, lambda: windows().samples),
    }
    if builder.teachers and with_teachers:
        features = builder.teachers.encode(key, lambda: windows().samples)["penultimate"].astype(np.float64)
        vectors[HALF_WHITENED] = builder.teachers.half_whitened(features[None])[0]
    return encoded, vectors


def finds_original(similarity: Float64Array, own: Sequence[int]) -> Float64Array:
    """Return for each altered copy whether its nearest original is its own.

    Args:
        similarity: (m, n), of each copy to each original; greater is nearer.
        own: Columns of the m copies' originals.

    Returns:
        (m,) 1 or 0; a tie with another original gives 0.
    """
    rows = np.arange(len(own))
    others = similarity.copy()
    others[rows, own] = -np.inf
    found: Float64Array = (similarity[rows, own] > others.max(axis=1)).astype(float)
    return found


def mean_change(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the mean absolute change between n values of originals and of their copies."""
    return float(np.mean(np.abs(np.subtract(after, before))))


@dataclass(frozen=True, slots=True)
class Determinism:
    """Least cosine between embeddings of the same windows.

    Attributes:
        threads: With one thread of torch and with two.
        batch: A window alone and in a batch of four copies of itself; a track's windows once and four times.
        restart: In this process and in another one.
    """

    threads: float
    batch: float
    restart: float


def measure_determinism(encoder: VibeEncoder, files: Sequence[Path]) -> Determinism:
    """Encode files repeatedly under different conditions.

    Args:
        encoder: The encoder that `models.checkpoint.load` returns.
        files: Audio files; the first one is also encoded in another process.

    Returns:
        The least cosine over all files for each condition.
    """
    threads, batch = [], []
    for file in files:
        samples = read_windows(file).samples
        alone = embed(encoder, samples, _THREADS[0])
        threads.append(cosine(alone, embed(encoder, samples, _THREADS[1])))
        batch.append(cosine(alone, embed(encoder, np.tile(samples, (_BATCH, 1)))))
        batch.append(cosine(embed(encoder, samples[:1]), embed(encoder, np.tile(samples[:1], (_BATCH, 1)))))
    restarted = _embed_in_another_process(files[0])
    return Determinism(min(threads), min(batch), cosine(embed(encoder, read_windows(files[0]).samples), restarted))


def embed(encoder: VibeEncoder, samples: Float32Array, threads: int = 1) -> Float64Array:
    """Compute an embedding with a given number of threads.

    Args:
        encoder: The encoder.
        samples: (n_windows, n_samples) at 16 kHz.
        threads: Threads of torch, restored afterwards.

    Returns:
        (128,) of length 1.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return encoder.encode(torch.from_numpy(samples)).embedding.astype(np.float64)
    finally:
        torch.set_num_threads(before)


def cosine(first: Float64Array, second: Float64Array) -> float:
    """Return the cosine similarity of two vectors (d,)."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def _embed_in_another_process(file: Path) -> Float64Array:
    command = [sys.executable, "-m", "models.evaluation.robustness", str(file), str(_THREADS[0])]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  our own module
    return np.array(json.loads(printed), dtype=np.float64)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the embedding of a file as JSON."""
    file, threads = sys.argv[1:] if arguments is None else arguments
    embedding = embed(checkpoint.load(), read_windows(Path(file)).samples, int(threads))
    sys.stdout.write(json.dumps(embedding.tolist()) + "\n")


if __name__ == "__main__":
    main()

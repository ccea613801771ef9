"""Evaluate an encoder of a package, or other weights, beside the shipped encoder: any dimension, the same music."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from models.analysis import resampled
from models.arrays import Arrays, Float32Array, Float64Array, cached_arrays
from models.corpus.corpus import CorpusTrack
from models.encoders.interface import Encoder
from models.errors import AnalysisError
from models.evaluation.encoders import ShippedEncoder, digest_of_windows
from models.evaluation.page import markdown_table, retrieval_table
from models.evaluation.report import Report, retrieval_report
from models.evaluation.representations import RANDOM, SHIPPED, DecodedTrack, Similarities, cache_key
from models.evaluation.retrieval import NEIGHBOURS

_PARTS = ("whole", "first", "second")
_TIMED = 5  # tracks whose encoding is timed; the caches have the others after the first run
_SEED = 5


@dataclass(frozen=True, slots=True)
class OtherReport:
    """Figures of another encoder.

    Attributes:
        retrieval: Rows of random order, the shipped encoder and the other one.
        common: Mean share of the 10 nearest tracks that both encoders have in common.
        milliseconds: Median processor time of the other encoder for the windows of a track.
    """

    retrieval: Report
    common: float
    milliseconds: float

    def __str__(self) -> str:
        """Return the tables in Markdown."""
        hubs = [(row.name, f"{row.n10_skew:.2f}", f"{row.never_recommended:.1%}") for row in self.retrieval.rows]
        return (
            retrieval_table(self.retrieval)
            + "\n"
            + markdown_table(("representation", "skewness of N10", "never recommended"), hubs)
            + f"\nNeighbours in common with the shipped encoder: {self.common:.2f} of 10 nearest tracks.\n"
            f"Encoding a track: {self.milliseconds:.0f} ms of processor time.\n"
        )


def evaluate_encoder(
    encoder: Encoder, tracks: Sequence[CorpusTrack], cache_dir: Path, on_progress: Callable[[str], None]
) -> OtherReport:
    """Measure retrieval and hubs of an encoder as those of the shipped one are measured.

    Args:
        encoder: The encoder.
        tracks: At least two; one with a single window, or that cannot be decoded, is reported and omitted.
        cache_dir: The corpus's cache; vectors are kept by the version of the encoder.
        on_progress: Called with one line per track.

    Returns:
        The figures.
    """
    shipped = ShippedEncoder(cache_dir)
    directory = cache_dir / "evaluation-encoders" / f"{encoder.version}-{digest_of_windows()}"
    kept, both = [], []
    times: list[float] = []
    for track in tracks:
        decoded = DecodedTrack(track)
        try:
            enough = len(decoded.windows.samples) > 1
        except AnalysisError as error:
            on_progress(f"{track.path}: {error}")
            continue
        if not enough:
            on_progress(f"{track.path}: omitted, because one window has no halves")
            continue
        if len(times) < _TIMED:
            times.append(_milliseconds(encoder, decoded.part("whole")))
        kept.append(track)
        both.append({part: _both(part, decoded, shipped, encoder, directory) for part in _PARTS})
        on_progress(f"{len(kept)} {track.package}/{track.path.name}")
    n, random = len(kept), np.random.default_rng(_SEED)
    found = {RANDOM: Similarities(random.random((n, n)), random.random((n, n)))}
    for place, name in enumerate((SHIPPED, f"{encoder.version}, {encoder.dimension}-d")):
        first, second, whole = (np.stack([each[part][place] for each in both]) for part in ("first", "second", "whole"))
        found[name] = Similarities(first @ second.T, whole @ whole.T)
    report = retrieval_report(found, [track.package for track in kept], {}, shipped.card.version, shipped.card.sha256)
    named = replace(report, notes=(f"{encoder.version} beside the shipped encoder",))
    one, other = (_nearest(each.tracks) for each in list(found.values())[1:])
    common = float(np.mean([len(set(a) & set(b)) / NEIGHBOURS for a, b in zip(one, other, strict=True)]))
    return OtherReport(named, common, float(np.median(times)))


def _both(
    part: str, decoded: DecodedTrack, shipped: ShippedEncoder, encoder: Encoder, directory: Path
) -> tuple[Float64Array, Float64Array]:
    """Return the vectors of a part by the shipped and by the other encoder."""
    key = cache_key(part, decoded.track)

    def encoded() -> Arrays:
        return {"embedding": _encode(encoder, decoded.part(part))}

    other = cached_arrays(directory / key.with_name(f"{key.name}.npz"), encoded)["embedding"].astype(np.float64)
    return shipped.embed(key, lambda: decoded.part(part)), other


def _encode(encoder: Encoder, samples: Float32Array) -> Float32Array:
    with torch.inference_mode():
        return encoder.encode(torch.from_numpy(resampled(samples, encoder.sample_rate))).embedding


def _milliseconds(encoder: Encoder, samples: Float32Array) -> float:
    begun = time.process_time()
    _encode(encoder, samples)
    return 1000 * (time.process_time() - begun)


def _nearest(similarity: Float64Array) -> list[list[int]]:
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    nearest: list[list[int]] = np.argsort(-others, axis=1, kind="stable")[:, :NEIGHBOURS].tolist()
    return nearest

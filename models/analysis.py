"""Analyse a music file: its embedding, attributes, descriptors and tags."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models import checkpoint
from models.attributes import attributes
from models.audio.decode import SAMPLE_RATE, Windows
from models.descriptors.describe import Descriptors, describe
from models.encoder import Encoding, VibeEncoder
from models.errors import AnalysisError
from models.highlight import highlight
from models.memory import keep_freed_memory
from models.sandbox import decoder

UNIT_TOLERANCE = 1e-3  # of the embedding's norm; single precision causes errors of 1e-6
WARM_UP_SECONDS = 5.0

# The errors that numpy, soundfile and torch raise on samples that they cannot process.
LIBRARY_ERRORS = (ValueError, ArithmeticError, RuntimeError, MemoryError, OSError)


@dataclass(frozen=True)
class Timings:
    """Wall time of each step of an analysis, in seconds."""

    decode: float
    descriptors: float
    encode: float
    total: float


@dataclass(frozen=True)
class TrackAnalysis:
    """The analysis of a track.

    Attributes:
        embedding: Point in the vibe space, float32 `(128,)`, of unit length.
        highlight: Start of the 30 s that are most typical of the track, in seconds; see `models.highlight`.
        dispersion: Mean cosine distance of the windows' embeddings from it, 0…2.
        attributes: Name → 0…1, or None if the audio gives no evidence; see `models.attributes`.
        descriptors: See `models.descriptors.describe.Descriptors`.
        tags: Tag → probability, 0…1.
        model_version: Version of the encoder; embeddings of different versions are not comparable.
        seconds: Wall time of each step.
    """

    embedding: NDArray[np.float32]
    highlight: float
    dispersion: float
    attributes: dict[str, float | None]
    descriptors: Descriptors
    tags: dict[str, float]
    model_version: str
    seconds: Timings

    def to_json(self) -> dict[str, Any]:
        """Return the analysis as a dictionary for `json.dumps`."""
        return {
            "embedding": self.embedding.tolist(),
            "highlight": self.highlight,
            "dispersion": self.dispersion,
            "attributes": self.attributes,
            "descriptors": dict(self.descriptors),
            "tags": self.tags,
            "model_version": self.model_version,
            "seconds": asdict(self.seconds),
        }


def analyse(source: Path | int) -> TrackAnalysis:
    """Analyse one music file with the weights that Segue ships with; see `analyse_with`."""
    return analyse_with(source, (checkpoint.SHIPPED,))[0]


def analyse_with(source: Path | int, checkpoints: Sequence[checkpoint.Checkpoint]) -> list[TrackAnalysis]:
    """Analyse one music file, which is decoded once, with several encoders.

    The first call in a process loads the encoders and starts the decoder.

    Only a sandboxed process of `models.sandbox` parses the file.

    Args:
        source: A WAV, FLAC, Ogg Vorbis, Opus or MP3 file of 5 s to 12 h: its path, or a
            descriptor open for reading.
        checkpoints: The weights of the encoders, at least one.

    Returns:
        An analysis for each; its numbers are finite and its embedding has unit length. `seconds` are of all.

    Raises:
        AnalysisError: The file cannot be analysed; the message is the reason.
        checkpoint.CheckpointError: The encoder's weights are missing or damaged.
        SandboxUnavailable: No decoder can be started.
    """
    loaded = [_loaded(each) for each in checkpoints]
    started = perf_counter()
    try:
        windows = decoder.read_windows(source)
        decoded = perf_counter()
        descriptors, encodings, seconds = _described_and_encoded(windows, [encoder for encoder, _ in loaded])
    except MemoryError as error:
        raise AnalysisError("Not enough memory to analyse this file") from error
    except LIBRARY_ERRORS as error:
        raise AnalysisError(f"The analysis of this file failed: {error}") from error
    seconds = replace(seconds, decode=decoded - started, total=perf_counter() - started)
    analyses = []
    for encoding, (_, card) in zip(encodings, loaded, strict=True):
        _check(encoding, descriptors)
        values = attributes(encoding, descriptors, card.calibration)
        analyses.append(
            TrackAnalysis(
                embedding=encoding.embedding,
                highlight=highlight(encoding, windows),
                dispersion=encoding.dispersion,
                attributes=values,
                descriptors=descriptors,
                tags=encoding.tags,
                model_version=card.version,
                seconds=seconds,
            )
        )
    return analyses


@torch.inference_mode()
def _described_and_encoded(
    windows: Windows, encoders: Sequence[VibeEncoder]
) -> tuple[Descriptors, list[Encoding], Timings]:
    """Describe and encode windows from one log-mel, whose time counts as the encoder's."""
    started = perf_counter()
    samples, first = torch.from_numpy(windows.samples), encoders[0]
    log_mel = first.log_mel(samples)
    computed = perf_counter()
    descriptors = describe(windows, log_mel.numpy())
    described = perf_counter()
    encodings = [
        encoder.encode_log_mel(log_mel if encoder.mel == first.mel else encoder.log_mel(samples))
        for encoder in encoders
    ]
    finished = perf_counter()
    encode = (computed - started) + (finished - described)
    return descriptors, encodings, Timings(decode=0.0, descriptors=described - computed, encode=encode, total=0.0)


def warm_up(
    threads: int = 1, checkpoints: Sequence[checkpoint.Checkpoint] = (checkpoint.SHIPPED,)
) -> decoder.Protections:
    """Prepare a process for its first analysis: load the encoders, run each once, start the decoder.

    Args:
        threads: Threads that torch may use, ≥ 1; 1 if there is a worker per core.
        checkpoints: The weights of the encoders.

    Returns:
        The protections of the decoder on this machine.

    Raises:
        checkpoint.CheckpointError: The encoder's weights are missing or damaged.
        SandboxUnavailable: No decoder can be started.
    """
    torch.set_num_threads(threads)
    for each in checkpoints:
        encoder, _ = _loaded(each)
        encoder.encode(torch.zeros(1, round(WARM_UP_SECONDS * SAMPLE_RATE)))
    keep_freed_memory()
    return decoder.start()


@cache
def _loaded(weights: checkpoint.Checkpoint) -> tuple[VibeEncoder, checkpoint.ModelCard]:
    return checkpoint.load(*weights), checkpoint.read_card(*weights)


def _check(encoding: Encoding, descriptors: Descriptors) -> None:
    """Refuse NaN and vectors without unit length, which Qdrant would accept."""
    embedding = encoding.embedding
    if embedding.ndim != 1 or not np.isfinite(embedding).all():
        raise AnalysisError("The encoder computed no valid embedding for this file")
    if abs(float(np.linalg.norm(embedding)) - 1) > UNIT_TOLERANCE:
        raise AnalysisError("The encoder computed an embedding without unit length for this file")
    numbers = [encoding.dispersion, *encoding.tags.values(), *descriptors.values()]
    if not all(math.isfinite(number) for number in numbers if isinstance(number, int | float)):
        raise AnalysisError("The descriptors of this file are not finite numbers")

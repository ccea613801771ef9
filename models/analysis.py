"""Analyse a music file: its embedding, attributes, descriptors and tags."""

import math
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
        dispersion: Mean cosine distance of the windows' embeddings from it, 0…2.
        attributes: Name → 0…1, or None if the audio gives no evidence; see `models.attributes`.
        descriptors: See `models.descriptors.describe.Descriptors`.
        tags: Tag → probability, 0…1.
        model_version: Version of the encoder; embeddings of different versions are not comparable.
        seconds: Wall time of each step.
    """

    embedding: NDArray[np.float32]
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
            "dispersion": self.dispersion,
            "attributes": self.attributes,
            "descriptors": dict(self.descriptors),
            "tags": self.tags,
            "model_version": self.model_version,
            "seconds": asdict(self.seconds),
        }


def analyse(source: Path | int) -> TrackAnalysis:
    """Analyse one music file. The first call in a process loads the encoder and starts the decoder.

    Only a sandboxed process of `models.sandbox` parses the file.

    Args:
        source: A WAV, FLAC, Ogg Vorbis, Opus or MP3 file of 5 s to 12 h: its path, or a
            descriptor open for reading.

    Returns:
        The analysis; its numbers are finite and its embedding has unit length.

    Raises:
        AnalysisError: The file cannot be analysed; the message is the reason.
        checkpoint.CheckpointError: The encoder's weights are missing or damaged.
        SandboxUnavailable: No decoder can be started.
    """
    encoder, card = _loaded()
    started = perf_counter()
    try:
        windows = decoder.read_windows(source)
        decoded = perf_counter()
        descriptors, encoding, seconds = _described_and_encoded(windows, encoder)
    except MemoryError as error:
        raise AnalysisError("Not enough memory to analyse this file") from error
    except LIBRARY_ERRORS as error:
        raise AnalysisError(f"The analysis of this file failed: {error}") from error
    _check(encoding, descriptors)
    return TrackAnalysis(
        embedding=encoding.embedding,
        dispersion=encoding.dispersion,
        attributes=attributes(encoding, descriptors, card.calibration),
        descriptors=descriptors,
        tags=encoding.tags,
        model_version=card.version,
        seconds=replace(seconds, decode=decoded - started, total=perf_counter() - started),
    )


@torch.inference_mode()
def _described_and_encoded(windows: Windows, encoder: VibeEncoder) -> tuple[Descriptors, Encoding, Timings]:
    """Describe and encode windows from one log-mel, whose time counts as the encoder's."""
    started = perf_counter()
    log_mel = encoder.log_mel(torch.from_numpy(windows.samples))
    computed = perf_counter()
    descriptors = describe(windows, log_mel.numpy())
    described = perf_counter()
    encoding = encoder.encode_log_mel(log_mel)
    finished = perf_counter()
    encode = (computed - started) + (finished - described)
    return descriptors, encoding, Timings(decode=0.0, descriptors=described - computed, encode=encode, total=0.0)


def warm_up(threads: int = 1) -> decoder.Protections:
    """Prepare a process for its first analysis: load the encoder, run it once, start the decoder.

    Args:
        threads: Threads that torch may use, ≥ 1; 1 if there is a worker per core.

    Returns:
        The protections of the decoder on this machine.

    Raises:
        checkpoint.CheckpointError: The encoder's weights are missing or damaged.
        SandboxUnavailable: No decoder can be started.
    """
    torch.set_num_threads(threads)
    encoder, _ = _loaded()
    encoder.encode(torch.zeros(1, round(WARM_UP_SECONDS * SAMPLE_RATE)))
    return decoder.start()


@cache
def _loaded() -> tuple[VibeEncoder, checkpoint.ModelCard]:
    return checkpoint.load(), checkpoint.read_card()


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

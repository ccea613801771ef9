"""Analyse a music file: its embedding, attributes, descriptors and tags."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.attributes import NAMES
from models.audio.decode import SAMPLE_RATE, Windows
from models.audio.frontend import LogMel, MelParameters, normalise_loudness
from models.checkpoint import CheckpointError
from models.descriptors.describe import Descriptors, describe
from models.encoder import Encoding
from models.encoders.interface import Encoder, EncoderSource, MelEncoder
from models.encoders.vibe import SHIPPED_SOURCE
from models.errors import AnalysisError
from models.highlight import highlight
from models.memory import keep_freed_memory
from models.sandbox import decoder

UNIT_TOLERANCE = 1e-3  # of the embedding's norm; single precision causes errors of 1e-6
WARM_UP_SECONDS = 5.0

_MEL = MelParameters()  # of the descriptors

# The errors that numpy, soundfile and torch raise on samples that they cannot process.
LIBRARY_ERRORS = (ValueError, ArithmeticError, RuntimeError, MemoryError, OSError)
# What the code of another package may raise as well.
ENCODER_ERRORS = (*LIBRARY_ERRORS, LookupError, TypeError, AttributeError, NameError, AssertionError)


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
        embedding: Point in the space of the encoder, float32 `(dimension,)`, of unit length.
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
    return analyse_with(source, (SHIPPED_SOURCE,))[0]


def analyse_with(source: Path | int, encoders: Sequence[EncoderSource]) -> list[TrackAnalysis]:
    """Analyse one music file, which is decoded once, with several encoders.

    The first call in a process loads the encoders and starts the decoder.

    Only a sandboxed process of `models.sandbox` parses the file.

    Args:
        source: A WAV, FLAC, Ogg Vorbis, Opus or MP3 file of 5 s to 12 h: its path, or a
            descriptor open for reading.
        encoders: The encoders, at least one.

    Returns:
        An analysis for each encoder, in order, whose numbers are finite and whose embedding has unit length; its
        `seconds` are of all encoders. An encoder other than the first that fails on this file is left out.

    Raises:
        AnalysisError: The file cannot be analysed, or not with the first encoder; the message is the reason.
        CheckpointError: The encoder's weights are missing or damaged.
        SandboxUnavailable: No decoder can be started.
    """
    loaded = [_loaded(each) for each in encoders]
    started = perf_counter()
    try:
        windows = decoder.read_windows(source)
        decoded = perf_counter()
        descriptors, encodings, seconds = _described_and_encoded(windows, loaded)
        seconds = replace(seconds, decode=decoded - started, total=perf_counter() - started)
        if encodings[0] is None:
            raise AnalysisError("The encoder computed nothing for this file")
        analyses: list[TrackAnalysis] = []
        for encoder, encoding in zip(loaded, encodings, strict=True):
            with suppress(*(AnalysisError, *ENCODER_ERRORS) if analyses else ()):
                if encoding is not None:
                    analyses.append(_analysis(encoder, encoding, descriptors, windows, seconds))
    except MemoryError as error:
        raise AnalysisError("Not enough memory to analyse this file") from error
    except ENCODER_ERRORS as error:
        raise AnalysisError(f"The analysis of this file failed: {error}") from error
    return analyses


def _analysis(
    encoder: Encoder, encoding: Encoding, descriptors: Descriptors, windows: Windows, seconds: Timings
) -> TrackAnalysis:
    given = encoder.attributes(encoding, descriptors)
    attributes = {name: None if value is None else float(value) for name, value in given.items()}
    _check(encoding, descriptors, windows, encoder.dimension)
    _check_attributes(attributes)
    return TrackAnalysis(
        embedding=encoding.embedding,
        highlight=highlight(encoding, windows),
        dispersion=encoding.dispersion,
        attributes=attributes,
        descriptors=descriptors,
        tags=encoding.tags,
        model_version=encoder.version,
        seconds=seconds,
    )


@torch.inference_mode()
def _described_and_encoded(
    windows: Windows, encoders: Sequence[Encoder]
) -> tuple[Descriptors, list[Encoding | None], Timings]:
    """Describe and encode windows, as far as possible from one log-mel, whose time counts as the encoders'.

    If an encoder other than the first fails, its encoding is None.
    """
    started = perf_counter()
    samples = torch.from_numpy(windows.samples)
    shared = next((each for each in encoders if isinstance(each, MelEncoder) and each.mel == _MEL), None)
    log_mel = _log_mel_of(samples) if shared is None else shared.log_mel(samples)
    computed = perf_counter()
    descriptors = describe(windows, log_mel.numpy())
    described = perf_counter()
    encodings: list[Encoding | None] = []
    for each in encoders:
        encoding = None
        with suppress(*ENCODER_ERRORS if encodings else ()):
            encoding = (
                each.encode_log_mel(log_mel)
                if isinstance(each, MelEncoder) and each.mel == _MEL
                else each.encode(torch.from_numpy(resampled(windows.samples, each.sample_rate)))
            )
        encodings.append(encoding)
    finished = perf_counter()
    encode = (computed - started) + (finished - described)
    return descriptors, encodings, Timings(decode=0.0, descriptors=described - computed, encode=encode, total=0.0)


def _log_mel_of(samples: Tensor) -> Tensor:
    """Compute what the descriptors need if no encoder does."""
    log_mel: Tensor = LogMel(_MEL)(normalise_loudness(samples, _MEL.target_dbfs))
    return log_mel


def resampled(windows: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Resample windows (n_windows, n_samples) from 16 kHz; higher rates have nothing above 8 kHz."""
    if sample_rate == SAMPLE_RATE:
        return windows
    return np.stack([soxr.resample(window, SAMPLE_RATE, sample_rate) for window in windows]).astype(np.float32)


def warm_up(threads: int = 1, encoders: Sequence[EncoderSource] = (SHIPPED_SOURCE,)) -> decoder.Protections:
    """Prepare a process for its first analysis: load the encoders, run each once, start the decoder.

    Args:
        threads: Threads that torch may use, ≥ 1; 1 if there is a worker per core.
        encoders: The encoders.

    Returns:
        The protections of the decoder on this machine.

    Raises:
        CheckpointError: The encoder's weights are missing or damaged.
        SandboxUnavailable: No decoder can be started.
    """
    torch.set_num_threads(threads)
    noise = np.random.default_rng(0).normal(scale=0.1, size=(1, round(WARM_UP_SECONDS * SAMPLE_RATE)))
    for each in encoders:
        encoder = _loaded(each)
        encoder.encode(torch.from_numpy(resampled(noise.astype(np.float32), encoder.sample_rate)))
    keep_freed_memory()
    return decoder.start()


@cache
def _loaded(source: EncoderSource) -> Encoder:
    encoder = source.load()
    if (encoder.version, encoder.dimension) != (source.version, source.dimension):
        raise CheckpointError(
            f"The encoder {encoder.version} of {encoder.dimension} dimensions was announced as {source.version} of "
            f"{source.dimension}."
        )
    return encoder


def _check(encoding: Encoding, descriptors: Descriptors, windows: Windows, dimension: int) -> None:
    """Refuse NaN and vectors without unit length, which Qdrant would accept."""
    embedding = encoding.embedding
    if embedding.shape != (dimension,) or not np.isfinite(embedding).all():
        raise AnalysisError("The encoder computed no valid embedding for this file")
    if abs(float(np.linalg.norm(embedding)) - 1) > UNIT_TOLERANCE:
        raise AnalysisError("The encoder computed an embedding without unit length for this file")
    if encoding.weights.shape != (len(windows.starts),):
        raise AnalysisError("The encoder computed no vector for each window of this file")
    numbers = [encoding.dispersion, *encoding.tags.values(), *descriptors.values()]
    if not all(math.isfinite(number) for number in numbers if isinstance(number, int | float | np.number)):
        raise AnalysisError("The descriptors of this file are not finite numbers")


def _check_attributes(attributes: Mapping[str, float | None]) -> None:
    if attributes.keys() != set(NAMES):
        raise AnalysisError(f"The encoder computed other attributes than {', '.join(NAMES)}")
    if not all(0 <= value <= 1 for value in attributes.values() if value is not None):
        raise AnalysisError("The encoder computed attributes outside 0 to 1 for this file")

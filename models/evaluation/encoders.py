"""The encoders under evaluation, with cached outputs: the shipped encoder, and the teachers that it learned from.

Encodings of the shipped encoder are cached under a digest of the weights and of the source files that affect them, so
they are computed again after a change. Its attributes are computed from cached tags and descriptors at every run. The
teachers' features are cached in `CACHE/evaluation-teachers`, because they take 0.16 s per window on one core. Delete
that directory if the loudness normalisation or the choice of windows changes.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import torch

import models
from models import checkpoint
from models.arrays import Arrays, Float32Array, Float64Array, cached_arrays, unit_rows
from models.attributes import attributes
from models.audio.decode import Windows, read_windows
from models.audio.frontend import MelParameters
from models.corpus.corpus import CorpusTrack, fetch, packages
from models.descriptors.describe import Descriptors, describe
from models.encoder import Encoding, VibeEncoder
from models.errors import AnalysisError
from models.teachers.weights import build_teachers
from models.training.space import half_whitening

_DIGEST_LENGTH = 12
_WINDOW_SOURCES = ("audio/decode.py", "audio/placement.py", "audio/waveform.py")
_ENCODING_SOURCES = (*_WINDOW_SOURCES, "audio/frontend.py", "encoder.py", "network.py", "window_weights.py")
_DESCRIPTOR_SOURCES = (*_ENCODING_SOURCES, "descriptors/*.py")
_TEACHER_AXES = 128


@dataclass(frozen=True, slots=True)
class EncodedTrack:
    """Outputs of the shipped encoder for a track.

    Attributes:
        embedding: (128,) of length 1.
        tags: Name → probability 0…1.
        energy: 0…1.
        valence: 0…1.
    """

    embedding: Float64Array
    tags: dict[str, float]
    energy: float
    valence: float


class ShippedEncoder:
    """The encoder that `models.checkpoint.load` returns.

    Args:
        cache_dir: The corpus's cache; outputs are kept in its directory `evaluation-shipped`.
    """

    def __init__(self, cache_dir: Path) -> None:
        self.card = checkpoint.read_card()
        self.encoder: VibeEncoder = checkpoint.load()
        directory = cache_dir / "evaluation-shipped"
        digest = _digest(_ENCODING_SOURCES, self.card.sha256)
        self._encodings = directory / f"encodings-{digest}"
        self._predictions = directory / f"predictions-{digest}"
        self._descriptors = directory / f"descriptors-{_digest(_DESCRIPTOR_SOURCES)}"

    def embed(self, key: Path, samples: Callable[[], Float32Array]) -> Float64Array:
        """Compute the embedding of windows, or read it from the cache.

        Args:
            key: Relative path without suffix that identifies the windows.
            samples: Returns (n_windows, n_samples) float32 at 16 kHz.

        Returns:
            (128,) of length 1.
        """
        return self._encoding(key, samples).embedding.astype(np.float64)

    def tags(self, key: Path, samples: Callable[[], Float32Array]) -> dict[str, float]:
        """Return the probabilities 0…1 of the tags of windows; see `embed`."""
        return self._encoding(key, samples).tags

    def encode_track(self, key: Path, windows: Callable[[], Windows]) -> EncodedTrack:
        """Compute all outputs for a track's windows, or read them from the cache.

        Args:
            key: Relative path without suffix that identifies the windows.
            windows: Returns the decoded windows.

        Returns:
            Embedding, tags and attributes.
        """
        encoding = self._encoding(key, lambda: windows().samples)
        values = attributes(encoding, self.descriptors(key, windows), self.card.calibration)
        return EncodedTrack(
            embedding=encoding.embedding.astype(np.float64),
            tags=encoding.tags,
            energy=cast("float", values["energy"]),
            valence=cast("float", values["valence"]),
        )

    def predict_teacher_features(self, key: Path, samples: Callable[[], Float32Array]) -> Float64Array:
        """Return the encoder's prediction of the teachers' features (400,), the mean over windows; see `embed`."""

        @torch.inference_mode()
        def predicted() -> Arrays:
            output = self.encoder.network(self.encoder.log_mel(torch.from_numpy(samples())))
            return {"penultimate": output.penultimate.mean(0).numpy()}

        return cached_arrays(_file(self._predictions, key), predicted)["penultimate"].astype(np.float64)

    def descriptors(self, key: Path, windows: Callable[[], Windows]) -> Descriptors:
        """Compute the descriptors of windows, or read them from the cache; see `encode_track`."""

        def described() -> Arrays:
            decoded = windows()
            log_mel = self.encoder.log_mel(torch.from_numpy(decoded.samples)).numpy()
            return {"json": np.array(json.dumps(describe(decoded, log_mel)))}

        stored = cached_arrays(_file(self._descriptors, key), described)
        return cast("Descriptors", json.loads(stored["json"].item()))

    def _encoding(self, key: Path, samples: Callable[[], Float32Array]) -> Encoding:
        def encoded() -> Arrays:
            encoding = self.encoder.encode(torch.from_numpy(samples()))
            rest = json.dumps({name: getattr(encoding, name) for name in ("dispersion", "tags", "feel", "speech")})
            vectors = {"embedding": encoding.embedding, "windows": encoding.windows, "weights": encoding.weights}
            return vectors | {"json": np.array(rest)}

        stored = cached_arrays(_file(self._encodings, key), encoded)
        return Encoding(
            embedding=stored["embedding"],
            windows=stored["windows"],
            weights=stored["weights"],
            **json.loads(stored["json"].item()),
        )


class TeacherEncoder:
    """musicnn's two networks, and a half-whitening of their features that is fitted on the `[train]` packages.

    Args:
        cache_dir: The corpus's cache.
    """

    def __init__(self, cache_dir: Path) -> None:
        mel = MelParameters()
        self._teachers = build_teachers(cache_dir / "musicnn", mel)
        self._features = cache_dir / "evaluation-teachers"
        self._train_features = cache_dir / f"features-musicnn-{mel.target_dbfs:g}dBFS"
        self._cache_dir = cache_dir
        self.tag_names = list(self._teachers.tag_names)

    def encode(self, key: Path, samples: Callable[[], Float32Array]) -> Arrays:
        """Compute features and tags of windows, or read them from the cache.

        Args:
            key: Relative path without suffix that identifies the windows.
            samples: Returns (n_windows, n_samples) float32 at 16 kHz.

        Returns:
            `penultimate` (400,), the first network's 200 first, and `tags` (100,), means over the windows.
        """

        def means() -> Arrays:
            return {name: values.mean(axis=0) for name, values in self._outputs(samples()).items()}

        return cached_arrays(_file(self._features, key), means)

    def half_whitened(self, penultimate: Float64Array) -> Float64Array:
        """Project features (n, 400) to unit vectors (n, 128) in the half-whitened space."""
        centre, projection = self._half_whitening
        return unit_rows((penultimate - centre) @ projection)

    @cached_property
    def _half_whitening(self) -> tuple[Float64Array, Float64Array]:
        """Centre (400,) and projection (400, 128), fitted on the `[train]` packages."""
        features = self._features_of(fetch(packages("train"), self._cache_dir))
        centre, projection = half_whitening(features, _TEACHER_AXES)
        return centre.astype(np.float64), projection.astype(np.float64)

    def _outputs(self, samples: Float32Array) -> Arrays:
        penultimate, tags = self._teachers.encode(torch.from_numpy(samples))
        return {"penultimate": penultimate.numpy(), "tags": tags.numpy()}

    def _features_of(self, tracks: Sequence[CorpusTrack]) -> Float32Array:
        """(n_windows, 400) of all tracks that can be decoded."""
        features = []
        for track in tracks:
            file = track.cache_file(self._train_features, ".npz")
            try:
                stored = cached_arrays(file, lambda: self._outputs(read_windows(track.path).samples))  # noqa: B023  called at once
            except AnalysisError as error:
                sys.stderr.write(f"{track.path}: {error}\n")
                continue
            features.append(stored["penultimate"])
        return np.concatenate(features)


def digest_of_windows() -> str:
    """Return a digest of the source files that choose and decode windows."""
    return _digest(_WINDOW_SOURCES)


def _file(directory: Path, key: Path) -> Path:
    return directory / key.with_name(f"{key.name}.npz")


def _digest(patterns: Iterable[str], *texts: str) -> str:
    """Digest of the texts and of the source files of `models` that match the patterns."""
    digest = hashlib.sha256("".join(texts).encode())
    package = Path(models.__path__[0])
    for file in sorted(file for pattern in patterns for file in package.glob(pattern)):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGEST_LENGTH]

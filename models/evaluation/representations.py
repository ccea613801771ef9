"""Every representation of the evaluated tracks: baselines, teachers and the shipped encoder, of wholes and halves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import Float32Array, Float64Array, cached_arrays
from models.audio.decode import Windows, read_windows
from models.corpus.corpus import CorpusTrack
from models.errors import AnalysisError
from models.evaluation import baselines
from models.evaluation.encoders import EncodedTrack, ShippedEncoder, TeacherEncoder

RANDOM = "random"
LOUDNESS = "loudness only"
MFCC = "MFCC mean+std, 60-d"
MUSICNN_MSD = "musicnn MSD, 200-d"
MUSICNN_MTT = "musicnn MTT, 200-d"
BLISS = "bliss-audio, 23-d"
MUSLY = "musly timbre"
HALF_WHITENED = "teachers half-whitened, 128-d"
SHIPPED = "shipped encoder, 128-d"

_PENULTIMATE = 200
_PARTS = ("whole", "first", "second")
_SEED = 0

Measure = Callable[[Float64Array, Float64Array], Float64Array]

MEASURES: Mapping[str, Measure] = {
    LOUDNESS: baselines.standardised_nearness,
    MFCC: baselines.standardised_cosine,
    MUSICNN_MSD: baselines.standardised_cosine,
    MUSICNN_MTT: baselines.standardised_cosine,
    BLISS: baselines.euclidean,
    HALF_WHITENED: lambda queries, database: queries @ database.T,
    SHIPPED: lambda queries, database: queries @ database.T,
}


@dataclass(frozen=True, slots=True)
class Similarities:
    """Similarities of n tracks in one representation.

    Attributes:
        halves: (n, n), of each first half (row) to each second half (column); greater is nearer.
        tracks: (n, n), of each whole track to each whole track.

    Raises:
        ValueError: A similarity is not finite. NaN would sort last and be scored like a value.
    """

    halves: Float64Array
    tracks: Float64Array

    def __post_init__(self) -> None:
        if not (np.isfinite(self.halves).all() and np.isfinite(self.tracks).all()):
            raise ValueError("Similarities must be finite.")


class DecodedTrack:
    """A track's windows, decoded on first use."""

    def __init__(self, track: CorpusTrack) -> None:
        self.track = track

    @cached_property
    def windows(self) -> Windows:
        """All windows; raises `AnalysisError` if `models.audio.decode` refuses the file."""
        return read_windows(self.track.path)

    def part(self, name: str) -> Float32Array:
        """Return the windows (n_windows, n_samples) of a part.

        Args:
            name: `whole`, `first` or `second`; the middle one of an odd number of windows is in neither half.
        """
        samples = self.windows.samples
        half = len(samples) // 2
        return {"whole": samples, "first": samples[:half], "second": samples[-half:]}[name]


def cache_key(variant: str, track: CorpusTrack) -> Path:
    """Return the relative path that identifies a variant of a track (`whole`, `gain −12 dB` …) in caches."""
    return Path(variant) / track.package / track.key


@dataclass(frozen=True, slots=True)
class TrackRepresentations:
    """All representations of n tracks.

    Attributes:
        tracks: The n tracks.
        vectors: Representation → part → (n, d).
        musly: Part → n serialised models; empty if musly is not installed.
        encoded: Outputs of the shipped encoder for the whole tracks.
        teacher_tags: (n, 100), 0…1; None without the teachers.
        predicted_features: (n, 128): the shipped encoder's prediction of the teachers' half-whitened features; None
            without the teachers.
    """

    tracks: Sequence[CorpusTrack]
    vectors: Mapping[str, Mapping[str, Float64Array]]
    musly: Mapping[str, Sequence[NDArray[np.uint8]]]
    encoded: Sequence[EncodedTrack]
    teacher_tags: Float64Array | None
    predicted_features: Float64Array | None

    @property
    def soundtracks(self) -> list[str]:
        """Packages of the n tracks."""
        return [track.package for track in self.tracks]

    def similarities(self) -> dict[str, Similarities]:
        """Return the similarities by representation: random first, the shipped encoder last."""
        n = len(self.tracks)
        random = np.random.default_rng(_SEED)
        found = {RANDOM: Similarities(random.random((n, n)), random.random((n, n)))}
        for name, parts in self.vectors.items():
            measure = MEASURES[name]
            halves = measure(parts["first"], parts["second"])
            found[name] = Similarities(halves, measure(parts["whole"], parts["whole"]))
        if self.musly:
            halves = baselines.musly_similarity(self.musly["first"], self.musly["second"])
            found[MUSLY] = Similarities(halves, baselines.musly_similarity(self.musly["whole"], self.musly["whole"]))
        order = (RANDOM, LOUDNESS, MFCC, MUSICNN_MSD, MUSICNN_MTT, BLISS, MUSLY, HALF_WHITENED, SHIPPED)
        return {name: found[name] for name in order if name in found}


@dataclass(frozen=True, slots=True)
class _OneTrack:
    """All representations of one track: part → representation → (d,); part → musly's model."""

    vectors: dict[str, dict[str, Float64Array]]
    musly: dict[str, NDArray[np.uint8]]
    encoded: EncodedTrack
    teacher_tags: Float64Array | None
    predicted_features: Float64Array | None


class RepresentationBuilder:
    """Computes every representation of tracks, or reads the results of an earlier run.

    Args:
        cache_dir: The corpus's cache.
        shipped: The shipped encoder.
        teachers: None omits the teachers.
    """

    def __init__(self, cache_dir: Path, shipped: ShippedEncoder, teachers: TeacherEncoder | None) -> None:
        self.shipped, self.teachers = shipped, teachers
        self._baselines = cache_dir / "evaluation-baselines"

    def build(self, tracks: Sequence[CorpusTrack], report: Callable[[str], None]) -> TrackRepresentations:
        """Compute the representations of tracks.

        Args:
            tracks: A track with a single window, or that cannot be decoded, is reported and omitted.
            report: Called with one line per track.

        Returns:
            The representations of the other tracks.
        """
        kept, representations = [], []
        for track in tracks:
            decoded = DecodedTrack(track)
            try:
                enough = len(decoded.windows.samples) > 1
            except AnalysisError as error:
                report(f"{track.path}: {error}")
                continue
            if not enough:
                report(f"{track.path}: omitted, because one window has no halves")
                continue
            kept.append(track)
            representations.append(self._build_one(decoded))
            report(f"{len(kept)} {track.package}/{track.path.name}")
        return _stacked(kept, representations)

    def baseline(
        self, compute: Callable[[Float32Array], NDArray[Any]], key: Path, samples: Callable[[], Float32Array]
    ) -> NDArray[Any]:
        """Compute a baseline's representation of windows, or read it from the cache.

        Args:
            compute: Function of `models.evaluation.baselines`; its name is part of the cache's path.
            key: Relative path without suffix that identifies the windows.
            samples: Returns (n_windows, n_samples) float32 at 16 kHz.

        Returns:
            The output of `compute`.
        """
        file = self._baselines / compute.__name__ / key.with_name(f"{key.name}.npz")
        return cached_arrays(file, lambda: {"value": compute(samples())})["value"]

    def _build_one(self, decoded: DecodedTrack) -> _OneTrack:
        whole = cache_key("whole", decoded.track)
        musly = {}
        if baselines.installed("pymusly"):
            musly = {part: self._baseline_of_part(baselines.musly_model, decoded, part) for part in _PARTS}
        tags = predicted = None
        if self.teachers:
            tags = self.teachers.encode(whole, lambda: decoded.part("whole"))["tags"].astype(np.float64)
            features = self.shipped.predict_teacher_features(whole, lambda: decoded.part("whole"))
            predicted = self.teachers.half_whitened(features[None])[0]
        return _OneTrack(
            vectors={part: self._vectors(decoded, part) for part in _PARTS},
            musly=musly,
            encoded=self.shipped.encode_track(whole, lambda: decoded.windows),
            teacher_tags=tags,
            predicted_features=predicted,
        )

    def _baseline_of_part(
        self, compute: Callable[[Float32Array], NDArray[Any]], decoded: DecodedTrack, part: str
    ) -> NDArray[Any]:
        return self.baseline(compute, cache_key(part, decoded.track), lambda: decoded.part(part))

    def _vectors(self, decoded: DecodedTrack, part: str) -> dict[str, Float64Array]:
        key = cache_key(part, decoded.track)
        vectors = {
            LOUDNESS: self._baseline_of_part(baselines.loudness, decoded, part),
            MFCC: self._baseline_of_part(baselines.mfcc, decoded, part),
            SHIPPED: self.shipped.embed(key, lambda: decoded.part(part)),
        }
        if baselines.installed("bliss_audio"):
            vectors[BLISS] = self._baseline_of_part(baselines.bliss, decoded, part)
        if self.teachers:
            features = self.teachers.encode(key, lambda: decoded.part(part))["penultimate"].astype(np.float64)
            vectors |= {
                MUSICNN_MSD: features[:_PENULTIMATE],
                MUSICNN_MTT: features[_PENULTIMATE:],
                HALF_WHITENED: self.teachers.half_whitened(features[None])[0],
            }
        return vectors


def _stacked(tracks: Sequence[CorpusTrack], each: Sequence[_OneTrack]) -> TrackRepresentations:
    names = each[0].vectors["whole"] if each else {}
    tags = [one.teacher_tags for one in each if one.teacher_tags is not None]
    predicted = [one.predicted_features for one in each if one.predicted_features is not None]
    return TrackRepresentations(
        tracks=tracks,
        vectors={
            name: {part: np.stack([one.vectors[part][name] for one in each]) for part in _PARTS} for name in names
        },
        musly={part: [one.musly[part] for one in each] for part in _PARTS} if baselines.installed("pymusly") else {},
        encoded=[one.encoded for one in each],
        teacher_tags=np.stack(tags) if tags else None,
        predicted_features=np.stack(predicted) if predicted else None,
    )

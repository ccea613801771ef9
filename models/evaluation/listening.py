"""Every representation of the same tracks: whole, first half, second half."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.audio.decode import Windows, read_windows
from models.corpus.corpus import CorpusTrack
from models.errors import AnalysisError
from models.evaluation import baselines
from models.evaluation.shipped import Heard, Shipped
from models.evaluation.store import kept
from models.evaluation.teachers import Teachers

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

FloatArray = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
Measure = Callable[[FloatArray, FloatArray], FloatArray]

MEASURES: Mapping[str, Measure] = {
    LOUDNESS: baselines.nearness,
    MFCC: baselines.cosine,
    MUSICNN_MSD: baselines.cosine,
    MUSICNN_MTT: baselines.cosine,
    BLISS: baselines.euclidean,
    HALF_WHITENED: lambda queries, database: queries @ database.T,
    SHIPPED: lambda queries, database: queries @ database.T,
}


@dataclass(frozen=True, slots=True)
class Similarities:
    """What one representation says of n tracks.

    Attributes:
        halves: (n, n), each first half (row) to each second half (column); greater is nearer.
        tracks: (n, n), each whole track to each.

    Raises:
        ValueError: a similarity is not finite.
    """

    halves: FloatArray
    tracks: FloatArray

    def __post_init__(self) -> None:
        """Refuse what no ranking can be made of: NaN sorts last, and would be scored as if it meant something."""
        if not (np.isfinite(self.halves).all() and np.isfinite(self.tracks).all()):
            raise ValueError("Similarities must be finite.")


class Material:
    """A track's windows, decoded when first needed."""

    def __init__(self, track: CorpusTrack) -> None:
        self.track = track

    @cached_property
    def windows(self) -> Windows:
        """All windows; raises `AnalysisError` where `models.audio.decode` refuses the file."""
        return read_windows(self.track.path)

    def part(self, name: str) -> Samples:
        """`whole`, `first` or `second`: (n_windows, n_samples); the middle one of an odd number is in no half."""
        samples = self.windows.samples
        half = len(samples) // 2
        return {"whole": samples, "first": samples[:half], "second": samples[-half:]}[name]


def key_of(variant: str, track: CorpusTrack) -> Path:
    """Name of a variant of a track (`whole`, `gain −12 dB` …) for a cache."""
    return Path(variant) / track.package / track.key


@dataclass(frozen=True, slots=True)
class Listened:
    """What was heard of n tracks.

    Attributes:
        tracks: Those judged.
        vectors: Representation → part → (n, d).
        musly: Part → n serialised models; empty where musly is not installed.
        heard: Of the shipped encoder, whole tracks.
        teacher_tags: (n, 100), 0…1; None where the teachers were not asked.
        guesses: (n, 128): the shipped encoder's guess of the teachers' half-whitened features; None likewise.
    """

    tracks: Sequence[CorpusTrack]
    vectors: Mapping[str, Mapping[str, FloatArray]]
    musly: Mapping[str, Sequence[npt.NDArray[np.uint8]]]
    heard: Sequence[Heard]
    teacher_tags: FloatArray | None
    guesses: FloatArray | None

    @property
    def soundtracks(self) -> list[str]:
        """The n tracks' packages."""
        return [track.package for track in self.tracks]

    def similarities(self) -> dict[str, Similarities]:
        """Every representation's, chance first and the shipped encoder last."""
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
class _Sound:
    """What was heard of one track: part → representation → (d,); part → musly's model."""

    vectors: dict[str, dict[str, FloatArray]]
    musly: dict[str, npt.NDArray[np.uint8]]
    heard: Heard
    teacher_tags: FloatArray | None
    guess: FloatArray | None


class Listener:
    """Hears tracks in every representation, or reads what an earlier run heard.

    Args:
        cache_dir: The corpus's cache.
        shipped: The encoder judged.
        teachers: None leaves them out.
    """

    def __init__(self, cache_dir: Path, shipped: Shipped, teachers: Teachers | None) -> None:
        self.shipped, self.teachers = shipped, teachers
        self._baselines = cache_dir / "evaluation-baselines"

    def listen(self, tracks: Sequence[CorpusTrack], say: Callable[[str], None]) -> Listened:
        """Hear tracks; one that decodes to a single window, or not at all, is left out and said."""
        judged, sounds = [], []
        for track in tracks:
            material = Material(track)
            try:
                enough = len(material.windows.samples) > 1
            except AnalysisError as error:
                say(f"{track.path}: {error}")
                continue
            if not enough:
                say(f"{track.path}: one window, so no halves")
                continue
            judged.append(track)
            sounds.append(self._hear(material))
            say(f"{len(judged)} {track.package}/{track.path.name}")
        return _assembled(judged, sounds)

    def baseline(
        self, compute: Callable[[Samples], npt.NDArray[Any]], key: Path, samples: Callable[[], Samples]
    ) -> npt.NDArray[Any]:
        """What a baseline or rival says of windows, computed once; `key` names them, without a suffix."""
        file = self._baselines / compute.__name__ / key.with_name(f"{key.name}.npz")
        return kept(file, lambda: {"value": compute(samples())})["value"]

    def _hear(self, material: Material) -> _Sound:
        whole = key_of("whole", material.track)
        musly = {}
        if baselines.installed("pymusly"):
            musly = {part: self._part(baselines.musly_model, material, part) for part in _PARTS}
        tags = guess = None
        if self.teachers:
            tags = self.teachers.hear(whole, lambda: material.part("whole"))["tags"].astype(np.float64)
            features = self.shipped.guess(whole, lambda: material.part("whole"))
            guess = self.teachers.half_whitened(features[None])[0]
        return _Sound(
            vectors={part: self._vectors(material, part) for part in _PARTS},
            musly=musly,
            heard=self.shipped.hear(whole, lambda: material.windows),
            teacher_tags=tags,
            guess=guess,
        )

    def _part(self, compute: Callable[[Samples], npt.NDArray[Any]], material: Material, part: str) -> npt.NDArray[Any]:
        return self.baseline(compute, key_of(part, material.track), lambda: material.part(part))

    def _vectors(self, material: Material, part: str) -> dict[str, FloatArray]:
        key = key_of(part, material.track)
        vectors = {
            LOUDNESS: self._part(baselines.loudness, material, part),
            MFCC: self._part(baselines.mfcc, material, part),
            SHIPPED: self.shipped.embed(key, lambda: material.part(part)),
        }
        if baselines.installed("bliss_audio"):
            vectors[BLISS] = self._part(baselines.bliss, material, part)
        if self.teachers:
            features = self.teachers.hear(key, lambda: material.part(part))["penultimate"].astype(np.float64)
            vectors |= {
                MUSICNN_MSD: features[:_PENULTIMATE],
                MUSICNN_MTT: features[_PENULTIMATE:],
                HALF_WHITENED: self.teachers.half_whitened(features[None])[0],
            }
        return vectors


def _assembled(tracks: Sequence[CorpusTrack], sounds: Sequence[_Sound]) -> Listened:
    names = sounds[0].vectors["whole"] if sounds else {}
    tags = [sound.teacher_tags for sound in sounds if sound.teacher_tags is not None]
    guesses = [sound.guess for sound in sounds if sound.guess is not None]
    return Listened(
        tracks=tracks,
        vectors={
            name: {part: np.stack([sound.vectors[part][name] for sound in sounds]) for part in _PARTS} for name in names
        },
        musly={part: [sound.musly[part] for sound in sounds] for part in _PARTS}
        if baselines.installed("pymusly")
        else {},
        heard=[sound.heard for sound in sounds],
        teacher_tags=np.stack(tags) if tags else None,
        guesses=np.stack(guesses) if guesses else None,
    )

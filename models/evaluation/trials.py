"""Trials of the shipped encoder that need more than one hearing of the tracks: altered copies, and moods."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.audio.decode import Windows
from models.corpus.corpus import CorpusTrack
from models.evaluation import baselines
from models.evaluation.alterations import ALTERATIONS, Alteration, altered_windows, mono_windows
from models.evaluation.listening import HALF_WHITENED, MEASURES, MFCC, SHIPPED, Listened, Listener, Material, key_of
from models.evaluation.mood import Area, Mood, equalised, mood_of, neighbours_vote
from models.evaluation.robustness import Robustness, mean_change, recognised
from models.evaluation.shipped import Heard, Shipped

_RESAMPLES = 2000
_CONFIDENCE = 0.95
_TAILS = ((1.0 - _CONFIDENCE) / 2.0, (1.0 + _CONFIDENCE) / 2.0)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over tracks and its 95 % bootstrap intervals.

    Attributes:
        value: The mean.
        low: Of the interval over tracks: other tracks of the same packages.
        high: Likewise.
        package_low: Of the interval over packages: other soundtracks altogether. It is the wider one, as the
            tracks of a package resemble each other.
        package_high: Likewise.
    """

    value: float
    low: float
    high: float
    package_low: float
    package_high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def figure(values: FloatArray, packages: Sequence[str]) -> Figure:
    """Mean and intervals of (n,) values, one a track; `packages` names the n tracks' packages."""
    return Figure(float(values.mean()), *interval(values), *package_interval(values, packages))


def interval(values: FloatArray, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean, resampling tracks.

    Args:
        values: (n,), one value a track.
        seed: Of the resampling.
    """
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(_RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), _TAILS)
    return float(low), float(high)


def package_interval(values: FloatArray, packages: Sequence[str], seed: int = 0) -> tuple[float, float]:
    """95 % percentile cluster bootstrap interval of the mean, resampling packages with all their tracks.

    Args:
        values: (n,), one value a track.
        packages: The n tracks' packages.
        seed: Of the resampling.

    Source: Field & Welsh, "Bootstrapping clustered data", JRSS B 69 (2007).
    """
    _, owners = np.unique(np.asarray(packages), return_inverse=True)
    sums, counts = np.bincount(owners, weights=values), np.bincount(owners)
    drawn = np.random.default_rng(seed).integers(0, len(counts), size=(_RESAMPLES, len(counts)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), _TAILS)
    return float(low), float(high)


ENERGY = "energy"
NEIGHBOURS = "k nearest neighbours"
LOUDNESS = "loudness alone"
EQUALISED = ", equal loudness"

_TEACHERS_EVERY = 4  # the teachers hear a copy in about a second: every fourth track must do


def robustness(
    listened: Listened, listener: Listener, cache_dir: Path, say: Callable[[str], None]
) -> Iterator[Robustness]:
    """Alter every track in every way and look for it among the originals.

    Args:
        listened: The originals.
        listener: Who heard them.
        cache_dir: The corpus's cache.
        say: Called with a line for each alteration.
    """
    for alteration in ALTERATIONS:
        say(f"altered: {alteration.name}")
        yield _stood(listened, listener, cache_dir, alteration)


def _stood(listened: Listened, listener: Listener, cache_dir: Path, alteration: Alteration) -> Robustness:
    copies: dict[str, list[FloatArray]] = {MFCC: [], SHIPPED: [], HALF_WHITENED: []}
    own: dict[str, list[int]] = {name: [] for name in copies}
    heard = []
    for index, track in enumerate(listened.tracks):
        after, vectors = _copy(track, alteration, listener, cache_dir, ask_teachers=index % _TEACHERS_EVERY == 0)
        heard.append(after)
        for name, vector in vectors.items():
            copies[name].append(vector)
            own[name].append(index)
    found = {
        name: recognised(MEASURES[name](np.stack(vectors), listened.vectors[name]["whole"]), own[name])
        for name, vectors in copies.items()
        if vectors
    }
    return Robustness(
        name=alteration.name,
        least_r1=alteration.least_r1,
        r1={name: float(values.mean()) for name, values in found.items()},
        queries={name: len(values) for name, values in found.items()},
        energy_change=mean_change([one.energy for one in listened.heard], [one.energy for one in heard]),
        valence_change=mean_change([one.valence for one in listened.heard], [one.valence for one in heard]),
    )


def _copy(
    track: CorpusTrack, alteration: Alteration, listener: Listener, cache_dir: Path, *, ask_teachers: bool
) -> tuple[Heard, Mapping[str, FloatArray]]:
    """What the shipped encoder says of an altered copy, and the copy's vectors."""
    key = key_of(alteration.name, track)

    def windows() -> Windows:
        return altered_windows(track, alteration, cache_dir)

    heard = listener.shipped.hear(key, windows)
    vectors = {SHIPPED: heard.embedding, MFCC: listener.baseline(baselines.mfcc, key, lambda: windows().samples)}
    if listener.teachers and ask_teachers:
        penultimate = listener.teachers.hear(key, lambda: windows().samples)["penultimate"].astype(np.float64)
        vectors[HALF_WHITENED] = listener.teachers.half_whitened(penultimate[None])[0]
    return heard, vectors


def mood(name: str, tracks: Sequence[CorpusTrack], shipped: Shipped) -> Mood:
    """Tell agitated tracks from calm ones, as they are and at equal loudness.

    Args:
        name: Of the set of tracks, for the report.
        tracks: Of these, only those whose file names say a mood are heard.
        shipped: The encoder judged.
    """
    labelled = [track for track in tracks if mood_of(track.path.stem) is not None]
    positive = [mood_of(track.path.stem) is True for track in labelled]
    names = [f"{track.package}/{track.path.stem}" for track in labelled]
    agitated = [name for name, is_agitated in zip(names, positive, strict=True) if is_agitated]
    calm = [name for name, is_agitated in zip(names, positive, strict=True) if not is_agitated]
    if not agitated or not calm:
        return Mood(name, agitated, calm, {})
    soundtracks = [track.package for track in labelled]
    materials = [Material(track) for track in labelled]
    plain = [_hear(shipped, "whole", one, lambda material: material.windows) for one in materials]
    level = [_hear(shipped, "equalised", one, _equalised) for one in materials]
    areas = _areas(plain, soundtracks, positive) | {
        f"{what}{EQUALISED}": area for what, area in _areas(level, soundtracks, positive).items()
    }
    areas[LOUDNESS] = Area.of([baselines.loudness(one.part("whole"))[0] for one in materials], positive)
    return Mood(name, agitated, calm, areas)


def _areas(heard: Sequence[Heard], soundtracks: Sequence[str], positive: Sequence[bool]) -> dict[str, Area]:
    embeddings = np.stack([one.embedding for one in heard])
    votes = neighbours_vote(embeddings @ embeddings.T, soundtracks, positive)
    return {ENERGY: Area.of([one.energy for one in heard], positive), NEIGHBOURS: Area.of(votes, positive)}


def _hear(shipped: Shipped, variant: str, material: Material, windows: Callable[[Material], Windows]) -> Heard:
    return shipped.hear(key_of(variant, material.track), lambda: windows(material))


def _equalised(material: Material) -> Windows:
    return mono_windows(equalised(material.windows.samples), material.windows.duration)

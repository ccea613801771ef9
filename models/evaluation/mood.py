"""Mood by file names: does the encoder separate battle music from calm music?

File names are labels that the makers of the music gave it. Loudness alone separates many of these tracks, so everything
is measured again on windows of equal level.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.arrays import Float32Array, Float64Array
from models.audio.decode import Windows
from models.corpus.corpus import CorpusTrack
from models.evaluation import baselines
from models.evaluation.alterations import mono_windows
from models.evaluation.encoders import EncodedTrack, ShippedEncoder
from models.evaluation.metrics import Area
from models.evaluation.representations import DecodedTrack, cache_key

# Chosen by reading the corpus's file names before any figure was computed, and not changed since.
AGITATED_WORDS = ("battle", "boss", "combat", "fight")
CALM_WORDS = ("calm", "peace", "sad", "ambient", "relax", "meditation")

ENERGY = "energy"
NEIGHBOURS = "k nearest neighbours"
LOUDNESS = "loudness alone"
EQUALISED = ", equal loudness"

_NEIGHBOURS_PER_CLASS = 5
_EQUAL_RMS = 10 ** (-20 / 20)
_SMALLEST_RMS = 1e-5


@dataclass(frozen=True, slots=True)
class Mood:
    """Separation of agitated from calm tracks.

    Attributes:
        name: Name of the set of tracks.
        agitated: Tracks with an agitated word in their names, as package/file.
        calm: Tracks with a calm word in their names, as package/file.
        areas: Score (and whether at equal loudness) → its area; empty if a class has no tracks.
    """

    name: str
    agitated: Sequence[str]
    calm: Sequence[str]
    areas: Mapping[str, Area]


def mood_of(name: str) -> bool | None:
    """Classify a file name: True for agitated, False for calm, None for neither or both.

    The words may be anywhere in the name, in upper or lower case, as in "bossattack" and "TechBattle".
    """
    agitated, calm = (
        re.search("|".join(words), name, re.IGNORECASE) is not None for words in (AGITATED_WORDS, CALM_WORDS)
    )
    return None if agitated == calm else agitated


def equalised(windows: Float32Array) -> Float32Array:
    """Scale each window of (n_windows, n_samples) to −20 dBFS RMS."""
    rms = np.sqrt(np.mean(np.square(windows, dtype=np.float64), axis=1, keepdims=True))
    level: Float32Array = (windows * (_EQUAL_RMS / np.maximum(rms, _SMALLEST_RMS))).astype(np.float32)
    return level


def neighbour_scores(
    similarity: Float64Array, soundtracks: Sequence[str], positive: Iterable[bool], k: int = _NEIGHBOURS_PER_CLASS
) -> Float64Array:
    """Score tracks by their nearest neighbours in other soundtracks (leave-one-soundtrack-out).

    Args:
        similarity: (n, n) of whole tracks with a label; greater is nearer.
        soundtracks: Soundtracks of the n tracks; neighbours of the own soundtrack are excluded.
        positive: The n labels, True for agitated.
        k: Neighbours of each class; equal numbers remove the influence of the classes' sizes.

    Returns:
        (n,) mean similarity to the k nearest agitated tracks minus that to the k nearest calm ones; 0 if a class has
        no tracks in other soundtracks.
    """
    labels, truth = np.asarray(soundtracks), np.asarray(list(positive), dtype=bool)
    scores = np.zeros(len(labels))
    for index, row in enumerate(similarity):
        elsewhere = labels != labels[index]
        nearest = [np.sort(row[elsewhere & (truth == side)])[::-1][:k] for side in (True, False)]
        if all(len(side) for side in nearest):
            scores[index] = nearest[0].mean() - nearest[1].mean()
    return scores


def measure_mood(name: str, tracks: Sequence[CorpusTrack], shipped: ShippedEncoder) -> Mood:
    """Measure the separation of agitated from calm tracks, unchanged and at equal loudness.

    Args:
        name: Name of the set of tracks.
        tracks: Tracks; those whose file names have no label are ignored.
        shipped: The encoder under evaluation.

    Returns:
        The labelled tracks and the areas.
    """
    labelled = [track for track in tracks if mood_of(track.path.stem) is not None]
    positive = [mood_of(track.path.stem) is True for track in labelled]
    names = [f"{track.package}/{track.path.stem}" for track in labelled]
    agitated = [name for name, is_agitated in zip(names, positive, strict=True) if is_agitated]
    calm = [name for name, is_agitated in zip(names, positive, strict=True) if not is_agitated]
    if not agitated or not calm:
        return Mood(name, agitated, calm, {})
    soundtracks = [track.package for track in labelled]
    decoded = [DecodedTrack(track) for track in labelled]
    plain = [_encode(shipped, "whole", one, lambda track: track.windows) for one in decoded]
    level = [_encode(shipped, "equalised", one, _equalised) for one in decoded]
    areas = _areas(plain, soundtracks, positive) | {
        f"{score}{EQUALISED}": area for score, area in _areas(level, soundtracks, positive).items()
    }
    areas[LOUDNESS] = Area.of([baselines.loudness(one.part("whole"))[0] for one in decoded], positive)
    return Mood(name, agitated, calm, areas)


def _areas(encoded: Sequence[EncodedTrack], soundtracks: Sequence[str], positive: Sequence[bool]) -> dict[str, Area]:
    embeddings = np.stack([one.embedding for one in encoded])
    scores = neighbour_scores(embeddings @ embeddings.T, soundtracks, positive)
    return {ENERGY: Area.of([one.energy for one in encoded], positive), NEIGHBOURS: Area.of(scores, positive)}


def _encode(
    shipped: ShippedEncoder, variant: str, decoded: DecodedTrack, windows: Callable[[DecodedTrack], Windows]
) -> EncodedTrack:
    return shipped.encode_track(cache_key(variant, decoded.track), lambda: windows(decoded))


def _equalised(decoded: DecodedTrack) -> Windows:
    return mono_windows(equalised(decoded.windows.samples), decoded.windows.duration)

"""Melodies: motifs of a bar, walked along the scale, repeated and varied over the chords."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.training.harmony import Key, nearest_chord_degree

# Ways to fill a beat, in quarter notes, from calm to busy; a negative length is a rest.
_SIMPLE: tuple[tuple[float, ...], ...] = (
    (1.0,), (-1.0,), (0.5, 0.5), (0.75, 0.25), (-0.5, 0.5), (0.25, 0.25, 0.5), (0.5, 0.25, 0.25), (0.25,) * 4,
)  # fmt: skip
_COMPOUND: tuple[tuple[float, ...], ...] = (
    (1.5,), (-1.5,), (1.0, 0.5), (0.5, 0.5, 0.5), (0.75, 0.25, 0.5), (-0.5, 0.5, 0.5), (0.5, 0.25, 0.25, 0.5),
    (0.25,) * 6,
)  # fmt: skip
_BUSY = 2  # from this cell on, a beat has more than one note or a rest
_STEPS = (-3, -2, -1, -1, -1, 0, 1, 1, 1, 2, 3, 4)
_PLANS = ((0, 1, 0, 2), (0, 0, 1, 2), (0, 1, 2, 2), (0, 0, 0, 1), (0, 1, 1, 0))  # which motif each bar of four has
_LOWEST, _HIGHEST = -2, 10  # degrees of the scale: what a voice can sing
_TIE = 0.35  # how often a calm melody ties a beat to the one before


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone of a melody: start and length in quarter notes within its bar, and semitones above the lowest C."""

    bar: int
    start: float
    length: float
    pitch: int


@dataclass(frozen=True, slots=True)
class _Motif:
    rhythm: tuple[tuple[float, float], ...]  # start, length
    steps: tuple[int, ...]


def compose(
    rng: np.random.Generator,
    key: Key,
    chords: Sequence[int],
    *,
    metre: tuple[int, int],
    density: float,
) -> list[Tone]:
    """Compose a melody.

    Args:
        rng: Decides everything that is left open.
        key: Tonic and scale.
        chords: Degree of each bar's chord.
        metre: Numerator and denominator.
        density: 0, long notes, to 1, many short ones.

    Returns:
        The tones in order; every fourth bar ends on a long one.
    """
    motifs = [_motif(rng, metre, density) for _ in range(3)]
    plan = _PLANS[rng.integers(len(_PLANS))]
    degree = int(rng.integers(0, 7))
    tones: list[Tone] = []
    for bar, root in enumerate(chords):
        closing = bar % 4 == 3  # noqa: PLR2004 - a phrase has four bars
        motif = motifs[plan[bar % 4]]
        if closing:
            motif = _closing(motif, metre)
        for (start, length), step in zip(motif.rhythm, motif.steps, strict=True):
            degree = _within_range(degree + step)
            if start == 0.0 or length >= 1.0:
                degree = nearest_chord_degree(degree, root)
            tones.append(Tone(bar, start, length, key.pitch(key.sung(degree))))
    return tones


def _motif(rng: np.random.Generator, metre: tuple[int, int], density: float) -> _Motif:
    numerator, denominator = metre
    compound = denominator == 8  # noqa: PLR2004 - eighths come in threes
    cells, beats = (_COMPOUND, numerator // 3) if compound else (_SIMPLE, numerator)
    rhythm: list[tuple[float, float]] = []
    now = 0.0
    for beat in range(beats):
        busy = rng.random() < density
        choice = int(rng.integers(_BUSY, len(cells))) if busy else int(rng.random() < density / 3)
        if beat and rhythm and rng.random() < _TIE * (1.0 - density):
            start, length = rhythm[-1]
            rhythm[-1] = (start, length + abs(cells[0][0]))
            now += cells[0][0]
            continue
        for length in cells[choice]:
            if length > 0:
                rhythm.append((now, length))
            now += abs(length)
    rhythm = rhythm or [(0.0, now)]
    return _Motif(tuple(rhythm), tuple(int(step) for step in rng.choice(_STEPS, len(rhythm))))


def _closing(motif: _Motif, metre: tuple[int, int]) -> _Motif:
    """The motif's beginning, its last tone held to the end of the bar."""
    quarters = 4.0 * metre[0] / metre[1]
    kept = max(1, (len(motif.rhythm) + 1) // 2)
    *before, (start, _) = motif.rhythm[:kept]
    return _Motif((*before, (start, quarters - start)), motif.steps[:kept])


def _within_range(degree: int) -> int:
    """A melody turns back where it would leave the range."""
    if degree > _HIGHEST:
        return 2 * _HIGHEST - degree
    return 2 * _LOWEST - degree if degree < _LOWEST else degree

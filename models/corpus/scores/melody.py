"""Scales, chords, and melodies of one-bar motifs that are repeated and varied over the chords."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Semitones above the tonic.
SCALES: Mapping[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
    # Chords need seven tones; the melody omits two of them.
    "major pentatonic": (0, 2, 4, 5, 7, 9, 11),
    "minor pentatonic": (0, 2, 3, 5, 7, 8, 10),
}

# Common chord progressions of each mode, as degrees of the scale; 0 is the tonic.
_IN_MAJOR = (
    (0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 0), (0, 3, 0, 4), (5, 3, 0, 4), (0, 4, 3, 3), (1, 4, 0, 5),
    (0, 2, 3, 4), (3, 4, 2, 5), (0, 5, 1, 4),
)  # fmt: skip
_IN_MINOR = (
    (0, 5, 2, 6), (0, 6, 5, 4), (0, 3, 4, 0), (0, 5, 3, 4), (0, 6, 5, 6), (0, 3, 6, 2), (0, 0, 5, 6), (5, 6, 0, 0),
    (0, 2, 6, 3),
)  # fmt: skip
PROGRESSIONS: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "major": _IN_MAJOR,
    "major pentatonic": _IN_MAJOR,
    "lydian": ((0, 1, 0, 1), (0, 1, 5, 4), (0, 4, 1, 0), (0, 0, 1, 1)),
    "mixolydian": ((0, 6, 3, 0), (0, 3, 6, 3), (0, 4, 6, 3), (0, 0, 6, 6)),
    "dorian": ((0, 3, 0, 3), (0, 6, 3, 0), (0, 2, 3, 0), (0, 1, 2, 3), (0, 3, 6, 4)),
    "minor": _IN_MINOR,
    "minor pentatonic": _IN_MINOR,
    "harmonic minor": ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 0, 4), (0, 5, 4, 0)),
    "phrygian": ((0, 1, 0, 1), (0, 1, 2, 1), (0, 6, 1, 0), (0, 0, 1, 6)),
    "phrygian dominant": ((0, 1, 0, 1), (0, 1, 3, 1), (0, 6, 1, 0), (0, 3, 1, 0)),
}

_REPLACED: Mapping[str, Mapping[int, int]] = {  # degree that the melody omits → degree that replaces it
    "major pentatonic": {3: 2, 6: 5},
    "minor pentatonic": {1: 0, 5: 4},
}

_LOWEST_ROOT = 47  # the B below middle C; lower triads sound muddy
_OCTAVE = 12


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic, 0…11 semitones above C, and the name of a scale in `SCALES`."""

    tonic: int
    mode: str

    def pitch(self, degree: int) -> int:
        """Return the semitones above C of a degree of the scale; degree 7 is the tonic an octave higher."""
        octave, step = divmod(degree, 7)
        return self.tonic + _OCTAVE * octave + SCALES[self.mode][step]

    def melody_degree(self, degree: int) -> int:
        """Return the degree that a melody uses for a degree: another one if a pentatonic scale omits it."""
        octave, step = divmod(degree, 7)
        return octave * 7 + _REPLACED.get(self.mode, {}).get(step, step)

    def tones(self, root: int, *, sevenths: bool, lowest: int = _LOWEST_ROOT) -> tuple[int, ...]:
        """Return a chord over three octaves as MIDI notes in ascending order from the root.

        Args:
            root: Degree of the chord's root.
            sevenths: Four tones per octave instead of three.
            lowest: MIDI note; the root is the first one at or above it.
        """
        degrees = (root, root + 2, root + 4, root + 6)[: 4 if sevenths else 3]
        shift = lowest + (self.pitch(root) - lowest) % _OCTAVE - self.pitch(root)
        return tuple(self.pitch(degree) + shift + _OCTAVE * octave for octave in range(3) for degree in degrees)


def nearest_chord_degree(degree: int, root: int) -> int:
    """Return the nearest degree, in any octave, of the triad on a root; of two equally near, the lower."""
    chord = {(root + third) % 7 for third in (0, 2, 4)}
    return next(degree + step for step in (0, -1, 1, -2, 2) if (degree + step) % 7 in chord)


# Ways to fill a beat, in quarter notes, from calm to busy; a negative length is a rest.
_SIMPLE: tuple[tuple[float, ...], ...] = (
    (1.0,), (-1.0,), (0.5, 0.5), (0.75, 0.25), (-0.5, 0.5), (0.25, 0.25, 0.5), (0.5, 0.25, 0.25), (0.25,) * 4,
)  # fmt: skip
_COMPOUND: tuple[tuple[float, ...], ...] = (
    (1.5,), (-1.5,), (1.0, 0.5), (0.5, 0.5, 0.5), (0.75, 0.25, 0.5), (-0.5, 0.5, 0.5), (0.5, 0.25, 0.25, 0.5),
    (0.25,) * 6,
)  # fmt: skip
_BUSY = 2  # index of the first cell with more than one note or rest
_STEPS = (-3, -2, -1, -1, -1, 0, 1, 1, 1, 2, 3, 4)
_PLANS = (
    (0, 1, 0, 2),
    (0, 0, 1, 2),
    (0, 1, 2, 2),
    (0, 0, 0, 1),
    (0, 1, 1, 0),
)  # motif of each bar of a four-bar phrase
_LOWEST, _HIGHEST = -2, 10  # degrees of the scale: range of a voice
_TIE = 0.35  # probability that a melody of density 0 ties a beat to the one before


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone of a melody: its bar, start and length in quarter notes within the bar, and pitch in semitones above C."""

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
        rng: Random generator.
        key: Tonic and scale.
        chords: Degree of each bar's chord.
        metre: Numerator and denominator.
        density: 0 (long notes) … 1 (many short notes).

    Returns:
        The tones in order; every fourth bar ends on a long tone.
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
            tones.append(Tone(bar, start, length, key.pitch(key.melody_degree(degree))))
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
    """Return the first half of a motif, with its last tone held to the end of the bar."""
    quarters = 4.0 * metre[0] / metre[1]
    kept = max(1, (len(motif.rhythm) + 1) // 2)
    *before, (start, _) = motif.rhythm[:kept]
    return _Motif((*before, (start, quarters - start)), motif.steps[:kept])


def _within_range(degree: int) -> int:
    """Reflect a degree at the ends of the range."""
    if degree > _HIGHEST:
        return 2 * _HIGHEST - degree
    return 2 * _LOWEST - degree if degree < _LOWEST else degree

"""Scales, progressions and voicings that pieces are composed with."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    # Chords need seven tones; the melody leaves two of them out.
    "major pentatonic": (0, 2, 4, 5, 7, 9, 11),
    "minor pentatonic": (0, 2, 3, 5, 7, 8, 10),
}

# Degrees of the scale, 0 the tonic's, one chord each; those that are common in each mode.
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

_LEFT_OUT: Mapping[str, Mapping[int, int]] = {  # a degree, and the one sung in its place
    "major pentatonic": {3: 2, 6: 5},
    "minor pentatonic": {1: 0, 5: 4},
}

_LOWEST_ROOT = 47  # below a B under middle C, triads turn muddy
_OCTAVE = 12


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic, 0…11 semitones above C, and the name of a scale."""

    tonic: int
    mode: str

    def pitch(self, degree: int) -> int:
        """Semitones above C of a degree of the scale; 7 is the tonic's octave."""
        octave, step = divmod(degree, 7)
        return self.tonic + _OCTAVE * octave + SCALES[self.mode][step]

    def sung(self, degree: int) -> int:
        """The degree that a melody has where it would have this one."""
        octave, step = divmod(degree, 7)
        return octave * 7 + _LEFT_OUT.get(self.mode, {}).get(step, step)

    def tones(self, root: int, *, sevenths: bool, lowest: int = _LOWEST_ROOT) -> tuple[int, ...]:
        """A chord through three octaves, as MIDI notes from the root upwards.

        Args:
            root: Degree of the chord's root.
            sevenths: Four tones an octave instead of three.
            lowest: The root is the first at or above this note.
        """
        degrees = (root, root + 2, root + 4, root + 6)[: 4 if sevenths else 3]
        shift = lowest + (self.pitch(root) - lowest) % _OCTAVE - self.pitch(root)
        return tuple(self.pitch(degree) + shift + _OCTAVE * octave for octave in range(3) for degree in degrees)


def nearest_chord_degree(degree: int, root: int) -> int:
    """The degree of a root's triad, in any octave, that lies nearest; of two, the lower."""
    chord = {(root + third) % 7 for third in (0, 2, 4)}
    return next(degree + step for step in (0, -1, 1, -2, 2) if (degree + step) % 7 in chord)

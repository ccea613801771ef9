"""Musical keys as people write them: by name, in Camelot notation, and in Open Key notation."""

from enum import StrEnum

MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR = ("Cm", "Dbm", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "Abm", "Am", "Bbm", "Bm")
TO_RELATIVE_MAJOR = 3  # semitones
FIFTH = 7  # semitones
CAMELOT_OF_C, OPEN_KEY_OF_C = 8, 1  # numbers on the circle of fifths


class Notation(StrEnum):
    """Notations of keys."""

    NAME = "name"
    """A minor is Am, D flat major is Db."""
    CAMELOT = "camelot"
    """A minor is 8A, C major is 8B."""
    OPEN_KEY = "open-key"
    """A minor is 1m, C major is 1d."""


def key_text(key: int, mode: int, notation: Notation = Notation.NAME) -> str:
    """Write a key.

    Args:
        key: The pitch class of the tonic: 0 is C, 11 is B.
        mode: 1 for major, 0 for minor.
        notation: How to write it.
    """
    if notation is Notation.NAME:
        return (MAJOR if mode else MINOR)[key]
    fifths = FIFTH * (key if mode else key + TO_RELATIVE_MAJOR)
    if notation is Notation.CAMELOT:
        return f"{(fifths + CAMELOT_OF_C - 1) % 12 + 1}{'B' if mode else 'A'}"
    return f"{(fifths + OPEN_KEY_OF_C - 1) % 12 + 1}{'d' if mode else 'm'}"

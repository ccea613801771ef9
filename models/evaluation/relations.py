"""Relations of two tempi and of two keys, and scores of measured against known values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEMPO_TOLERANCE = 0.04
TEMPO_RATIOS = {
    "equal": (1.0,),
    "octave": (2.0, 1 / 2),
    "a third of or three times": (3.0, 1 / 3),
    "2:3 or 3:2": (3 / 2, 2 / 3),
    "3:4 or 4:3": (3 / 4, 4 / 3),
}
AGREEING = ("equal", "octave", "relative")
# As in MIREX's audio key detection, except that a fifth counts in both directions.
KEY_WEIGHTS = {"equal": 1.0, "a fifth apart": 0.5, "relative": 0.3, "parallel": 0.2}

_SEMITONES = 12
_RELATIVE = 9  # semitones from a major key's tonic up to its relative minor's
_FIFTHS = (5, 7)


@dataclass(frozen=True, slots=True)
class TempoAndKey:
    """Tempo, key and time signature of a piece, known or measured.

    Attributes:
        tempo: Beats per minute, > 0; None if none was found.
        key: Pitch class of the tonic, 0 = C … 11 = B; -1 if none was found.
        mode: 1 major, 0 minor.
        beats: Beats per bar, 3 or 4; None if not measured.
    """

    tempo: float | None
    key: int
    mode: int
    beats: int | None = None


def tempo_relation(tempo: float | None, other: float | None) -> str:
    """Return the simple ratio of two tempi in BPM within 4 %: "equal", "octave" … or "other"."""
    if tempo is None or other is None:
        return "equal" if tempo is other else "none heard"
    for name, ratios in TEMPO_RATIOS.items():
        if any(abs(tempo / (ratio * other) - 1) <= TEMPO_TOLERANCE for ratio in ratios):
            return name
    return "other"


def key_relation(key: int, mode: int, other_key: int, other_mode: int) -> str:
    """Return the relation of two keys: "equal", "relative" … or "other"."""
    if -1 in (key, other_key):
        return "equal" if key == other_key else "none heard"
    if mode == other_mode:
        distance = (key - other_key) % _SEMITONES
        return "equal" if distance == 0 else "a fifth apart" if distance in _FIFTHS else "other"
    major, minor = (key, other_key) if mode else (other_key, key)
    return {_RELATIVE: "relative", 0: "parallel"}.get((minor - major) % _SEMITONES, "other")


def scores(found: Sequence[TempoAndKey], others: Sequence[TempoAndKey]) -> dict[str, NDArray[np.float64]]:
    """Score the results of n pieces against other values, such as their known tempo and key.

    Args:
        found: Result of each piece.
        others: The other values of each piece.

    Returns:
        Name of the score → (n,), 0…1.
    """
    pairs = list(zip(found, others, strict=True))
    tempo = [tempo_relation(result.tempo, other.tempo) for result, other in pairs]
    key = [key_relation(result.key, result.mode, other.key, other.mode) for result, other in pairs]
    return {
        "tempo": np.array([float(relation == "equal") for relation in tempo]),
        "tempo or an octave": np.array([float(relation in AGREEING) for relation in tempo]),
        "key": np.array([float(relation == "equal") for relation in key]),
        "key or its relative": np.array([float(relation in AGREEING) for relation in key]),
        "key, MIREX-weighted": np.array([KEY_WEIGHTS.get(relation, 0.0) for relation in key]),
        "time signature": np.array([float(result.beats == other.beats) for result, other in pairs]),
    }

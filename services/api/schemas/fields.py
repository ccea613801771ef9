"""What the numeric fields of a track mean: one table for filters, answers and their documentation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, TypeAdapter, ValidationError

from services.domain.filters import ATTRIBUTES, RANGE_FIELDS


@dataclass(frozen=True, slots=True)
class Measure:
    """Meaning and unit of a field, and the interval that a filter on it may name."""

    meaning: str
    low: float
    high: float


_UNIT = "0 (none) to 1 (entirely)"

MEASURES: dict[str, Measure] = {
    "energy": Measure(f"Perceived intensity and activity, {_UNIT}", 0, 1),
    "valence": Measure("Mood, 0 (sad, dark) to 1 (happy, bright)", 0, 1),
    "danceability": Measure(f"How well one can dance to it, {_UNIT}", 0, 1),
    "acousticness": Measure(f"How far it is played on acoustic instruments, {_UNIT}", 0, 1),
    "instrumentalness": Measure(f"How far it is without vocals, {_UNIT}", 0, 1),
    "liveness": Measure(f"How much an audience is heard, {_UNIT}", 0, 1),
    "speechiness": Measure(f"How much speech there is, {_UNIT}", 0, 1),
    "tempo": Measure("Beats per minute", 0, 1_000),
    "loudness": Measure("Integrated loudness in LUFS, from about −60 (silent) to 0 (as loud as can be)", -200, 20),
    "brightness": Measure("Spectral centroid in Hz", 0, 100_000),
    "onset_rate": Measure("Note onsets a second", 0, 1_000),
    "flux": Measure("How much begins: logarithm, about −5 (a drone) to −2 (drums)", -10, 10),
    "mobility": Measure(
        "How fast it moves, whatever the tempo: logarithm, about −4 (slow swells) to 0 (a tremolo)", -10, 10
    ),
    # No filter may name −1: what has no key meets no condition on it.
    "key": Measure(
        "Pitch class of the tonic, 0 (C) to 11 (B), −1 where no key was found (no filter matches it)", 0, 11
    ),
    "mode": Measure("0 (minor) or 1 (major)", 0, 1),
    "time_signature": Measure("Beats in a bar, 3 or 4; null where accents tell neither", 1, 16),
    "year": Measure("Year of release, from the file's tags", 0, 9_999),
    "duration_ms": Measure("Length in milliseconds", 0, 1_000_000_000),
}

DESCRIPTORS = tuple(name for name in RANGE_FIELDS if name not in (*ATTRIBUTES, "year", "duration_ms"))
"""Measured by signal processing, not judged by the encoder."""

KEYWORDS: dict[str, str] = {
    "genre": "One of these genres, without regard to case",
    "artist": "One of these artists, without regard to case",
    "album": "One of these albums, without regard to case",
    "tags": "One of these tags that the encoder heard clearly (audio-features lists them), without regard to case",
}

_LENIENT = TypeAdapter(AwareDatetime)


def _written_out(value: object) -> datetime:
    """Pydantic takes digits as well, as seconds since 1970: what is documented is a date with a time."""
    is_written_out = isinstance(value, datetime) or (isinstance(value, str) and ":" in value)
    if not is_written_out:
        raise ValueError("Give a date with a time and a time zone, such as 2026-03-01T20:15:00Z.")
    try:  # here, because strict validation takes no text that a function has seen
        return _LENIENT.validate_python(value, strict=False)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from error


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A point in time as RFC 3339 writes it."""

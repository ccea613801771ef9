"""Meaning, unit and range of a track's fields, for filters, responses and documentation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, TypeAdapter, ValidationError

from services.domain.filters import ATTRIBUTES, RANGE_FIELDS


@dataclass(frozen=True, slots=True)
class Measure:
    """Meaning and unit of a field, and the range of a filter on it."""

    meaning: str
    low: float
    high: float


_UNIT = "0 (none) to 1 (entirely)"

MEASURES: dict[str, Measure] = {
    "energy": Measure(f"Perceived intensity and activity, {_UNIT}", 0, 1),
    "valence": Measure("Mood, 0 (sad, dark) to 1 (happy, bright)", 0, 1),
    "danceability": Measure(f"Suitability for dancing, {_UNIT}", 0, 1),
    "acousticness": Measure(f"Share of acoustic instruments, {_UNIT}", 0, 1),
    "instrumentalness": Measure(f"Absence of vocals, {_UNIT}", 0, 1),
    "liveness": Measure(f"Presence of an audience, {_UNIT}", 0, 1),
    "speechiness": Measure(f"Amount of speech, {_UNIT}", 0, 1),
    "tempo": Measure("Beats per minute", 0, 1_000),
    "loudness": Measure("Integrated loudness in LUFS, from about −60 (silent) to 0 (maximum)", -200, 20),
    "brightness": Measure("Spectral centroid in Hz", 0, 100_000),
    "onset_rate": Measure("Note onsets per second", 0, 1_000),
    "flux": Measure("Spectral flux, a logarithm from about −5 (a drone) to −2 (drums)", -10, 10),
    "mobility": Measure(
        "Speed of change, independent of tempo, a logarithm from about −4 (slow swells) to 0 (a tremolo)", -10, 10
    ),
    # Filters cannot use −1: a track without a key meets no condition on it.
    "key": Measure("Pitch class of the tonic, 0 (C) to 11 (B), −1 if no key was found (no filter matches it)", 0, 11),
    "mode": Measure("0 (minor) or 1 (major)", 0, 1),
    "time_signature": Measure("Beats per bar, 3 or 4; null if the accents show neither", 1, 16),
    "year": Measure("Year of release, from the file's tags", 0, 9_999),
    "duration_ms": Measure("Length in milliseconds", 0, 1_000_000_000),
}

DESCRIPTORS = tuple(name for name in RANGE_FIELDS if name not in (*ATTRIBUTES, "year", "duration_ms"))
"""Fields that signal processing measures."""

KEYWORDS: dict[str, str] = {
    "genre": "One of these genres. Case is ignored",
    "artist": "One of these artists. Case is ignored",
    "album": "One of these albums. Case is ignored",
    "tags": "One of these tags that the encoder predicts clearly (see audio features). Case is ignored",
}

_LENIENT = TypeAdapter(AwareDatetime)


def _written_out(value: object) -> datetime:
    """Return the time. Pydantic would also accept digits, as seconds since 1970."""
    is_written_out = isinstance(value, datetime) or (isinstance(value, str) and ":" in value)
    if not is_written_out:
        raise ValueError("Give a date with a time and a time zone, such as 2026-03-01T20:15:00Z.")
    try:  # here, because strict validation refuses text that a function returns
        return _LENIENT.validate_python(value, strict=False)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from error


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A point in time in the format of RFC 3339."""

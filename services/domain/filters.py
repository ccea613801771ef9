"""Hard conditions on tracks: evaluated inside the vector index, never after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ATTRIBUTES = (
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "instrumentalness",
    "liveness",
    "speechiness",
)
"""Attributes that a track has, each 0 to 1 or null."""

RANGE_FIELDS = (
    *ATTRIBUTES,
    "tempo",
    "loudness",
    "brightness",
    "onset_rate",
    "flux",
    "mobility",
    "key",
    "mode",
    "time_signature",
    "year",
    "duration_ms",
)
"""Numeric payload fields; every one has a payload index."""

KEYWORD_FIELDS = ("genre", "artist", "album", "tags")
"""Text payload fields, compared without regard to case; every one has a payload index. `tags` holds many."""

TAG_HEARD = 0.2
"""Strength from which on a tag that the encoder heard counts as a tag of the track: three or four do."""


@dataclass(frozen=True, slots=True)
class Range:
    """An inclusive interval; an open end is None."""

    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """All conditions must hold: every range, for every keyword field one of its values, and none of those unwanted.

    A track whose field is null satisfies no condition on that field, unless it is one of `or_unknown`: then the range
    holds for it, too.
    """

    ranges: Mapping[str, Range] = field(default_factory=dict)
    any_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    none_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    or_unknown: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        keywords = self.any_of.keys() | self.none_of.keys()
        if unknown := (self.ranges.keys() - set(RANGE_FIELDS)) | (keywords - set(KEYWORD_FIELDS)):
            raise ValueError(f"No filter exists on {', '.join(sorted(unknown))}.")

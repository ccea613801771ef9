"""Filters on tracks, which the vector index evaluates during a search."""

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
"""The attributes of a track, each 0 to 1 or null."""

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
"""Numeric payload fields, each with a payload index."""

KEYWORD_FIELDS = ("genre", "artist", "album", "tags")
"""Text payload fields, compared case-insensitively, each with a payload index. `tags` is a list."""

TAG_THRESHOLD = 0.2
"""The minimum strength of a tag in the payload; typically three or four tags reach it."""


@dataclass(frozen=True, slots=True)
class Range:
    """An inclusive interval; None is an open end."""

    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters that a track must satisfy: all ranges, one value of each field in `any_of`, and no value in `none_of`.

    A null field satisfies neither a range nor `any_of`, except the ranges of the fields in `or_unknown`.
    """

    ranges: Mapping[str, Range] = field(default_factory=dict)
    any_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    none_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    or_unknown: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        keywords = self.any_of.keys() | self.none_of.keys()
        if unknown := (self.ranges.keys() - set(RANGE_FIELDS)) | (keywords - set(KEYWORD_FIELDS)):
            raise ValueError(f"Unknown filter fields: {', '.join(sorted(unknown))}.")

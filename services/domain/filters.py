"""Filters on tracks, which the vector index evaluates during a search."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from services.domain.fragments import FRAGMENTS
from services.domain.names import artist_keys, text_key
from services.domain.own_features import is_own

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

KEYWORD_FIELDS = ("genre", "artist", "album", "tags", "library")
"""Text payload fields, each a list of keys (`services.domain.names`) with a payload index."""

FRAGMENT = "fragment"
"""The payload field with the kind of a track that is no piece of music (`services.domain.fragments`)."""

EXCLUDED = {"genre": "exclude_genre"}
"""Keyword fields of which a request can exclude values, and the name of the condition in it."""

ALSO_HEARD = {"genre": ("genre", "tags")}
"""Fields whose condition is met by another field too: a genre may be the file's, or a tag that is heard.

If a value is unwanted, the first of these fields that the track has decides: a piece of jazz in which rock is heard is
not excluded as rock.
"""

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

    A null field satisfies neither a range nor `any_of`, except the ranges of the fields in `or_unknown`. Fields are
    those of `RANGE_FIELDS` and `KEYWORD_FIELDS`, and own features: numbers and flags, which are 0 or 1, have ranges,
    texts are keywords.
    """

    ranges: Mapping[str, Range] = field(default_factory=dict)
    any_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    none_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    or_unknown: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        keywords = self.any_of.keys() | self.none_of.keys()
        unknown = (self.ranges.keys() - set(RANGE_FIELDS)) | (keywords - {*KEYWORD_FIELDS, FRAGMENT})
        if unknown := {name for name in unknown if not is_own(name)}:
            raise ValueError(f"Unknown filter fields: {', '.join(sorted(unknown))}.")

    def admit(self, measured: Mapping[str, float], keywords: Mapping[str, Collection[str]]) -> bool:
        """Return whether a track meets the filters, given its known numbers and the keys of its keywords by field."""
        for name, wanted in self.ranges.items():
            value = measured.get(name)
            if value is None:
                if name not in self.or_unknown:
                    return False
            elif (wanted.min is not None and value < wanted.min) or (wanted.max is not None and value > wanted.max):
                return False
        return all(_has_one(keywords, name, values) for name, values in self.any_of.items()) and not any(
            _is_unwanted(keywords, name, values) for name, values in self.none_of.items()
        )


def music_only(filters: Filters) -> Filters:
    """Return the filters for pieces of music: without intros, skits, applause, spoken word and silence."""
    return replace(filters, none_of={**filters.none_of, FRAGMENT: FRAGMENTS})


def _has_one(keywords: Mapping[str, Collection[str]], name: str, wanted: Iterable[str]) -> bool:
    keys = {key for value in wanted for key in keyword_keys(name, value)}
    return any(not keys.isdisjoint(keywords.get(each, ())) for each in ALSO_HEARD.get(name, (name,)))


def _is_unwanted(keywords: Mapping[str, Collection[str]], name: str, values: Iterable[str]) -> bool:
    keys = {key for value in values for key in keyword_keys(name, value)}
    named = (keywords.get(each, ()) for each in ALSO_HEARD.get(name, (name,)))
    return not keys.isdisjoint(next((found for found in named if found), ()))


@lru_cache(maxsize=1024)
def keyword_keys(name: str, value: str) -> frozenset[str]:
    """Return the keys by which a track meets a keyword filter.

    An artist may be a single one or a whole credit. A tag may have the prefix of its data set, as in `msd:rock`.
    """
    if name == "artist":
        return artist_keys(value)
    return frozenset({text_key(value.rsplit(":", maxsplit=1)[-1] if name == "tags" else value)})

"""What an experiment or a replay may change of the ranking."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Self

from services.domain.errors import InvalidRequest

HALF_LIFE_DAYS_MAX = 36_500.0
"""A century: events of all times have nearly the same weight."""

EXPLORATION_MAX = 0.2
"""Largest share of explored tracks: with more, listeners would notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Options of the ranking that no request has, and defaults of two options that requests have.

    The metadata of each field have its bounds, by the keywords of pydantic's `Field`, and its description.
    """

    diversity: float | None = field(
        default=None,
        metadata={
            "ge": 0,
            "le": 1,
            "description": "Diversity of answers whose request names none. Default: that of requests, 0.2.",
        },
    )
    half_life_days: float | None = field(
        default=None,
        metadata={
            "gt": 0,
            "le": HALF_LIFE_DAYS_MAX,
            "description": "Age in days at which an event has half its weight, if the request names none. "
            "Default: `SEGUE_HALF_LIFE_DAYS`.",
        },
    )
    profile_weight: float = field(
        default=0.4,
        metadata={
            "ge": 0,
            "le": 1,
            "description": "Weight of the whole profile in the query vector of one taste: tracks that fit both are the "
            "better finds.",
        },
    )
    play_weight: float = field(
        default=0.3,
        metadata={
            "ge": 0,
            "le": 1,
            "description": "Weight of the similarity to one play of a taste in a score; the rest is the similarity to "
            "the taste itself.",
        },
    )
    skip_weight: float = field(
        default=1.0,
        metadata={
            "ge": 0,
            "le": 3,
            "description": "Weight of a skip. 1: as much as a play; 3: as much as a ban; 0: skips do not count.",
        },
    )
    rejection_penalty: float = field(
        default=0.6,
        metadata={
            "ge": 0,
            "le": 2,
            "description": "Penalty, in cosine, of a track at the position of a track that was rejected with "
            "strength 1.",
        },
    )
    exploration: float = field(
        default=0.0,
        metadata={
            "ge": 0,
            "le": EXPLORATION_MAX,
            "description": "Share of the tracks of an answer that are replaced by less likely candidates.",
        },
    )

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """Return the tuning with these values; options that are missing have their defaults.

        Raises:
            InvalidRequest: an option does not exist, or its value is not allowed. The message names the option.
        """
        known = {each.name: each.metadata for each in fields(cls)}
        found: dict[str, float] = {}
        for name, value in values.items():
            if name not in known:
                raise InvalidRequest(f"Unknown option '{name}'. Options are {', '.join(known)}.")
            found[name] = _number(name, value, known[name])
        return cls(**found)

    def changes(self) -> dict[str, float]:
        """Return the options that differ from their defaults, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(DEFAULT, name)}


DEFAULT = Tuning()


def _number(name: str, value: object, bounds: Mapping[str, float]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InvalidRequest(f"'{name}' must be a number.")
    if "ge" in bounds and value < bounds["ge"]:
        raise InvalidRequest(f"'{name}' must be at least {bounds['ge']}.")
    if "gt" in bounds and value <= bounds["gt"]:
        raise InvalidRequest(f"'{name}' must be greater than {bounds['gt']}.")
    if value > bounds["le"]:
        raise InvalidRequest(f"'{name}' must be at most {bounds['le']}.")
    return float(value)

"""Mood presets, read from `moods.toml`: words, targets and filters under one name."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from services.domain.errors import UnknownMood
from services.domain.filters import RANGE_FIELDS, Filters, Range
from services.domain.words import Words

FILE = Path(__file__).with_name("moods.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """A mood preset.

    Attributes:
        id: Its name in requests, such as "road-trip".
        titles: Its title by language code; English and German.
        words: Texts with their weights; a negative weight asks for less.
        targets: Values to aim for, by the names of `RANGE_FIELDS`.
        filters: Conditions that every track must meet.
    """

    id: str
    titles: Mapping[str, str]
    words: tuple[Words, ...]
    targets: Mapping[str, float]
    filters: Filters


@cache
def moods() -> Mapping[str, Mood]:
    """Return all mood presets by id, in the order of the file."""
    with FILE.open("rb") as file:
        return {mood_id: _mood(mood_id, entry) for mood_id, entry in tomllib.load(file).items()}


def mood_named(mood_id: str) -> Mood:
    """Return a mood preset.

    Raises:
        UnknownMood: no mood preset has this id; the message lists all ids.
    """
    if mood_id not in moods():
        raise UnknownMood(mood_id, moods())
    return moods()[mood_id]


def _mood(mood_id: str, entry: Mapping[str, Any]) -> Mood:
    targets = entry.get("targets", {})
    if unknown := targets.keys() - set(RANGE_FIELDS):
        raise ValueError(f"The mood preset '{mood_id}' has unknown targets: {', '.join(sorted(unknown))}.")
    return Mood(
        id=mood_id,
        titles=entry["title"],
        words=tuple(Words(text, weight) for text, weight in entry["words"].items()),
        targets=targets,
        filters=Filters(ranges={name: Range(**ends) for name, ends in entry.get("filters", {}).items()}),
    )

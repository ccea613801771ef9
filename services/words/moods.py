"""Mood presets, read from `moods.toml`: words, targets and filters under one name."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from services.domain.errors import UnknownMood
from services.domain.filters import RANGE_FIELDS, Filters, Range
from services.domain.question import Question
from services.domain.words import TextEmbedder, VectorKind, WeightedVector, Words

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


def with_mood(question: Question, mood: Mood, embedder: TextEmbedder) -> Question:
    """Return a question with the words, targets and filters of a mood preset.

    The question's own targets replace those of the mood. If both have a range of the same field, the question's range
    counts.
    """
    filters = replace(question.filters, ranges={**mood.filters.ranges, **question.filters.ranges})
    return replace(
        question,
        filters=filters,
        targets={**mood.targets, **question.targets},
        vectors=(*question.vectors, *vectors_of(mood, embedder)),
    )


def vectors_of(mood: Mood, embedder: TextEmbedder) -> Iterator[WeightedVector]:
    """Yield the vectors of a mood preset: the mean of its desired words, and each text of which it wants less."""
    embedded = [(words, embedder.embed(words.text)) for words in mood.words]
    wanted = [words.weight * vector for words, vector in embedded if vector is not None and words.weight > 0]
    if wanted:
        mean = np.sum(wanted, axis=0)
        yield WeightedVector(mood.id, tuple((mean / np.linalg.norm(mean)).tolist()), 1.0, VectorKind.MOOD)
    for words, vector in embedded:
        if vector is not None and words.weight < 0:
            yield WeightedVector(words.text, tuple(vector.tolist()), words.weight, VectorKind.WORDS)

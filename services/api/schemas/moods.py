"""Mood presets in requests and responses."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema

from services.api.schemas.tracks import Response
from services.domain.errors import UnknownMood
from services.words import moods


def _checked(mood: str) -> str:
    try:
        return moods.mood_named(mood).id
    except UnknownMood as error:
        raise ValueError(error.detail) from error


MoodId = Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "enum": list(moods.moods())})]


class MoodWords(Response):
    """A text of a mood preset."""

    text: str
    weight: float = Field(description="Relative to the other texts. A negative weight asks for less of it.")


class MoodRange(Response):
    """An inclusive interval; null is an open end."""

    min: float | None
    max: float | None


class Mood(Response):
    """A mood preset."""

    id: str = Field(description="The value of `mood` in requests.")
    titles: dict[str, str] = Field(description="Title by language: `en` and `de`.")
    words: list[MoodWords] = Field(description="Texts that describe the music.")
    targets: dict[str, float] = Field(description="Values to aim for, as in `targets` of a request.")
    filters: dict[str, MoodRange] = Field(description="Conditions that every track must meet.")

    @classmethod
    def of(cls, mood: moods.Mood) -> Self:
        """Return the response for a mood preset."""
        return cls(
            id=mood.id,
            titles=dict(mood.titles),
            words=[MoodWords(text=each.text, weight=each.weight) for each in mood.words],
            targets=dict(mood.targets),
            filters={name: MoodRange(min=ends.min, max=ends.max) for name, ends in mood.filters.ranges.items()},
        )


class Moods(Response):
    """All mood presets."""

    moods: list[Mood]

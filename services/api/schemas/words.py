"""Texts of requests, what was understood of them, and searches by text."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema, create_model

from services.api.request_limits import (
    KEYWORDS_MAX,
    TEXT_LENGTH_MAX,
    TEXT_MAX,
    TEXT_PARTS_MAX,
    TEXT_WEIGHT_MAX,
    TEXTS_MAX,
)
from services.api.schemas.filters import FilterBody, SimilarQuery, Targets, filter_body_of
from services.api.schemas.tracks import NO_NUL, Request, Response, Track, TrackName
from services.domain import words
from services.domain.errors import UnknownMood
from services.domain.filters import Filters
from services.domain.question import Question
from services.domain.words import TEXT_USED_MAX, WeightedText, Words
from services.words.moods import mood_named, moods

Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LENGTH_MAX)]
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_USED_MAX)]
Artist = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]


def _checked(mood: str) -> str:
    try:
        return mood_named(mood).id
    except UnknownMood as error:
        raise ValueError(error.detail) from error


MoodId = Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "enum": list(moods())})]

MOOD = (
    "A mood preset: words, targets and filters under one name; `GET /v1/moods` lists all. It counts beside the texts. "
    "Texts, targets and filters of the request have precedence over its targets and filters."
)
WEIGHT = "Relative to the history, which has the weight 1. A negative weight asks for less of it."
FILTERS = "Hard facts, such as a tempo: every track of the answer meets them."
EXCLUDED = "Artists that the text excludes."
TARGETS = "Values to aim for."
LIKE = "Ids of tracks that the text names as examples."
LESS = "Phrases to avoid, such as “drums” of “no drums”."
REST = "The words that become a direction in the vibe space. Null if none are left, or if they were not understood."
WARNINGS = "What is ignored, and why."

PARTS = frozenset({"filters", "exclude_artists", "targets", "like", "less", "rest"})
"""Fields that replace the analysis of the text."""


class WeightedTextIn(Request):
    """A text with a weight.

    With `filters`, `exclude_artists`, `targets`, `like`, `less` or `rest`, the text is not analysed, and these fields
    count instead. So you can send an item of `understood` back, with changes.
    """

    text: Text = Field(description=f"A description of music; the first {TEXT_USED_MAX} characters are used.")
    weight: float = Field(default=1.0, ge=-TEXT_WEIGHT_MAX, le=TEXT_WEIGHT_MAX, description=WEIGHT)
    filters: FilterBody | None = Field(default=None, description=FILTERS)
    exclude_artists: list[Artist] = Field(default_factory=list, max_length=KEYWORDS_MAX, description=EXCLUDED)
    targets: Targets | None = Field(default=None, description=TARGETS)
    like: list[TrackName] = Field(default_factory=list, max_length=TEXT_PARTS_MAX, description=LIKE)
    less: list[Phrase] = Field(default_factory=list, max_length=TEXT_PARTS_MAX, description=LESS)
    rest: Phrase | None = Field(default=None, description=REST)
    warnings: list[str] = Field(default_factory=list, description="Ignored.")

    def to_domain(self) -> Words | WeightedText:
        """Return the text, or what was understood of it if the request contains that."""
        if PARTS.isdisjoint(self.model_fields_set):
            return Words(self.text, self.weight)
        filters = Filters() if self.filters is None else self.filters.to_domain()
        understood = words.Understood(
            text=self.text[:TEXT_USED_MAX],
            filters=replace(filters, none_of={"artist": tuple(self.exclude_artists)} if self.exclude_artists else {}),
            targets={} if self.targets is None else self.targets.to_domain(),
            like=tuple(self.like),
            less=tuple(self.less),
            rest=self.rest,
        )
        return WeightedText(understood, self.weight)


def _as_list(given: object) -> object:
    """Return the texts of a request as a list of objects."""
    listed = given if isinstance(given, list) else [given]
    if not all(isinstance(each, str | dict | WeightedTextIn) for each in listed):
        raise ValueError("must be a string, an object, or a list of them")
    return [{"text": each} if isinstance(each, str) else each for each in listed]


Texts = Annotated[
    list[WeightedTextIn],
    BeforeValidator(_as_list, json_schema_input_type=str | WeightedTextIn | list[str | WeightedTextIn]),
    Field(max_length=TEXTS_MAX),
]
"""A text, or several."""

TEXTS = (
    f"A description of music, or up to {TEXTS_MAX}, such as “something sad for a rainy evening”. Every track is chosen "
    "by the history and by all texts. Facts such as “under 80 bpm” or “by NAME” become filters. If no text is "
    "understood and the request contains nothing else to choose tracks by, `tracks` is empty."
)


class Understood(Response):
    """What was understood of a text. You can change it and send it back as an item of `text`."""

    text: str = Field(description="The text.")
    weight: float = Field(description=WEIGHT)
    filters: FilterBody = Field(description=FILTERS)
    exclude_artists: list[str] = Field(description=EXCLUDED)
    targets: Targets = Field(description=TARGETS)
    like: list[str] = Field(description=LIKE)
    less: list[str] = Field(description=LESS)
    rest: str | None = Field(description=REST)
    warnings: list[str] = Field(description=WARNINGS)

    @classmethod
    def of(cls, read: WeightedText) -> "Understood":
        """Return the response for a text."""
        found = read.understood
        targets: Any = dict(found.targets)
        parts: Any = {"filters": filter_body_of(found.filters), "targets": Targets.model_construct(None, **targets)}
        return cls.model_construct(
            text=found.text,
            weight=read.weight,
            exclude_artists=list(found.filters.none_of.get("artist", ())),
            like=list(found.like),
            less=list(found.less),
            rest=found.rest,
            warnings=list(found.warnings),
            **parts,
        )


class Match(StrEnum):
    """Why a track was found."""

    TITLE = "title"
    ARTIST = "artist"
    VIBE = "vibe"


class FoundTrack(Track):
    """A track that a text describes or names."""

    match: Match = Field(
        description="`title` or `artist`: the text names the track. `vibe`: it sounds as the text describes."
    )
    score: float | None = Field(description="Cosine similarity to the words, −1 to 1. Null for titles and artists.")
    because_of: list[str] = Field(description="As in recommendations. Empty for titles and artists.")


class SearchResults(Response):
    """Tracks that a text names, then tracks that sound as it describes, best first."""

    text: str = Field(description="The text.")
    understood: Understood
    tracks: list[FoundTrack]


_SEARCH: dict[str, Any] = {
    "text": (
        Text,
        Field(
            description=f"A description of music, a title or an artist; the first {TEXT_USED_MAX} characters are used."
        ),
    ),
    "mood": (MoodId | None, Field(default=None, description=MOOD)),
}


class _SearchQuery(SimilarQuery):
    """A text, the number of tracks, and filters."""

    def to_question(self) -> Question:
        """Return the question without the text."""
        return Question(
            filters=self.to_domain(),
            limit=self.limit,
            diversity=0.0,
            max_per_artist=None,
            max_per_album=None,
            include_fragments=self.include_fragments,
        )


SearchQuery: type[_SearchQuery] = create_model("SearchQuery", __base__=_SearchQuery, **_SEARCH)

"""Requests for recommendations, in a JSON body or, for a stored listener, as query parameters; their response."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, create_model, field_validator

from services.api.request_limits import (
    EXCLUDE_MAX,
    HISTORY_MAX,
    KEYWORDS_MAX,
    PICTURES_MAX,
    REPEAT_AFTER_DAYS,
    REPEAT_AFTER_DAYS_MAX,
    TEXT_MAX,
    TEXTS_MAX,
)
from services.api.schemas.answers import PRIVATE, LoggedAnswer, SimilarTracksQuery
from services.api.schemas.filters import FilterBody, Targets
from services.api.schemas.listens import ListenerName
from services.api.schemas.media import SeenPicture, WeightedPictureIn
from services.api.schemas.tracks import (
    NO_NUL,
    ListenEvent,
    RecommendedTrack,
    Request,
    Taste,
    TrackName,
)
from services.api.schemas.words import MOOD, TEXTS, MoodId, Text, Texts, Understood
from services.domain.filters import RANGE_FIELDS, Filters
from services.domain.measures import MEASURES
from services.domain.question import AnswerOptions, Exclusion, Question, SessionOptions
from services.domain.tuning import HALF_LIFE_DAYS_MAX

Model = TypeVar("Model", bound=BaseModel)


def with_options(kind: type[SessionOptions]) -> Callable[[type[Model]], type[Model]]:
    """Return a class decorator that adds the options of a dataclass to a model; the model's own fields stay."""
    types = get_type_hints(kind)

    def decorate(model: type[Model]) -> type[Model]:
        options: dict[str, Any] = {
            option.name: (types[option.name], Field(default=option.default, **option.metadata))
            for option in fields(kind)
            if option.name not in model.model_fields
        }
        return create_model(
            model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **options
        )

    return decorate


class Exclude(Request):
    """Tracks and artists to leave out."""

    tracks: list[TrackName] = Field(
        default_factory=list,
        max_length=EXCLUDE_MAX,
        description="Ids of tracks to leave out. The tracks of the history are always left out.",
    )
    artists: list[Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]] = Field(
        default_factory=list,
        max_length=KEYWORDS_MAX,
        description="Artists to leave out, compared without regard to case.",
    )
    seed_artists: bool = Field(default=False, description="Whether to leave out the artists of the history, too.")

    def to_domain(self) -> Exclusion:
        """Return the exclusion for the recommender."""
        return Exclusion(tracks=tuple(self.tracks), artists=tuple(self.artists), seed_artists=self.seed_artists)


class SharedOptions(Request):
    """Filters, targets and exclusions of a single answer and of a whole radio session."""

    filters: FilterBody | None = Field(default=None, description="Conditions that every track must meet.")
    targets: Targets | None = Field(default=None, description="Values to aim for.")
    exclude: Exclude | None = Field(default=None, description="Tracks and artists to leave out.")

    def conditions(self) -> Question:
        """Return a question with these filters, targets and exclusions."""
        return Question(
            filters=Filters() if self.filters is None else self.filters.to_domain(),
            targets={} if self.targets is None else self.targets.to_domain(),
            exclude=Exclusion() if self.exclude is None else self.exclude.to_domain(),
        )


@with_options(AnswerOptions)
class RequestedOptions(Request):
    """Options of a single answer."""


REPEATS = (
    "Stored listeners only: number of days after which a track may be recommended again. Tracks heard or liked "
    "more recently are returned only if nothing else is left, those heard longest ago first. {never}: no track is "
    "repeated. Banned and disliked tracks are never returned."
)


class RecommendationRequest(SharedOptions, RequestedOptions):
    """A listening history, texts, pictures, or several of them, and options of the answer."""

    text: Texts = Field(default_factory=list, description=TEXTS)
    mood: MoodId | None = Field(default=None, description=MOOD)
    pictures: list[WeightedPictureIn] = Field(
        default_factory=list,
        max_length=PICTURES_MAX,
        description="Pictures. Every track is chosen by the history, by all texts and by all pictures.",
    )
    user: ListenerName | None = Field(
        default=None,
        description="A listener whose stored listens to use, in addition to `history` if both are given. An unknown "
        "listener has no listens.",
    )
    history: list[ListenEvent] | None = Field(
        default=None,
        max_length=HISTORY_MAX,
        validate_default=True,
        description="Listen events in any order. Required without `user`, `text`, `mood` and `pictures`.",
    )
    private: bool = Field(default=False, description=PRIVATE)
    repeat_after_days: float | None = Field(
        default=REPEAT_AFTER_DAYS, ge=0, le=REPEAT_AFTER_DAYS_MAX, description=REPEATS.format(never="Null")
    )

    @field_validator("history")
    @classmethod
    def _history_or_other(cls, given: list[ListenEvent] | None, info: ValidationInfo) -> list[ListenEvent] | None:
        names = ("user", "text", "mood", "pictures")
        others = tuple(info.data.get(name, ...) for name in names)  # ... if it is invalid
        if given is None and others == (None, [], None, []):
            raise ValueError("Give history, user, text, mood, pictures or several of them.")
        return given

    @property
    def repeat_after(self) -> timedelta | None:
        """When a track may be recommended to a stored listener again; None is never."""
        return None if self.repeat_after_days is None else timedelta(days=self.repeat_after_days)

    def to_domain(self) -> Question:
        """Return the question for the recommender, without the listener's stored past."""
        return replace(
            self.conditions(),
            history=tuple(event.to_domain() for event in self.history or ()),
            **self.model_dump(include=set(AnswerOptions.__dataclass_fields__)),
        )


Artist = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]
Days = Annotated[float, Field(ge=0, le=REPEAT_AFTER_DAYS_MAX)]

_TARGET_PARAMETERS: dict[str, Any] = {
    f"target_{name}": (
        float | None,
        Field(default=None, ge=measure.low, le=measure.high, description=f"Value to aim for. {measure.meaning}."),
    )
    for name, measure in MEASURES.items()
}
_TargetQuery: type[SimilarTracksQuery] = create_model("_TargetQuery", __base__=SimilarTracksQuery, **_TARGET_PARAMETERS)


@with_options(AnswerOptions)
class ListenerQuery(_TargetQuery):
    """Options and filters."""

    text: list[Text] = Field(
        default_factory=list, max_length=TEXTS_MAX, description=TEXTS + " The parameter may be repeated."
    )
    mood: MoodId | None = Field(default=None, description=MOOD)

    exclude_track: list[TrackName] = Field(
        default_factory=list,
        max_length=KEYWORDS_MAX,
        description="Id of a track to leave out. The parameter may be repeated.",
    )
    exclude_artist: list[Artist] = Field(
        default_factory=list,
        max_length=KEYWORDS_MAX,
        description="Artist to leave out. Case is ignored. The parameter may be repeated.",
    )
    exclude_seed_artists: bool = Field(default=False, description="Whether to leave out the artists of the listens.")
    repeat_after_days: Days | Literal["never"] = Field(
        default=REPEAT_AFTER_DAYS, description=REPEATS.format(never="`never`")
    )

    def to_question(self) -> Question:
        """Return the question for the recommender, without the listener's stored past."""
        targets = {name: getattr(self, f"target_{name}") for name in RANGE_FIELDS}
        return Question(
            filters=self.to_domain(),
            targets={name: value for name, value in targets.items() if value is not None},
            exclude=Exclusion(
                tracks=tuple(self.exclude_track),
                artists=tuple(self.exclude_artist),
                seed_artists=self.exclude_seed_artists,
            ),
            **self.model_dump(include=set(AnswerOptions.__dataclass_fields__)),
        )

    @property
    def repeat_after(self) -> timedelta | None:
        """When a track may be recommended again. None means never."""
        return None if self.repeat_after_days == "never" else timedelta(days=self.repeat_after_days)


class Recommendations(LoggedAnswer):
    """Tracks to play next, in the requested order."""

    tracks: list[RecommendedTrack]
    tastes: list[Taste] = Field(
        description="The tastes of the history, heaviest first. Without a history, the words are the only taste."
    )
    understood: list[Understood] = Field(description="What was understood of each text of the request.")
    pictures: list[SeenPicture] = Field(description="What was understood of each picture of the request.")
    unknown: list[str] = Field(description="Ids of the request that match no ready track.")


class TasteQuery(Request):
    """How to weight the listens of a taste."""

    half_life_days: float | None = Field(
        default=None,
        gt=0,
        le=HALF_LIFE_DAYS_MAX,
        description="Age in days at which an event has half its weight. Default: the service's setting.",
    )

"""What a client may ask of the recommender."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, ValidationInfo, create_model, field_validator

from services.api.request_limits import (
    EXCLUDE_MAX,
    HALF_LIFE_DAYS_MAX,
    HISTORY_MAX,
    KEYWORDS_MAX,
    REPEAT_AFTER_DAYS,
    REPEAT_AFTER_DAYS_MAX,
    RESULTS_DEFAULT,
    RESULTS_MAX,
    SEED_MAX,
    TEXT_MAX,
)
from services.api.schemas.fields import MEASURES
from services.api.schemas.filters import FilterBody
from services.api.schemas.listens import ListenerName
from services.api.schemas.tracks import EXAMPLE_PLAY, NO_NUL, ListenEvent, Request, TrackName
from services.domain.filters import RANGE_FIELDS, Filters
from services.domain.question import Exclusion, Order, Question

_DEFAULTS = Question()


class _Targets(Request):
    """Values to aim for: what is nearer to them ranks higher, nothing is left out for missing them."""

    def to_domain(self) -> dict[str, float]:
        """The values that were given, by name."""
        return {name: value for name, value in self if value is not None}


def _target(name: str) -> tuple[Any, Any]:
    measure = MEASURES[name]
    limits = Field(default=None, ge=measure.low, le=measure.high, description=measure.meaning + ".")
    return float | None, limits


_TARGETS: dict[str, Any] = {name: _target(name) for name in RANGE_FIELDS}
Targets: type[_Targets] = create_model("Targets", __base__=_Targets, __doc__=_Targets.__doc__, **_TARGETS)


class Exclude(Request):
    """What must not be answered."""

    tracks: list[TrackName] = Field(
        default_factory=list,
        max_length=EXCLUDE_MAX,
        description="Ids of tracks to leave out; the history's own are left out anyway.",
    )
    artists: list[Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]] = Field(
        default_factory=list, max_length=KEYWORDS_MAX, description="Artists to leave out, without regard to case."
    )
    seed_artists: bool = Field(default=False, description="Whether to leave out the artists of the history, too.")

    def to_domain(self) -> Exclusion:
        """The same for the recommender."""
        return Exclusion(tracks=tuple(self.tracks), artists=tuple(self.artists), seed_artists=self.seed_artists)


class Manner(Request):
    """What one answer and an endless session may both be asked."""

    diversity: float = Field(
        default=_DEFAULTS.diversity,
        ge=0,
        le=1,
        description="0 (only what fits best) to 1 (as unlike each other as can be).",
    )
    half_life_days: float | None = Field(
        default=None,
        gt=0,
        le=HALF_LIFE_DAYS_MAX,
        description="Age in days at which an event counts half; null is the service's setting.",
    )


class Conditions(Request):
    """What the tracks of one answer and of an endless session must and should be."""

    filters: FilterBody | None = Field(default=None, description="Conditions that every track must meet.")
    targets: Targets | None = Field(default=None, description="Values to aim for.")
    exclude: Exclude | None = Field(default=None, description="What must not be answered.")

    def conditions(self) -> Question:
        """The same for the recommender."""
        return Question(
            filters=Filters() if self.filters is None else self.filters.to_domain(),
            targets={} if self.targets is None else self.targets.to_domain(),
            exclude=Exclusion() if self.exclude is None else self.exclude.to_domain(),
        )


class Wishes(Manner):
    """What an answer should be like, whatever it is made from."""

    limit: int = Field(default=RESULTS_DEFAULT, ge=1, le=RESULTS_MAX, description="The most tracks to answer.")
    max_per_artist: int | None = Field(
        default=_DEFAULTS.max_per_artist,
        ge=1,
        le=RESULTS_MAX,
        description="Tracks of one artist, as long as others are left; null is any number.",
    )
    max_per_album: int | None = Field(
        default=_DEFAULTS.max_per_album, ge=1, le=RESULTS_MAX, description="Tracks of one album, likewise."
    )
    variety: float = Field(
        default=_DEFAULTS.variety, ge=0, le=1, description="0 (the same answer every time) to 1 (another each time)."
    )
    seed: int = Field(
        default=_DEFAULTS.seed, ge=0, le=SEED_MAX, description="Of the variety: the same seed gives the same answer."
    )
    order: Order = Field(
        default=_DEFAULTS.order,
        description="`relevance`: best first. `flow`: each next to what it resembles in feel, tempo and energy, from "
        "the last play on. `energy_up`, `energy_down`: by energy.",
    )


REPEATS = (
    "Only with a stored listener: days after which a track may come again that they heard. Sooner it comes only where "
    "nothing else is left, rather those heard longest ago. {never} is never. What they banned or dislike never comes."
)


class RecommendationRequest(Conditions, Wishes):
    """A listening history, and what is wanted of the answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "history": [
                    {"track_id": EXAMPLE_PLAY, "event": "play", "at": "2026-03-01T20:15:00Z", "played_ms": 183_000},
                    {"track_id": "navidrome:a1b2", "event": "skip", "played_ms": 4_000},
                ],
                "limit": 10,
                "filters": {"tempo": {"min": 90, "max": 120}, "genre": ["rock"]},
                "targets": {"energy": 0.7},
                "exclude": {"tracks": ["isrc:USRC17607839"], "seed_artists": True},
                "order": "flow",
            }
        }
    )

    user: ListenerName | None = Field(
        default=None,
        description="A listener whose stored listens are asked about, together with `history` where both are given; "
        "unknown ones have none.",
    )
    history: list[ListenEvent] | None = Field(
        default=None,
        max_length=HISTORY_MAX,
        validate_default=True,
        description="What was heard, in any order. Required without `user`.",
    )
    repeat_after_days: float | None = Field(
        default=REPEAT_AFTER_DAYS, ge=0, le=REPEAT_AFTER_DAYS_MAX, description=REPEATS.format(never="Null")
    )
    explain: bool = Field(
        default=_DEFAULTS.explain, description="Whether to say why: `tastes` and `because_of` are empty otherwise."
    )

    @field_validator("history")
    @classmethod
    def _asks_about_someone(cls, given: list[ListenEvent] | None, info: ValidationInfo) -> list[ListenEvent] | None:
        if given is None and info.data.get("user", ...) is None:
            raise ValueError("Give history, user or both.")
        return given

    @property
    def repeat_after(self) -> timedelta | None:
        """When a track may come again to a stored listener; None is never."""
        return None if self.repeat_after_days is None else timedelta(days=self.repeat_after_days)

    def to_domain(self) -> Question:
        """The same for the recommender, without what is stored of the user."""
        return replace(
            self.conditions(),
            history=tuple(event.to_domain() for event in self.history or ()),
            limit=self.limit,
            diversity=self.diversity,
            max_per_artist=self.max_per_artist,
            max_per_album=self.max_per_album,
            variety=self.variety,
            seed=self.seed,
            order=self.order,
            half_life_days=self.half_life_days,
            explain=self.explain,
        )

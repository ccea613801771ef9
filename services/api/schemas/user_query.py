"""Query parameters of recommendations and tastes of a stored listener."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model

from services.api.request_limits import KEYWORDS_MAX, REPEAT_AFTER_DAYS, REPEAT_AFTER_DAYS_MAX, TEXT_MAX
from services.api.schemas.fields import MEASURES
from services.api.schemas.filters import SimilarQuery
from services.api.schemas.recommendations import REPEATS, with_options
from services.api.schemas.tracks import NO_NUL, Request, TrackName
from services.domain.filters import RANGE_FIELDS
from services.domain.question import HALF_LIFE_DAYS_MAX, AnswerOptions, Exclusion, Question

Artist = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]
Days = Annotated[float, Field(ge=0, le=REPEAT_AFTER_DAYS_MAX)]

_TARGETS: dict[str, Any] = {
    f"target_{name}": (
        float | None,
        Field(default=None, ge=measure.low, le=measure.high, description=f"Value to aim for. {measure.meaning}."),
    )
    for name, measure in MEASURES.items()
}
_TargetQuery: type[SimilarQuery] = create_model("_TargetQuery", __base__=SimilarQuery, **_TARGETS)


@with_options(AnswerOptions)
class ListenerQuery(_TargetQuery):
    """Options and filters."""

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


class TasteQuery(Request):
    """How to weight the listens of a taste."""

    half_life_days: float | None = Field(
        default=None,
        gt=0,
        le=HALF_LIFE_DAYS_MAX,
        description="Age in days at which an event has half its weight. Default: the service's setting.",
    )

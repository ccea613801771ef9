"""A question about a stored listener, as query parameters: everything of a body that fits into a line."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model

from services.api.request_limits import (
    HALF_LIFE_DAYS_MAX,
    KEYWORDS_MAX,
    REPEAT_AFTER_DAYS,
    REPEAT_AFTER_DAYS_MAX,
    TEXT_MAX,
)
from services.api.schemas.fields import MEASURES
from services.api.schemas.filters import SimilarQuery
from services.api.schemas.recommendations import REPEATS, Wishes
from services.api.schemas.tracks import NO_NUL, Request, TrackName
from services.domain.filters import RANGE_FIELDS
from services.domain.question import Exclusion, Question

_WISHES = ("diversity", "max_per_artist", "max_per_album", "variety", "seed", "order", "half_life_days")

Artist = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]
Days = Annotated[float, Field(ge=0, le=REPEAT_AFTER_DAYS_MAX)]


class _ListenerQuery(SimilarQuery):
    """What is wanted of the answer, and the conditions that all tracks meet."""

    exclude_track: list[TrackName] = Field(
        default_factory=list, max_length=KEYWORDS_MAX, description="Ids of tracks to leave out; may be repeated."
    )
    exclude_artist: list[Artist] = Field(
        default_factory=list,
        max_length=KEYWORDS_MAX,
        description="Artists to leave out, without regard to case; may be repeated.",
    )
    exclude_seed_artists: bool = Field(default=False, description="Whether to leave out the artists that were heard.")
    repeat_after_days: Days | Literal["never"] = Field(
        default=REPEAT_AFTER_DAYS, description=REPEATS.format(never="`never`")
    )
    explain: bool = Field(
        default=True, description="Whether to say why: `tastes` and `because_of` are empty otherwise."
    )

    def to_question(self) -> Question:
        """The same for the recommender, without what is stored of the user."""
        targets = {name: getattr(self, f"target_{name}") for name in RANGE_FIELDS}
        return Question(
            limit=self.limit,
            filters=self.to_domain(),
            targets={name: value for name, value in targets.items() if value is not None},
            exclude=Exclusion(
                tracks=tuple(self.exclude_track),
                artists=tuple(self.exclude_artist),
                seed_artists=self.exclude_seed_artists,
            ),
            **{name: getattr(self, name) for name in _WISHES},
            explain=self.explain,
        )

    @property
    def repeat_after(self) -> timedelta | None:
        """When a track may come again; None is never."""
        return None if self.repeat_after_days == "never" else timedelta(days=self.repeat_after_days)


def _fields() -> dict[str, Any]:
    wishes = {name: (Wishes.model_fields[name].annotation, Wishes.model_fields[name]) for name in _WISHES}
    targets = {
        f"target_{name}": (
            float | None,
            Field(default=None, ge=measure.low, le=measure.high, description=f"Aim for this. {measure.meaning}."),
        )
        for name, measure in MEASURES.items()
    }
    return {**wishes, **targets}


ListenerQuery: type[_ListenerQuery] = create_model(
    "ListenerQuery", __base__=_ListenerQuery, __doc__=_ListenerQuery.__doc__, **_fields()
)


class TasteQuery(Request):
    """How the taste is weighed."""

    half_life_days: float | None = Field(
        default=None,
        gt=0,
        le=HALF_LIFE_DAYS_MAX,
        description="Age in days at which an event counts half; the service's setting if not given.",
    )

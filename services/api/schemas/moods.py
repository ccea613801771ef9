"""Mood presets, and the start of a new listener from them."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import quote

from pydantic import Field, StringConstraints, model_validator

from services.api.request_limits import START_CHOICES_MAX, START_MOODS_MAX, TEXT_MAX
from services.api.schemas.listens import ListenedAt
from services.api.schemas.recommendations import Recommendations
from services.api.schemas.tracks import NO_NUL, Request, Response, TrackName
from services.api.schemas.words import MoodId
from services.domain import listening
from services.domain.question import RESULTS_DEFAULT, RESULTS_MAX
from services.words import moods


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


Artist = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]


class StartRequest(Request):
    """What a new listener likes: at least one mood preset, artist or track."""

    at: ListenedAt | None = Field(
        default=None, description="When the listener chose these, with a time zone. Null means now."
    )

    moods: list[MoodId] = Field(
        default_factory=list, max_length=START_MOODS_MAX, description="Ids of mood presets; `GET /v1/moods` lists them."
    )
    artists: list[Artist] = Field(
        default_factory=list, max_length=START_CHOICES_MAX, description="Names of artists. Case is ignored."
    )
    tracks: list[TrackName] = Field(
        default_factory=list, max_length=START_CHOICES_MAX, description="Track ids or external ids."
    )
    limit: int = Field(default=RESULTS_DEFAULT, ge=1, le=RESULTS_MAX, description="Maximum number of tracks to return.")

    @model_validator(mode="after")
    def _chooses_something(self) -> Self:
        if not (self.moods or self.artists or self.tracks):
            raise ValueError("Give at least one of `moods`, `artists` and `tracks`.")
        return self


class NextCall(Response):
    """A request to send next."""

    method: str
    path: str
    purpose: str


class Started(Recommendations):
    """The first recommendations of a new listener."""

    next: list[NextCall] = Field(description="Requests to send next.")

    @classmethod
    def of(cls, user: str, first: Recommendations, unknown: tuple[str, ...]) -> Self:
        """Return the response for a start; `unknown` are the choices that match no analysed track."""
        listener = f"/v1/users/{quote(user, safe='')}"
        calls = (
            ("POST", f"{listener}/listens", "Report what the listener plays, skips and likes."),
            ("GET", f"{listener}/recommendations", "Get more tracks at any time."),
            ("POST", "/v1/radio", f"Start an endless session; send the listener as `user`: {user}."),
        )
        return cls(
            tracks=first.tracks,
            tastes=first.tastes,
            understood=first.understood,
            pictures=first.pictures,
            unknown=list(dict.fromkeys([*unknown, *first.unknown])),
            recommendation_id=first.recommendation_id,
            experiment=first.experiment,
            next=[NextCall(method=method, path=path, purpose=purpose) for method, path, purpose in calls],
        )


class Start(Response):
    """What a listener started from."""

    moods: list[str] = Field(description="Ids of mood presets.")
    artists: list[str] = Field(description="Names of artists.")
    tracks: list[str] = Field(description="Track ids.")
    at: datetime = Field(description="When the listener started.")

    @classmethod
    def of(cls, start: listening.Start) -> Self:
        """Return the response for a stored start."""
        return cls(moods=list(start.moods), artists=list(start.artists), tracks=list(start.tracks), at=start.at)

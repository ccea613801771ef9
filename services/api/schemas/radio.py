"""Radio sessions and paths as they go in and out over HTTP."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints

from services.api.request_limits import (
    CALL_MAX,
    EVENTS_MAX,
    HISTORY_MAX,
    RADIO_SEEDS_MAX,
    RESULTS_DEFAULT,
    RESULTS_MAX,
    SEED_MAX,
    TEXT_MAX,
)
from services.api.schemas.listens import ListenedAt, ListenerName
from services.api.schemas.recommendations import Conditions, Manner
from services.api.schemas.tracks import (
    EXAMPLE_ID,
    EXAMPLE_PLAY,
    NO_NUL,
    ListenEvent,
    Request,
    Response,
    SimilarTrack,
    Taste,
    Track,
    TrackName,
)
from services.domain import radio
from services.domain.listening import EventKind
from services.domain.question import Order

Name = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]


class RadioSeeds(Request):
    """What a radio starts from; everything that is named is a direction, those that resemble each other are one."""

    tracks: list[TrackName] = Field(default_factory=list, max_length=RADIO_SEEDS_MAX, description="Ids of tracks.")
    artists: list[Name] = Field(
        default_factory=list, max_length=RADIO_SEEDS_MAX, description="Artists, without regard to case."
    )
    genres: list[Name] = Field(
        default_factory=list,
        max_length=RADIO_SEEDS_MAX,
        description="Genres of the files' tags, or tags that the encoder hears, without regard to case.",
    )
    tags: list[Name] = Field(
        default_factory=list,
        max_length=RADIO_SEEDS_MAX,
        description="Tags that the encoder hears, without regard to case.",
    )

    def to_domain(self) -> radio.Seeds:
        """The same for the recommender."""
        return radio.Seeds(
            tracks=tuple(self.tracks), artists=tuple(self.artists), genres=tuple(self.genres), tags=tuple(self.tags)
        )


class RadioRequest(Conditions, Manner):
    """What a radio starts from, and what holds for the whole session."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "seeds": {"tracks": [EXAMPLE_ID], "genres": ["folk"]},
                "history": [{"track_id": EXAMPLE_PLAY, "event": "like"}],
                "filters": {"duration_ms": {"min": 60_000}},
                "exclude": {"artists": ["Anybody"]},
                "order": "flow",
                "seed": 7,
            }
        }
    )

    seeds: RadioSeeds | None = Field(default=None, description="Tracks, artists, genres, tags.")
    history: list[ListenEvent] = Field(
        default_factory=list, max_length=HISTORY_MAX, description="What was heard before, in any order."
    )
    user: ListenerName | None = Field(
        default=None, description="The listener whose session it is: what is reported belongs to their listens as well."
    )
    variety: float = Field(
        default=radio.VARIETY, ge=0, le=1, description="0 (what fits best) to 1 (a good deal of chance)."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=SEED_MAX,
        description="The same seed and the same reports give the same session; null draws one.",
    )
    order: Order = Field(
        default=Order.RELEVANCE,
        description="Of each answer. `relevance`: directions take turns. `flow`: each next to what it resembles in "
        "feel, tempo and energy. `energy_up`, `energy_down`: by energy, even if an artist then follows themselves.",
    )

    def to_domain(self) -> radio.RadioStart:
        """The same for the recommender."""
        return radio.RadioStart(
            seeds=radio.Seeds() if self.seeds is None else self.seeds.to_domain(),
            history=tuple(event.to_domain() for event in self.history),
            listener=self.user,
            terms=replace(
                self.conditions(),
                diversity=self.diversity,
                variety=self.variety,
                seed=secrets.randbelow(2**31) if self.seed is None else self.seed,
                order=self.order,
                half_life_days=self.half_life_days,
            ),
        )


class RadioEvent(ListenEvent):
    """One thing a listener did in a session; of a stored listener it is kept."""

    at: ListenedAt | None = Field(default=None, description="When, with a time zone; null is now.")


class NextRequest(Request):
    """What became of the tracks answered before, and how many are wanted next."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "events": [{"track_id": EXAMPLE_PLAY, "event": "skip", "played_ms": 4_000}],
                "limit": 5,
                "call": "7f1d8a2e-2",
            }
        }
    )

    events: list[RadioEvent] = Field(
        default_factory=list,
        max_length=EVENTS_MAX,
        description="What was played, skipped, liked, in order. An event with the same `at` as before counts once.",
    )
    limit: int = Field(default=RESULTS_DEFAULT, ge=1, le=RESULTS_MAX, description="The most tracks to answer.")
    call: Annotated[str, StringConstraints(min_length=1, max_length=CALL_MAX, pattern=NO_NUL)] | None = Field(
        default=None,
        description="A key of the client's own for this call, such as a UUID. Repeated after a lost answer it gets the "
        "same answer, and its events count once.",
    )


class Direction(Taste):
    """One kind of music that the session plays."""

    number: int = Field(description="Its name within the session.")
    active: bool = Field(description="False once three rejections in a row have turned the session away from it.")
    rejections: int = Field(description="Skips, dislikes and bans of this kind since one of it was played or liked.")

    @classmethod
    def described(cls, found: radio.DescribedDirection) -> Self:
        """The answer for a direction that the recommender described."""
        standing = found.standing
        taste = Taste.of(found.taste).model_dump()
        return cls(**taste, number=standing.number, active=standing.is_active, rejections=standing.rejections)


class RadioTrack(SimilarTrack):
    """A track to play next, and why."""

    direction: int | None = Field(description="Number of the direction it was chosen for.")


class NextTracks(Response):
    """Tracks to play next, in order."""

    tracks: list[RadioTrack]
    directions: list[Direction] = Field(description="Where the session goes after what was reported.")
    unknown: list[str] = Field(description="Reported ids that no track has.")


class PlayedTrack(Response):
    """Something that was reported."""

    track_id: str
    event: EventKind
    at: datetime
    played_ms: int | None


class RadioSession(Response):
    """An endless session as it stands."""

    id: str = Field(description="Whoever knows it may go on with the session.")
    user: str | None
    seed: int = Field(description="The same seed and the same reports give the same session.")
    directions: list[Direction] = Field(description="In the order in which they were opened.")
    played: list[PlayedTrack] = Field(description="What was reported, latest first.")
    answered: int = Field(description="Tracks answered so far.")
    unknown: list[str] = Field(description="Names it was started with that nothing ready in the library has.")
    created_at: datetime
    expires_at: datetime = Field(description="When it is dropped unless it is gone on with.")

    @classmethod
    def of(cls, view: radio.RadioView) -> Self:
        """The answer for a session."""
        session = view.session
        return cls(
            id=session.id,
            user=session.listener,
            seed=session.terms.seed,
            directions=[Direction.described(each) for each in view.directions],
            played=[
                PlayedTrack.model_validate(
                    {"track_id": each.track_id, "event": each.kind, "at": each.at, "played_ms": each.played_ms}
                )
                for each in view.played
            ],
            answered=session.position,
            unknown=list(view.unknown),
            created_at=session.created_at,
            expires_at=session.touched_at + radio.IDLE,
        )


class PathTrack(Track):
    """A track of a path."""

    similarity: float = Field(description="Cosine similarity to the track before, −1 to 1; 1 for the first.")


class Path(Response):
    """Tracks from one to another, in order."""

    tracks: list[PathTrack]

"""Requests and responses of radio sessions and paths."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints

from services.api.request_limits import (
    CALL_MAX,
    EVENTS_MAX,
    HISTORY_MAX,
    RADIO_SEEDS_MAX,
    TEXT_MAX,
    TEXTS_MAX,
)
from services.api.schemas.answers import LoggedAnswer
from services.api.schemas.listens import FOLLOWED, Key, ListenedAt, ListenerName, uuid_or_none
from services.api.schemas.recommendations import SharedOptions, with_options
from services.api.schemas.tracks import (
    NO_NUL,
    ListenEvent,
    Request,
    Response,
    SimilarTrack,
    Taste,
    Track,
    TrackName,
)
from services.api.schemas.words import MOOD, MoodId, Texts, Understood
from services.domain import listening, radio
from services.domain.listening import EventKind
from services.domain.question import RESULTS_DEFAULT, RESULTS_MAX, SEED_MAX, Order, SessionOptions

Name = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)]


IN_FORCE = "It stays in force until `POST /v1/radio/{session_id}/next` replaces or ends it."
STEERS = (
    f"A description of music, or up to {TEXTS_MAX}, that steer the session. Facts such as “under 80 bpm” become "
    f"filters. {IN_FORCE}"
)
UNDERSTOOD = "What was understood of each text that steers the session now."


class RadioSeeds(Request):
    """Seeds of a radio session. Seeds that resemble each other form one direction."""

    tracks: list[TrackName] = Field(default_factory=list, max_length=RADIO_SEEDS_MAX, description="Ids of tracks.")
    artists: list[Name] = Field(
        default_factory=list, max_length=RADIO_SEEDS_MAX, description="Names of artists. Case is ignored."
    )
    genres: list[Name] = Field(
        default_factory=list,
        max_length=RADIO_SEEDS_MAX,
        description="Genres from the files' tags, or tags from the analysis. Case is ignored.",
    )
    tags: list[Name] = Field(
        default_factory=list,
        max_length=RADIO_SEEDS_MAX,
        description="Tags from the analysis. Case is ignored.",
    )

    def to_domain(self) -> radio.Seeds:
        """Return the seeds for the radio."""
        return radio.Seeds(
            tracks=tuple(self.tracks), artists=tuple(self.artists), genres=tuple(self.genres), tags=tuple(self.tags)
        )


def _as_seeds(given: object) -> object:
    """Return a list of ids as seeds."""
    if not isinstance(given, list):
        return given
    if not all(isinstance(each, str) for each in given):
        raise ValueError('must be ids, as in ["id"], or an object, as in {"tracks": ["id"], "artists": ["name"]}')
    return {"tracks": given}


@with_options(SessionOptions)
class RadioRequest(SharedOptions):
    """The start of a radio session, and options of the whole session."""

    seeds: Annotated[
        RadioSeeds | None, BeforeValidator(_as_seeds, json_schema_input_type=RadioSeeds | list[TrackName] | None)
    ] = Field(default=None, description="Ids of tracks, or tracks, artists, genres and tags.")
    history: list[ListenEvent] = Field(
        default_factory=list, max_length=HISTORY_MAX, description="Earlier listen events in any order."
    )
    user: ListenerName | None = Field(
        default=None, description="The listener of the session. Events reported in it are stored as their listens, too."
    )
    variety: float = Field(
        default=radio.VARIETY, ge=0, le=1, description="Random variation: 0 (best matches only) to 1 (much)."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=SEED_MAX,
        description="The same seed and the same events give the same session. Null: a random seed.",
    )
    private: bool = Field(
        default=False, description="Whether to keep all answers of the session out of the recommendation log."
    )
    text: Texts = Field(default_factory=list, description=STEERS)
    mood: MoodId | None = Field(default=None, description=f"{MOOD} {IN_FORCE}")
    limit: int = Field(
        default=0, ge=0, le=RESULTS_MAX, description="Maximum number of first tracks to return with the session."
    )
    order: Order = Field(
        default=Order.RELEVANCE,
        description="Order within each answer. `relevance`: directions alternate. `flow`: each track next to those "
        "that resemble it in sound, tempo and energy. `energy_up`, `energy_down`: sorted by energy, even if tracks of "
        "one artist then follow each other.",
    )

    def to_domain(self) -> radio.RadioStart:
        """Return the start for the radio."""
        options = self.model_dump(include=set(SessionOptions.__dataclass_fields__))
        if self.seed is None:
            options["seed"] = secrets.randbelow(2**31)
        return radio.RadioStart(
            seeds=radio.Seeds() if self.seeds is None else self.seeds.to_domain(),
            history=tuple(event.to_domain() for event in self.history),
            listener=self.user,
            terms=replace(self.conditions(), **options),
            words=_change(self),
            is_private=self.private,
        )


def _change(body: "RadioRequest | NextRequest") -> radio.WordsChange:
    """Return the change of the words: a field that the request does not contain changes nothing."""
    given = body.model_fields_set
    return radio.WordsChange(
        texts=tuple(text.to_domain() for text in body.text or ()) if "text" in given else None,
        moods=tuple(mood for mood in (body.mood,) if mood is not None) if "mood" in given else None,
    )


class RadioEvent(ListenEvent):
    """A listen event in a session."""

    at: ListenedAt | None = Field(default=None, description="Time of the event, with a time zone. Null: now.")
    recommendation_id: Key | None = Field(default=None, description=FOLLOWED)

    def to_domain(self) -> listening.ListenEvent:
        """Return the event for the radio."""
        return replace(super().to_domain(), recommendation_id=uuid_or_none(self.recommendation_id))


class NextRequest(Request):
    """Events since the last call, and the number of tracks to return."""

    events: list[RadioEvent] = Field(
        default_factory=list,
        max_length=EVENTS_MAX,
        description="Listen events in order. An event that was reported before with the same `at` is ignored.",
    )
    limit: int = Field(default=RESULTS_DEFAULT, ge=1, le=RESULTS_MAX, description="Maximum number of tracks to return.")
    call: Annotated[str, StringConstraints(min_length=1, max_length=CALL_MAX, pattern=NO_NUL)] | None = Field(
        default=None,
        description="A key of your choice for this call, such as a UUID. Repeat a call with its key after a lost "
        "response: you get the same answer, and the events count once.",
    )
    text: Texts | None = Field(
        default=None,
        description="Replaces the texts of the session, such as “calmer now”; null or an empty array ends them. "
        "Without this field, they do not change. Words such as “calmer” or “slower” compare with the track of the "
        f"latest event, or with the tracks of the last answer. {IN_FORCE}",
    )
    mood: MoodId | None = Field(
        default=None,
        description="Replaces the mood preset of the session; null ends it. Without this field, it does not change.",
    )

    def change(self) -> radio.WordsChange:
        """Return the change of the session's words."""
        return _change(self)


class Direction(Taste):
    """A direction: one kind of music that the session plays."""

    number: int = Field(description="Number of the direction within the session.")
    active: bool = Field(
        description="False after three rejections in a row: the session has turned away from the direction."
    )
    rejections: int = Field(
        description="Skips, dislikes and bans of this direction's tracks since the last play or like of one."
    )

    @classmethod
    def described(cls, found: radio.DescribedDirection) -> Self:
        """Return the response for a direction."""
        state = found.state
        taste = Taste.of(found.taste).model_dump()
        return cls(**taste, number=state.number, active=state.is_active, rejections=state.rejections)


class RadioTrack(SimilarTrack):
    """A track to play next, and the reasons for it."""

    direction: int | None = Field(description="Number of the direction that the track was chosen for.")


class NextTracks(LoggedAnswer):
    """Tracks to play next, in order."""

    tracks: list[RadioTrack]
    directions: list[Direction] = Field(description="Directions of the session after the reported events.")
    unknown: list[str] = Field(description="Reported ids that are not in the library.")
    understood: list[Understood] = Field(description=UNDERSTOOD)
    mood: str | None = Field(description="The mood preset that steers the session now.")


class PlayedTrack(Response):
    """A reported event."""

    track_id: str
    event: EventKind
    at: datetime
    played_ms: int | None


class RadioSession(Response):
    """The state of a radio session."""

    id: str = Field(
        description="Id of the session. Anyone who knows it can continue the session, unless it belongs to a listener."
    )
    user: str | None
    private: bool = Field(description="Whether its answers are kept out of the recommendation log.")
    seed: int = Field(description="The same seed and the same events give the same session.")
    directions: list[Direction] = Field(description="Directions, oldest first.")
    played: list[PlayedTrack] = Field(description="Reported events, latest first.")
    understood: list[Understood] = Field(description=UNDERSTOOD)
    mood: str | None = Field(description="The mood preset that steers the session now.")
    answered: int = Field(description="Number of tracks returned so far.")
    unknown: list[str] = Field(description="Seeds, history ids and exclusions that match no analysed track.")
    created_at: datetime
    expires_at: datetime = Field(description="When the session is deleted if it is not continued.")

    @classmethod
    def of(cls, view: radio.RadioView) -> Self:
        """Return the response for a session."""
        session = view.session
        return cls(
            id=session.id,
            user=session.listener,
            private=session.is_private,
            seed=session.terms.seed,
            directions=[Direction.described(each) for each in view.directions],
            played=[
                PlayedTrack.model_validate(
                    {"track_id": each.track_id, "event": each.kind, "at": each.at, "played_ms": each.played_ms}
                )
                for each in view.played
            ],
            understood=[Understood.of(text) for text in session.words.texts],
            mood=session.words.mood,
            answered=session.position,
            unknown=list(view.unknown),
            created_at=session.created_at,
            expires_at=session.touched_at + radio.IDLE,
        )


class StartedRadio(LoggedAnswer, RadioSession):
    """A new session, and its first tracks."""

    tracks: list[RadioTrack] = Field(description="Tracks to play first, in order: as many as the request asks for.")


class PathTrack(Track):
    """A track of a path."""

    similarity: float = Field(description="Cosine similarity to the previous track, −1 to 1; 1 for the first.")


class Path(Response):
    """A path: tracks in order."""

    tracks: list[PathTrack]

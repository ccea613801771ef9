"""Requests and responses about listeners and external ids."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.api.request_limits import (
    CURSOR_MAX,
    EXTERNAL_ID_MAX,
    IDS_MAX,
    LISTENER_MAX,
    LISTENS_MAX,
    NAMED_MAX,
    OTHER_IDS_MAX,
    PAGE_DEFAULT,
    PAGE_MAX,
    PLAYED_MS_MAX,
    TIME_AHEAD,
    UNDATED_PLAYS_MAX,
)
from services.api.schemas.tracks import NO_NUL, Moment, Request, Response, Track, TrackName, is_none
from services.domain import listening as kept
from services.domain import track as library
from services.domain.errors import InvalidRequest
from services.domain.listening import EventKind

RULE = f"1 to {LISTENER_MAX} characters, none of them a slash or a control character"


class InvalidListenerName(InvalidRequest):
    """The text is not a valid listener name."""

    def __init__(self) -> None:
        super().__init__(f"Invalid listener name. A name has {RULE}.")


def listener_named(text: str) -> str:
    """Return the name as it is stored, in composed characters (NFC), so that "é" has one form.

    Raises:
        InvalidListenerName: it cannot be one.
    """
    name = unicodedata.normalize("NFC", text)
    if not 0 < len(name) <= LISTENER_MAX or any(_is_forbidden(letter) for letter in name):
        raise InvalidListenerName
    return name


def _is_forbidden(letter: str) -> bool:
    return letter == "/" or unicodedata.category(letter) in ("Cc", "Cs")


def _checked(text: str) -> str:
    try:
        return listener_named(text)
    except InvalidListenerName as error:
        raise ValueError(error.detail) from error


ListenerName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LISTENER_MAX, pattern=r"^[^/\x00-\x1f\x7f-\x9f]*$"),
    AfterValidator(_checked),
]

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def uuid_or_none(text: str | None) -> str | None:
    """Return the text if it has the form of an id, else None."""
    try:
        return None if text is None else str(UUID(text))
    except ValueError:
        return None


def _plausible(at: datetime) -> datetime:
    if at < EARLIEST:
        raise ValueError("must not be before 1970")
    if at > datetime.now(UTC) + TIME_AHEAD:
        raise ValueError("must not be in the future")
    return at


ListenedAt = Annotated[Moment, AfterValidator(_plausible)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAMED_MAX, pattern=NO_NUL)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=EXTERNAL_ID_MAX, pattern=NO_NUL)]


FOLLOWED = (
    "The `recommendation_id` of the answer that recommended the track. An unknown one is ignored. Without one, the "
    "listen counts for the latest answer of the last 24 hours that recommended the track to the listener."
)


class ListenIn(Request):
    """A listen event. The track is named by `track_id`, or by `artist` and `title`."""

    track_id: TrackName | None = Field(
        default=None,
        description="A track id or an external id, `namespace:value`. The library need not have the track.",
    )
    other_ids: list[TrackName] = Field(
        default_factory=list,
        max_length=OTHER_IDS_MAX,
        description="Further ids of the track, looked up after `track_id`.",
    )
    artist: Name | None = Field(default=None, description="Finds the track together with `title` if no id matches.")
    title: Name | None = Field(default=None, description="Finds the track together with `artist` if no id matches.")
    album: Name | None = Field(default=None, description="Distinguishes tracks of the same artist and title.")
    duration_ms: int | None = Field(
        default=None,
        ge=0,
        le=PLAYED_MS_MAX,
        description="Length of the track in milliseconds, which also distinguishes tracks.",
    )
    event: EventKind = Field(default=EventKind.PLAY, description="What the listener did.")
    at: ListenedAt | None = Field(default=None, description="Time of the event, with a time zone. Null means now.")
    played_ms: int | None = Field(default=None, ge=0, le=PLAYED_MS_MAX, description="Played time in milliseconds.")
    undated_plays: int | None = Field(
        default=None,
        ge=1,
        le=UNDATED_PLAYS_MAX,
        description="Number of plays whose times are unknown, such as the play count of another program. They count as "
        "old plays. Only without `at` and `played_ms`.",
    )
    recommendation_id: Key | None = Field(default=None, description=FOLLOWED)
    key: Key | None = Field(
        default=None,
        description="Your own name for this listen: the same key again is the same listen. Without one, the same "
        "track, event and time are.",
    )

    @model_validator(mode="after")
    def _names_a_track(self) -> Self:
        if (self.artist is None) != (self.title is None):
            raise ValueError("Give `artist` and `title` together.")
        if self.track_id is None and not self.other_ids and self.title is None:
            raise ValueError("Give `track_id`, or `artist` and `title`.")
        has_time = self.at is not None or self.played_ms is not None
        if self.undated_plays is not None and (has_time or self.event != EventKind.PLAY):
            raise ValueError("`undated_plays` needs the event `play`, without `at` and `played_ms`.")
        return self

    def to_domain(self, now: datetime) -> kept.NewListen:
        """Return the listen for the catalogue."""
        described = None
        if self.artist is not None and self.title is not None:
            described = kept.Description(
                artist=self.artist, title=self.title, album=self.album, duration_ms=self.duration_ms
            )
        return kept.NewListen(
            names=tuple(dict.fromkeys([*(() if self.track_id is None else (self.track_id,)), *self.other_ids])),
            described=described,
            kind=self.event,
            at=kept.UNDATED if self.undated_plays is not None else self.at or now,
            played_ms=self.played_ms,
            key=self.key,
            undated_plays=self.undated_plays,
            recommendation_id=uuid_or_none(self.recommendation_id),
        )


class ListensIn(Request):
    """Listen events, in any order."""

    listens: list[ListenIn] = Field(min_length=1, max_length=LISTENS_MAX, description="At most 1,000 listens.")


class ListenOutcome(Response):
    """The result for one listen."""

    id: int = Field(description="Id of the stored listen, for DELETE.")
    status: Literal["recorded", "duplicate"]
    track_id: str | None = Field(description="Id of the track. Null while the library does not have it.")


class ListensRecorded(Response):
    """The result for each listen. All of them are on disk."""

    recorded: int = Field(description="Number of new listens.")
    duplicates: int = Field(description="Number of listens that were stored before. They are unchanged.")
    unknown: int = Field(
        description="Number of listens of tracks that are not in the library. They are stored, and count as soon as "
        "their track is added."
    )
    listens: list[ListenOutcome] = Field(description="One result per listen, in the same order.")

    @classmethod
    def of(cls, recorded: list[kept.Recorded]) -> Self:
        """Return the response for recorded listens."""
        new = sum(outcome.is_new for outcome in recorded)
        return cls(
            recorded=new,
            duplicates=len(recorded) - new,
            unknown=sum(outcome.track_id is None for outcome in recorded),
            listens=[
                ListenOutcome(
                    id=outcome.id, status="recorded" if outcome.is_new else "duplicate", track_id=outcome.track_id
                )
                for outcome in recorded
            ],
        )


class Listen(Response):
    """A stored listen event."""

    id: int = Field(description="Id of the listen, for DELETE.")
    track_id: str | None = Field(description="A Segue id. Null while the library does not have the track.")
    names: list[str] = Field(description="The ids in the request.")
    artist: str | None = Field(description="From the request, as are the next three fields.")
    title: str | None
    album: str | None
    duration_ms: int | None
    event: EventKind
    at: datetime | None = Field(description="Null if the time is unknown, which only `undated_plays` are.")
    played_ms: int | None
    key: str | None
    undated_plays: int | None = Field(description="Number of plays whose times are unknown. Null for any other event.")
    track: Track | None = Field(
        default=None,
        exclude_if=is_none,
        description="The track, if the request asks for it and the library has it. Absent otherwise.",
    )

    @classmethod
    def of(cls, found: kept.Listen, track: library.Track | None = None) -> Self:
        """Return the response for a listen."""
        described = found.described
        return cls(
            id=found.id,
            track_id=found.track_id,
            names=list(found.names),
            artist=None if described is None else described.artist,
            title=None if described is None else described.title,
            album=None if described is None else described.album,
            duration_ms=None if described is None else described.duration_ms,
            event=found.kind,
            at=found.at if found.undated_plays is None else None,
            played_ms=found.played_ms,
            key=found.key,
            undated_plays=found.undated_plays,
            track=None if track is None else Track.of(track),
        )


class ListenPage(Response):
    """A page of listens, newest first; those without a time come last."""

    listens: list[Listen]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page. Null on the last page.")


class ListenPageQuery(Request):
    """The listens to list."""

    event: list[EventKind] = Field(
        default_factory=list,
        max_length=len(EventKind),
        description="Return only these events. The parameter may be repeated.",
    )
    since: Moment | None = Field(
        default=None, description="Return only events at or after this time, with a time zone."
    )
    before: Moment | None = Field(default=None, description="Return only events before this time, with a time zone.")
    tracks: kept.TrackKnown = Field(
        default=kept.TrackKnown.ALL, description="`unknown`: only listens of tracks that the library does not have."
    )
    details: bool = Field(default=False, description="Whether to return the track of each listen, too.")
    cursor: str | None = Field(default=None, max_length=CURSOR_MAX, description="`next_cursor` of the previous page.")
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of listens on a page.")

    def to_domain(self) -> kept.ListenFilter:
        """Return the conditions for the catalogue."""
        return kept.ListenFilter(kinds=tuple(self.event), since=self.since, before=self.before, track_known=self.tracks)


class ListenCounts(Response):
    """Counts of a listener's stored events; plays without a time count one by one."""

    events: dict[str, int] = Field(description="Number of listens by event.")
    tracks: int = Field(description="Number of different tracks in the library.")
    unknown: int = Field(description="Number of listens of tracks that are not in the library.")
    first_at: datetime | None = Field(description="Time of the first listen.")
    last_at: datetime | None = Field(description="Time of the last listen.")

    @classmethod
    def of(cls, found: kept.ListenCounts) -> Self:
        """Return the response for counts."""
        return cls(
            events={kind.value: count for kind, count in found.by_kind.items()},
            tracks=found.tracks,
            unknown=found.unknown,
            first_at=found.first_at,
            last_at=found.last_at,
        )


class Forgotten(Response):
    """What was deleted of a listener."""

    listens: int = Field(description="Number of deleted listens.")


Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]


class ExternalIds(Request):
    """External ids to set, by namespace. Null removes an id. Other namespaces do not change."""

    ids: dict[Namespace, Key | None] = Field(
        min_length=1,
        max_length=IDS_MAX,
        description="Ids by namespace, which has lower-case letters, digits, _ and -. Scans do not change these ids.",
    )

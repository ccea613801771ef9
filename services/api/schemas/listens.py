"""What goes in and out about listeners over HTTP."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

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
)
from services.api.schemas.fields import Moment
from services.api.schemas.tracks import NO_NUL, Request, Response, Taste, TrackName
from services.domain import listening as kept
from services.domain.errors import InvalidRequest
from services.domain.listening import EventKind

RULE = f"1 to {LISTENER_MAX} characters, none of them a slash or a control character"


class InvalidListenerName(InvalidRequest):
    """A text that cannot be a listener's name."""

    def __init__(self) -> None:
        super().__init__(f"This is no listener's name: {RULE}.")


def listener_named(text: str) -> str:
    """The name as it is stored: composed characters, so that "é" is the same from every keyboard.

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


def _plausible(at: datetime) -> datetime:
    if at < EARLIEST:
        raise ValueError("This is before 1970.")
    if at > datetime.now(UTC) + TIME_AHEAD:
        raise ValueError("This lies in the future.")
    return at


ListenedAt = Annotated[Moment, AfterValidator(_plausible)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAMED_MAX, pattern=NO_NUL)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=EXTERNAL_ID_MAX, pattern=NO_NUL)]


class ListenIn(Request):
    """One thing a listener did. The track goes by `track_id`, or by `artist` and `title`."""

    track_id: TrackName | None = Field(
        default=None, description="A track id or an external id, `namespace:value`, whether or not the library has it."
    )
    other_ids: list[TrackName] = Field(
        default_factory=list, max_length=OTHER_IDS_MAX, description="Further ids of the track, tried after `track_id`."
    )
    artist: Name | None = Field(default=None, description="Finds the track where no id does, together with `title`.")
    title: Name | None = Field(default=None, description="Finds the track where no id does, together with `artist`.")
    album: Name | None = Field(default=None, description="Decides between tracks of the same artist and title.")
    duration_ms: int | None = Field(
        default=None, ge=0, le=PLAYED_MS_MAX, description="Likewise: the track's length in milliseconds."
    )
    event: EventKind = Field(default=EventKind.PLAY, description="What the listener did.")
    at: ListenedAt | None = Field(default=None, description="When, with a time zone; null is now.")
    played_ms: int | None = Field(
        default=None, ge=0, le=PLAYED_MS_MAX, description="How much of it was heard, in milliseconds."
    )
    key: Key | None = Field(
        default=None,
        description="Your own name for this listen: the same key again is the same listen. Without one, the same "
        "track, event and time are.",
    )

    @model_validator(mode="after")
    def _names_a_track(self) -> Self:
        if (self.artist is None) != (self.title is None):
            raise ValueError("Give artist and title together.")
        if self.track_id is None and not self.other_ids and self.title is None:
            raise ValueError("Give track_id, or artist and title.")
        return self

    def to_domain(self, now: datetime) -> kept.NewListen:
        """The listen as the catalogue keeps it."""
        described = None
        if self.artist is not None and self.title is not None:
            described = kept.Description(
                artist=self.artist, title=self.title, album=self.album, duration_ms=self.duration_ms
            )
        return kept.NewListen(
            names=tuple(dict.fromkeys([*(() if self.track_id is None else (self.track_id,)), *self.other_ids])),
            described=described,
            kind=self.event,
            at=self.at or now,
            played_ms=self.played_ms,
            key=self.key,
        )


class ListensIn(Request):
    """What a listener did, in any order."""

    listens: list[ListenIn] = Field(min_length=1, max_length=LISTENS_MAX, description="At most a thousand.")


class ListenOutcome(Response):
    """What became of one listen that was sent."""

    id: int = Field(description="Of the listen that is kept: DELETE takes it.")
    status: Literal["recorded", "duplicate"]
    track_id: str | None = Field(description="The track it is of; null while the library has none of that name.")


class ListensRecorded(Response):
    """What became of each listen. All of them are on disk."""

    recorded: int = Field(description="Listens that are new.")
    duplicates: int = Field(description="Listens that were there already: these stay as they were.")
    unknown: int = Field(
        description="Listens of tracks that the library does not have. They are kept, and count from the moment that "
        "their track comes."
    )
    listens: list[ListenOutcome] = Field(description="One for each that was sent, in the same order.")

    @classmethod
    def of(cls, recorded: list[kept.Recorded]) -> Self:
        """The answer for what the catalogue recorded."""
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
    """One thing that a listener did, as it is kept."""

    id: int = Field(description="Names the listen for DELETE.")
    track_id: str | None = Field(description="A Segue id; null while the library has no track of that name.")
    names: list[str] = Field(description="The ids that it was sent with.")
    artist: str | None = Field(description="As it was sent, as are the next three.")
    title: str | None
    album: str | None
    duration_ms: int | None
    event: EventKind
    at: datetime
    played_ms: int | None
    key: str | None

    @classmethod
    def of(cls, found: kept.Listen) -> Self:
        """The answer for a listen of the catalogue."""
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
            at=found.at,
            played_ms=found.played_ms,
            key=found.key,
        )


class ListenPage(Response):
    """Some listens, newest first."""

    listens: list[Listen]
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page; null on the last.")


class ListenPageQuery(Request):
    """Which listens to list."""

    event: list[EventKind] = Field(
        default_factory=list, max_length=len(EventKind), description="Only these events; may be repeated."
    )
    since: Moment | None = Field(default=None, description="Only what was done then or later, with a time zone.")
    before: Moment | None = Field(default=None, description="Only what was done earlier, with a time zone.")
    tracks: kept.TrackKnown = Field(
        default=kept.TrackKnown.ALL, description="`unknown`: only listens of tracks that the library does not have."
    )
    cursor: str | None = Field(default=None, max_length=CURSOR_MAX, description="`next_cursor` of the page before.")
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Listens on a page.")

    def to_domain(self) -> kept.ListenFilter:
        """The conditions for the catalogue."""
        return kept.ListenFilter(kinds=tuple(self.event), since=self.since, before=self.before, track_known=self.tracks)


class ListenCounts(Response):
    """How much of a listener is kept."""

    events: dict[str, int] = Field(description="How many of each event.")
    tracks: int = Field(description="Different tracks of the library.")
    unknown: int = Field(description="Listens of tracks that the library does not have.")
    first_at: datetime | None = Field(description="When the first of them was.")
    last_at: datetime | None = Field(description="When the last of them was.")

    @classmethod
    def of(cls, found: kept.ListenCounts) -> Self:
        """The answer for what the catalogue counted."""
        return cls(
            events={kind.value: count for kind, count in found.by_kind.items()},
            tracks=found.tracks,
            unknown=found.unknown,
            first_at=found.first_at,
            last_at=found.last_at,
        )


class ListenerTaste(Response):
    """What a listener likes, made from the last thousand events of tracks that the library has."""

    tastes: list[Taste] = Field(description="Heaviest first; empty while nothing is known.")
    counts: ListenCounts


class Forgotten(Response):
    """What was deleted of a listener."""

    listens: int = Field(description="How many listens that were.")


Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]


class ExternalIds(Request):
    """External ids to set, by namespace; null takes one away. Namespaces that are not named stay as they are."""

    ids: dict[Namespace, Key | None] = Field(
        min_length=1,
        max_length=IDS_MAX,
        description="By namespace: lower-case letters, digits, _ and -. Scans leave them alone.",
    )

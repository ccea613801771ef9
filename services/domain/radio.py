"""An endless radio: what it was started with, where it may go, what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.domain.listening import DescribedTaste, ListenEvent, Recommendation
from services.domain.question import Question

IDLE = timedelta(days=30)
"""How long a session is kept that nobody goes on with: a holiday is survived."""

VARIETY = 0.2
"""A radio's own: enough that two sessions from one seed differ from the first track on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """What a radio starts from, besides a history: tracks by their ids, artists, genres and tags by their names."""

    tracks: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tracks or self.artists or self.genres or self.tags)


@dataclass(frozen=True, slots=True)
class Direction:
    """One kind of music that a session may play.

    Attributes:
        number: Its name within the session.
        plays: Tracks it was made from, each with its weight, heaviest first.
        weight: Its share beside the others', before anything was played.
        since: Number of the session's events when it was opened; earlier ones don't concern it.
        waypoint: The track it leans towards now; it changes as the session goes on.
    """

    number: int
    plays: tuple[tuple[str, float], ...]
    weight: float = 1.0
    since: int = 0
    waypoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioSession:
    """A session without the tracks and events that grow with it.

    Attributes:
        id: Whoever knows it may go on with the session.
        listener: The stored listener whose session it is.
        terms: Filters, targets and wishes that hold for the whole session; its history is empty.
        directions: In the order in which they were opened.
        position: Tracks answered so far, those of the history's that came before not counted.
        calls: Answers so far.
        events: Events taken so far.
        revision: Counts changes.
    """

    id: str
    terms: Question
    created_at: datetime
    touched_at: datetime
    listener: str | None = None
    directions: tuple[Direction, ...] = ()
    position: int = 0
    calls: int = 0
    events: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTrack:
    """A track that a session has dealt with.

    Attributes:
        position: When it was answered or heard last; those heard before the session have 0 and less.
        direction: What it was answered for; None if it was heard elsewhere or is another copy of an answered one.
        call: The answer it was last part of; 0 for none.
        reported: Whether an event said what became of it.
        barred: Whether the listener rejected it for good.
    """

    track_id: str
    position: int
    direction: int | None = None
    call: int = 0
    reported: bool = False
    barred: bool = False


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """An event and its place in the session; events of the history that came before have 0 and less."""

    number: int
    event: ListenEvent


@dataclass(frozen=True, slots=True)
class RadioPick:
    """A track to play next, and the direction it was chosen for."""

    recommendation: Recommendation
    direction: int | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one call was answered, for when it is repeated: its key, a digest of what it asked, its picks."""

    key: str
    digest: str
    picks: tuple[RadioPick, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session with its tracks by id and its events in order."""

    session: RadioSession
    tracks: Mapping[str, SessionTrack]
    events: tuple[SessionEvent, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a direction stands: what it counts now, and the rejections in a row that concern it."""

    number: int
    weight: float
    rejections: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class DescribedDirection:
    """A direction in words."""

    standing: Standing
    taste: DescribedTaste


@dataclass(frozen=True, slots=True)
class RadioView:
    """A session as its listener sees it; `played` is what was reported last, latest first."""

    session: RadioSession
    directions: tuple[DescribedDirection, ...]
    played: tuple[ListenEvent, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RadioAnswer:
    """The next tracks, the directions after what was reported, and reported ids that no track has."""

    picks: tuple[RadioPick, ...]
    directions: tuple[DescribedDirection, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioStart:
    """What a session is started with."""

    seeds: Seeds = field(default_factory=Seeds)
    history: tuple[ListenEvent, ...] = ()
    listener: str | None = None
    terms: Question = field(default_factory=Question)

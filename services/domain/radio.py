"""Radio sessions: their seeds, their directions, and the tracks and events of a session."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from services.domain.listening import DescribedTaste, ListenEvent, Recommendation
from services.domain.question import Question
from services.domain.words import WeightedText, Words

IDLE = timedelta(days=30)
"""Time after which a session that is not continued is deleted; longer than most holidays."""

VARIETY = 0.2
"""Default variety of a radio: two sessions with the same seeds differ from the first track on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Seeds of a radio session: track ids, and names of artists, genres and tags."""

    tracks: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tracks or self.artists or self.genres or self.tags)


@dataclass(frozen=True, slots=True)
class Direction:
    """One kind of music that a session plays.

    Attributes:
        number: Unique within the session.
        plays: Tracks that it was made from, each with its weight, heaviest first.
        weight: Its share of the session before any event.
        since: Number of the first session event that may count for it.
        of_words: Whether it was made from the words of the session; other words replace it.
        waypoint: The track that it is currently shifted towards, if any.
    """

    number: int
    plays: tuple[tuple[str, float], ...]
    weight: float = 1.0
    since: int = 0
    waypoint: str | None = None
    of_words: bool = False

    def is_made_from(self, track_ids: Collection[str]) -> bool:
        """Whether most of its plays, by weight, are of these tracks."""
        theirs = sum(weight for name, weight in self.plays if name in track_ids)
        return theirs > sum(weight for _, weight in self.plays) / 2


@dataclass(frozen=True, slots=True)
class SessionWords:
    """The texts, as they were understood, and the mood preset that steer a session until they are replaced."""

    texts: tuple[WeightedText, ...] = ()
    mood: str | None = None

    def __bool__(self) -> bool:
        return bool(self.texts or self.mood)


@dataclass(frozen=True, slots=True)
class WordsChange:
    """A change of the words that steer a session.

    `texts` and `moods` replace those in force, and None keeps them; empty, they end them. `moods` has at most one id.
    """

    texts: tuple[Words | WeightedText, ...] | None = None
    moods: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return self.texts is not None or self.moods is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioSession:
    """A session without its tracks and events.

    Attributes:
        id: A random UUID.
        listener: The stored listener that it belongs to, if any.
        terms: Filters, targets, exclusions and options of the whole session; the history is empty.
        directions: Oldest first.
        words: What steers the session now.
        position: Number of tracks returned so far.
        calls: Number of calls so far.
        events: Number of events reported so far.
        revision: Number of changes, for optimistic locking.
        is_private: Whether its answers are kept out of the recommendation log.
    """

    id: str
    terms: Question
    created_at: datetime
    touched_at: datetime
    listener: str | None = None
    directions: tuple[Direction, ...] = ()
    words: SessionWords = field(default_factory=SessionWords)
    position: int = 0
    calls: int = 0
    events: int = 0
    revision: int = 0
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTrack:
    """A track that a session has returned or that was heard.

    Attributes:
        position: Position in the session at which it was last returned or heard; 0 or less before the session.
        direction: Number of the direction that it was chosen for; None if it was not chosen by the session.
        call: Number of the last call that returned it; 0 for none.
        reported: Whether an event on it was reported.
        barred: Whether it was banned or disliked, so that it is not returned again.
    """

    track_id: str
    position: int
    direction: int | None = None
    call: int = 0
    reported: bool = False
    barred: bool = False


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """An event and its number in the session; events before the session have 0 or less."""

    number: int
    event: ListenEvent


@dataclass(frozen=True, slots=True)
class RadioPick:
    """A track to play next, and the number of the direction that it was chosen for."""

    recommendation: Recommendation
    direction: int | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """The answer of a call, to be returned again for the same key; `digest` identifies the request."""

    key: str
    digest: str
    picks: tuple[RadioPick, ...]
    unknown: tuple[str, ...]
    recommendation_id: str | None = None


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session with its tracks by id and its events in order."""

    session: RadioSession
    tracks: Mapping[str, SessionTrack]
    events: tuple[SessionEvent, ...]


@dataclass(frozen=True, slots=True)
class DirectionState:
    """The current weight of a direction, and its rejections in a row."""

    number: int
    weight: float
    rejections: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class DescribedDirection:
    """A direction with its state and label."""

    state: DirectionState
    taste: DescribedTaste


@dataclass(frozen=True, slots=True)
class RadioView:
    """A session to show; `played` are the latest reported events, latest first."""

    session: RadioSession
    directions: tuple[DescribedDirection, ...]
    played: tuple[ListenEvent, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RadioAnswer:
    """The next tracks, the directions after the reported events, and reported ids that are not in the library.

    `words` is what steers the session now. `recommendation_id` is the id of the answer in the recommendation log, and
    `asked` the state of the session before it, from which it can be given again; None if the answer was given before.
    """

    picks: tuple[RadioPick, ...]
    directions: tuple[DescribedDirection, ...]
    unknown: tuple[str, ...]
    words: SessionWords
    recommendation_id: str | None = None
    asked: SessionState | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioStart:
    """The start of a session, which gets this id."""

    id: str = field(default_factory=lambda: str(uuid4()))
    seeds: Seeds = field(default_factory=Seeds)
    history: tuple[ListenEvent, ...] = ()
    listener: str | None = None
    terms: Question = field(default_factory=Question)
    words: WordsChange = field(default_factory=WordsChange)
    is_private: bool = False

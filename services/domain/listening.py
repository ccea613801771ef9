"""Listen events, stored listens, tastes and recommendations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from services.domain.track import Vector

_NOW = datetime.max.replace(tzinfo=UTC)
"""Later than whatever has a time."""


class EventKind(StrEnum):
    """What the listener did with a track."""

    PLAY = "play"
    SKIP = "skip"
    LIKE = "like"
    DISLIKE = "dislike"
    BAN = "ban"
    """Never again."""


VERDICTS = frozenset({EventKind.LIKE, EventKind.DISLIKE, EventKind.BAN})
"""Events that say outright what the listener thinks of a track; they replace what was said before."""


@dataclass(frozen=True, slots=True)
class ListenEvent:
    """One thing a listener did, and when."""

    track_id: str
    kind: EventKind = EventKind.PLAY
    at: datetime | None = None
    """Aware; None means now."""
    played_ms: int | None = None

    @property
    def moment(self) -> datetime:
        """When it was, to bring events in order: what is just now comes last."""
        return self.at or _NOW


def plays(track_ids: Iterable[str]) -> tuple[ListenEvent, ...]:
    """A history of whole plays, just now."""
    return tuple(ListenEvent(track_id) for track_id in track_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A track in words, for listens whose sender knows no id of it."""

    artist: str
    title: str
    album: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewListen:
    """A listen as it was told.

    Attributes:
        names: Ids of the track, the surest first: a track id or external ids.
        described: The track in words; names or this must say something.
        kind: What the listener did.
        at: When; aware.
        played_ms: How much was heard.
        key: The sender's own name for this listen: the same key is the same listen.
    """

    names: tuple[str, ...] = ()
    described: Description | None = None
    kind: EventKind = EventKind.PLAY
    at: datetime
    played_ms: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen(NewListen):
    """A listen as it is kept; `track_id` is None while no track of the library goes by its names."""

    id: int
    track_id: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one listen that was told: its id, whether it is new, and the track it was of, if known."""

    id: int
    is_new: bool
    track_id: str | None


@dataclass(frozen=True, slots=True)
class ListenPage:
    """Some listens, newest first, and the cursor of the next page; None when this is the last."""

    listens: tuple[Listen, ...]
    next_cursor: str | None


class TrackKnown(StrEnum):
    """Which listens a page shows, by whether their track is known."""

    ALL = "all"
    KNOWN = "known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenFilter:
    """Which listens are wanted; ends of the time are exclusive for `before`, inclusive for `since`."""

    kinds: tuple[EventKind, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    track_known: TrackKnown = TrackKnown.ALL


@dataclass(frozen=True, slots=True)
class ListenCounts:
    """How much is known of a listener."""

    by_kind: Mapping[EventKind, int]
    tracks: int
    """Different tracks of the library."""
    unknown: int
    """Listens of tracks that the library does not have (yet)."""
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a stored listener's past means for an answer, by track ids.

    Attributes:
        events: The last ones, in any order: what the taste is made from.
        rejected: Tracks whose last verdict is a dislike or a ban, of all times: never answered.
        heard: Tracks that were heard too lately to be answered again, and when.
        may_return: Whether these may be answered when nothing else is left, those heard longest ago first.
    """

    events: tuple[ListenEvent, ...] = ()
    rejected: frozenset[str] = frozenset()
    heard: Mapping[str, datetime] = field(default_factory=dict)
    may_return: bool = True


@dataclass(frozen=True, slots=True)
class Taste:
    """One thing a listener likes: a direction in the vibe space.

    `vector` has shape (128,), unit length; `weight` > 0 is its share of the answer beside other tastes'; `plays` are
    the tracks it was made from, each with its weight, heaviest first.
    """

    vector: Vector
    weight: float
    plays: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Negative:
    """A track that was rejected, and how strongly: 1 for a skip at the very start, more for a dislike."""

    track_id: str
    vector: Vector
    strength: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What a history says of its listener: at least one taste, heaviest first, and what they rejected."""

    tastes: tuple[Taste, ...]
    negatives: tuple[Negative, ...]


@dataclass(frozen=True, slots=True)
class DescribedTaste:
    """A taste in words, its share of the whole (0 to 1), and its plays, heaviest first."""

    label: str
    weight: float
    plays: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A track to play next."""

    track_id: str
    score: float
    """Cosine similarity to the taste or seed it answers, −1 to 1."""
    because_of: tuple[str, ...]
    """The plays that led to it, strongest first."""
    taste: int | None = None
    """Which of the answer's tastes it serves; None for a single seed's neighbours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Recommendations, the tastes they serve, and the ids in the question that no ready track has."""

    recommendations: tuple[Recommendation, ...]
    unknown: tuple[str, ...]
    tastes: tuple[DescribedTaste, ...] = ()

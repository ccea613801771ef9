"""What was heard, and what to hear next."""

from collections.abc import Iterable
from dataclasses import dataclass
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

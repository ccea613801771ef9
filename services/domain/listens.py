"""Listens that are kept: what a listener did, told once and remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.domain.listening import EventKind, ListenEvent


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


class Sight(StrEnum):
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
    sight: Sight = Sight.ALL


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

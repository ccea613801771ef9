"""Listen events, stored listens, tastes and recommendations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.domain.track import Vector
from services.domain.words import WeightedVector

_NOW = datetime.max.replace(tzinfo=UTC)
"""Later than all other times."""


UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""The stored time of plays whose times are unknown, so that they sort before all others. It is never shown."""


class EventKind(StrEnum):
    """The kind of a listen event."""

    PLAY = "play"
    SKIP = "skip"
    LIKE = "like"
    DISLIKE = "dislike"
    BAN = "ban"
    """Never recommend the track again."""


PLAYS = (EventKind.PLAY,)
"""The kinds of listens that are plays."""

VERDICTS = frozenset({EventKind.LIKE, EventKind.DISLIKE, EventKind.BAN})
"""Explicit ratings of a track; the latest one counts."""


@dataclass(frozen=True, slots=True)
class ListenEvent:
    """An action of a listener on a track, and its time."""

    track_id: str
    kind: EventKind = EventKind.PLAY
    at: datetime | None = None
    """Aware; None means now."""
    played_ms: int | None = None
    undated_plays: int | None = None
    """The number of plays that it stands for if their times are unknown; `at` is then `UNDATED`."""
    recommendation_id: str | None = None
    """The answer that recommended the track, as the sender names it."""

    @property
    def moment(self) -> datetime:
        """The time to sort events by; events without a time come last."""
        return self.at or _NOW


def plays(track_ids: Iterable[str]) -> tuple[ListenEvent, ...]:
    """Return a history that plays each track completely, now."""
    return tuple(ListenEvent(track_id) for track_id in track_ids)


TASTE_PLAYS_MAX = 200
"""Heaviest plays that are stored of a taste: as many as are clustered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The artist and title of a track, for senders that know no id."""

    artist: str
    title: str
    album: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewListen:
    """A listen as sent by a client.

    Attributes:
        names: Ids of the track, most reliable first: a track id or external ids.
        described: Artist and title of the track; required without names.
        kind: What the listener did.
        at: The time of the event, aware.
        played_ms: How long the track was played.
        key: The sender's id of this listen; listens with the same key are the same listen.
        undated_plays: The number of plays that it stands for if their times are unknown; `at` is then `UNDATED`.
        recommendation_id: The answer that recommended the track, as the sender names it; None if it names none.
    """

    names: tuple[str, ...] = ()
    described: Description | None = None
    kind: EventKind = EventKind.PLAY
    at: datetime
    played_ms: int | None = None
    key: str | None = None
    undated_plays: int | None = None
    recommendation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen(NewListen):
    """A stored listen; `track_id` is None while the library has no such track."""

    id: int
    track_id: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The result of storing a listen: its id, whether it is new, and its track, if known."""

    id: int
    is_new: bool
    track_id: str | None


@dataclass(frozen=True, slots=True)
class ListenPage:
    """A page of listens, and the cursor of the next page; None on the last."""

    listens: tuple[Listen, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Loved:
    """A track that a listener likes or played often: the number of its plays, and whether the listener likes it."""

    track_id: str
    plays: int
    is_liked: bool


class TrackKnown(StrEnum):
    """A filter for listens by whether the library has their track."""

    ALL = "all"
    KNOWN = "known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenFilter:
    """A filter for listens; `since` is inclusive, `before` exclusive, and no `kinds` means all.

    `dated` leaves out plays whose times are unknown, and so do `since` and `before`.
    """

    kinds: tuple[EventKind, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    track_known: TrackKnown = TrackKnown.ALL
    dated: bool = False


@dataclass(frozen=True, slots=True)
class ListenCounts:
    """The numbers of a listener's listens."""

    by_kind: Mapping[EventKind, int]
    tracks: int
    """The number of different tracks of the library."""
    unknown: int
    """The number of listens of tracks that the library does not have."""
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A recording that a listener heard and the library does not have.

    `names` are ids that a listen without artist and title was sent with. `last_at` is None if no time is known.
    """

    artist: str | None
    title: str | None
    album: str | None
    names: tuple[str, ...]
    listens: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnmatchedPage:
    """Some recordings that are not in the library, the number of all, and the number of their listens."""

    recordings: tuple[Unmatched, ...]
    total: int
    listens: int


@dataclass(frozen=True, slots=True)
class StartPlay:
    """A track that stands for a choice of a new listener.

    `share` is its share of one play. `reason` names the choice: `mood:focus`, `artist:NAME`, or the track id itself.
    """

    track_id: str
    share: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a new listener chose to start from.

    Attributes:
        moods: Ids of mood presets.
        artists: Names of artists.
        tracks: Track ids.
        plays: Tracks that stand for these; each choice counts as one play together.
        at: When the listener chose; aware.
    """

    moods: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    plays: tuple[StartPlay, ...] = ()
    at: datetime

    def reasons_for(self, because_of: Iterable[str]) -> tuple[str, ...]:
        """Return the reasons for a track with the choices instead of the tracks that stand for them."""
        choices = {play.track_id: play.reason for play in self.plays}
        return tuple(dict.fromkeys(choices.get(reason, reason) for reason in because_of))


@dataclass(frozen=True, slots=True)
class ListenerSummary:
    """A stored listener: the name, the number of listens, and the time of the last one; None without listens."""

    name: str
    listens: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class RemovedTrack:
    """A track that does not count for a listener's tastes, and since when."""

    track_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTaste:
    """A taste of a listener as it was last shown.

    Attributes:
        id: Stays the same while the taste stays about the same.
        label: The taste in words.
        plays: Its track ids, heaviest first.
        dismissed_at: When the listener said "not for me"; None if not.
    """

    id: str
    label: str
    plays: tuple[str, ...]
    dismissed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RememberedAt:
    """Which stored listens of a listener a `Remembered` was read from, to read it again later.

    Attributes:
        listener: The name of the listener.
        last_listen: The largest id of a listen at that time.
        repeat_after: How long a heard track was held back; None was forever.
        at: When it was read; aware.
    """

    listener: str
    last_listen: int
    repeat_after: timedelta | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """The part of a stored listener's history that recommendations use.

    Attributes:
        events: The latest events, in any order, which the taste is made from.
        rejected: Tracks whose latest verdict is a dislike or a ban; they are never recommended.
        heard: Tracks heard too recently to be recommended again, with the time.
        may_return: Whether tracks of `heard` may fill an answer, starting with the least recently heard.
        start: What the listener chose before there were any listens; None if nothing.
        dismissed: Tastes that the listener does not want.
        read: What it was read from; None if it is not of a stored listener.
    """

    events: tuple[ListenEvent, ...] = ()
    rejected: frozenset[str] = frozenset()
    heard: Mapping[str, datetime] = field(default_factory=dict)
    may_return: bool = True
    start: Start | None = None
    dismissed: tuple[StoredTaste, ...] = ()
    read: RememberedAt | None = None


@dataclass(frozen=True, slots=True)
class Taste:
    """One kind of music that a listener likes: a direction in the vibe space.

    `vector` has shape (d,) and unit length. `weight` > 0 is its share of the answer relative to other tastes. `plays`
    are the tracks that it was made from, with their weights in descending order; `label` are the words that it was made
    from instead.
    """

    vector: Vector
    weight: float
    plays: tuple[tuple[str, float], ...]
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Negative:
    """A rejected track and the strength of the rejection: 1 for a skip at the start, more for a dislike."""

    track_id: str
    vector: Vector
    strength: float


@dataclass(frozen=True, slots=True)
class Profile:
    """The tastes of a question, at least one, in descending order of weight, its negatives, and its vectors.

    The vectors of words and pictures change the score of every track, whatever its taste. `avoided` are the centres of
    dismissed tastes: a track that is more similar to one of them than to every taste ranks lower.
    """

    tastes: tuple[Taste, ...]
    negatives: tuple[Negative, ...]
    vectors: tuple[WeightedVector, ...] = ()
    avoided: tuple[Vector, ...] = ()


@dataclass(frozen=True, slots=True)
class DescribedTaste:
    """A taste with a label, its share of the answer (0 to 1), and its plays in descending order of weight."""

    label: str
    weight: float
    plays: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownTaste:
    """A taste with its id, and the tracks that it was made from with their weights, heaviest first."""

    id: str
    described: DescribedTaste
    plays: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ListenerTastes:
    """The tastes of a listener, heaviest first, the dismissed ones, and the number of plays and likes by track."""

    tastes: tuple[ShownTaste, ...]
    dismissed: tuple[StoredTaste, ...]
    plays: Mapping[str, int]
    liked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A recommended track."""

    track_id: str
    score: float
    """Cosine similarity to its taste or seed, −1 to 1."""
    because_of: tuple[str, ...]
    """The reasons for it, most influential first: words (`words:…`), moods (`mood:…`), pictures
    (`picture:…`), artists that a new listener chose (`artist:…`) and track ids."""
    taste: int | None = None
    """The index of its taste in the answer; None for neighbours of a single seed."""
    rank_score: float = 0.0
    """What the ranking chose it by."""
    propensity: float = 1.0
    """The probability with which exploration chose it for its place in the ranking; 1 without exploration."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Recommendations, their tastes, and the requested ids that no ready track has."""

    recommendations: tuple[Recommendation, ...]
    unknown: tuple[str, ...]
    tastes: tuple[DescribedTaste, ...] = ()

"""The material of the evaluation on one's own listeners: the library, and periods of what each listener played."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.catalog.remembered import HEARD_KINDS, WEIGHED_EVENTS
from services.domain.filters import FRAGMENT, Filters
from services.domain.libraries import LIBRARY, within
from services.domain.listening import VERDICTS, EventKind, ListenEvent, ListenFilter, Remembered, TrackKnown
from services.evaluation.material import Positions
from services.recommend.taste import weight_of, weights_of

WANTED = 10
"""Tracks of one period, which a good answer contains."""

PERIODS_MAX = 10
"""Latest periods of one listener, so that nobody dominates the figures."""

PAST_MIN = 10
"""Tracks that a listener must have liked before a period: with fewer, nothing can know what comes next."""

EVENTS_MAX = 100_000
"""Latest events of one listener that are read."""

PAGE = 5_000
"""Listens that are read at a time."""

NOBODY = -1
"""The number of the artist of tracks without one."""


@dataclass(frozen=True, slots=True)
class OwnLibrary:
    """The n tracks that can be recommended.

    Attributes:
        ids: Track ids.
        places: The position of each id.
        vectors: (n, dimension), unit length.
        artists: (n,): numbers that are equal for the same artist; `NOBODY` without one.
        durations: Milliseconds by id, as far as they are known.
        libraries: The named libraries of each track.
    """

    ids: tuple[str, ...]
    places: Mapping[str, int]
    vectors: NDArray[np.float32]
    artists: NDArray[np.intp]
    durations: Mapping[str, int]
    libraries: tuple[frozenset[str], ...]

    @classmethod
    def read(cls, catalogue: Catalogue) -> "OwnLibrary":
        """Read all analysed music; fragments such as intros and applause are no music."""
        ids: list[str] = []
        parts: list[NDArray[np.float32]] = []
        artists: list[int] = []
        libraries: list[frozenset[str]] = []
        numbers: dict[str, int] = {}
        durations: dict[str, int] = {}
        for batch in catalogue.indexing.ready():
            music = [each.point for each in batch if each.point is not None and FRAGMENT not in each.point.payload]
            parts += [np.array([point.vector for point in music], dtype=np.float32)] if music else []
            for point in music:
                ids.append(point.id)
                name = next(iter(_names(point.payload.get("artist"))), None)
                artists.append(NOBODY if name is None else numbers.setdefault(name, len(numbers)))
                libraries.append(frozenset(_names(point.payload.get(LIBRARY))))
                if isinstance(length := point.payload.get("duration_ms"), int | float):
                    durations[point.id] = int(length)
        places = {track_id: place for place, track_id in enumerate(ids)}
        vectors = np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)
        return cls(tuple(ids), places, vectors, np.array(artists, dtype=np.intp), durations, tuple(libraries))

    def __len__(self) -> int:
        return len(self.ids)

    def positions(self, track_ids: Sequence[str] | frozenset[str]) -> Positions:
        """Return the positions of those tracks that can be recommended."""
        return np.array([self.places[each] for each in track_ids if each in self.places], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Period:
    """What a listener had heard at a moment, and what they then played for the first time.

    Attributes:
        listener: The number of the listener.
        at: The moment: that of the first wanted track.
        past: What recommendations used at the moment.
        filters: Of the named libraries that the listener is a member of.
        weights: Weight of each track of the past, positive if it is liked.
        wanted: Positions of the next `WANTED` tracks that the listener played for the first time and did not skip.
        barred: Positions of the tracks that no answer may contain: heard, rejected, or of another library.
    """

    listener: int
    at: datetime
    past: Remembered
    filters: Filters
    weights: Mapping[str, float]
    wanted: Positions
    barred: Positions


@dataclass(frozen=True, slots=True)
class Plays:
    """All plays of the listeners: when (seconds), the position of the track, and the number of the listener."""

    at: NDArray[np.float64]
    track: Positions
    listener: Positions

    def of_others(self, period: Period) -> Positions:
        """Return the tracks that other listeners played before the period, one for each play."""
        known: Positions = self.track[(self.at < period.at.timestamp()) & (self.listener != period.listener)]
        return known


@dataclass(frozen=True, slots=True)
class OwnListeners:
    """The periods of all listeners that have some, their plays, and how many listeners there are."""

    periods: tuple[Period, ...]
    plays: Plays
    count: int


def drawn(catalogue: Catalogue, count: int, seed: int = 0) -> list[str]:
    """Return the names of the listeners, or of `count` of them; the same seed draws the same ones."""
    names = [each.name for each in catalogue.listens.listeners()]
    if len(names) <= count:
        return names
    return sorted(np.random.default_rng(seed).choice(names, count, replace=False).tolist())


def read(catalogue: Catalogue, library: OwnLibrary, names: Sequence[str], half_life_days: float) -> OwnListeners:
    """Read the listens of some listeners, and cut them into periods."""
    periods: list[Period] = []
    plays: list[tuple[float, int, int]] = []
    for number, name in enumerate(names):
        events = _events(catalogue, name)
        periods += _periods(catalogue, library, number, name, events, half_life_days)
        plays += [
            (event.moment.timestamp(), library.places[event.track_id], number)
            for event in events
            if event.kind == EventKind.PLAY and event.track_id in library.places
        ]
    at, track, listener = zip(*plays, strict=True) if plays else ((), (), ())
    heard = Plays(np.array(at, dtype=np.float64), np.array(track, dtype=np.intp), np.array(listener, dtype=np.intp))
    return OwnListeners(tuple(periods), heard, len({period.listener for period in periods}))


def _events(catalogue: Catalogue, listener: str) -> list[ListenEvent]:
    """Return the events of a listener on tracks of the library, oldest first."""
    wanted, cursor = ListenFilter(track_known=TrackKnown.KNOWN), None
    events: list[ListenEvent] = []
    while len(events) < EVENTS_MAX:
        page = catalogue.listens.page(listener, wanted, cursor=cursor, limit=PAGE)
        events += [
            ListenEvent(each.track_id, each.kind, each.at, each.played_ms, each.undated_plays)
            for each in page.listens
            if each.track_id is not None
        ]
        cursor = page.next_cursor
        if cursor is None:
            break
    return events[::-1]


def _periods(  # noqa: PLR0913, PLR0917  a listener has several parts
    catalogue: Catalogue,
    library: OwnLibrary,
    number: int,
    name: str,
    events: Sequence[ListenEvent],
    half_life_days: float,
) -> Iterator[Period]:
    """Yield the latest periods of a listener, latest first."""
    own = catalogue.libraries.of_listener(name)
    filters = Filters() if own is None else within(Filters(), own)
    foreign = [] if own is None else [place for place, held in enumerate(library.libraries) if not own & held]
    allowed = library.places.keys() - {library.ids[place] for place in foreign}
    firsts = _first_plays(events, allowed, library)
    for _ in range(PERIODS_MAX):
        chunk, firsts = firsts[-WANTED:], firsts[:-WANTED]
        if len(chunk) < WANTED:
            return
        at = chunk[0].moment
        past = _past(events, at)
        durations = {event.track_id: library.durations.get(event.track_id) for event in past.events}
        weights = weights_of(past.events, durations, now=at, half_life_days=half_life_days)
        if sum(weight > 0 and track_id in library.places for track_id, weight in weights.items()) < PAST_MIN:
            return
        heard = past.rejected | past.heard.keys()
        yield Period(
            listener=number,
            at=at,
            past=past,
            filters=filters,
            weights=weights,
            wanted=library.positions([event.track_id for event in chunk]),
            barred=np.union1d(library.positions(heard), np.array(foreign, dtype=np.intp)),
        )


def _first_plays(events: Sequence[ListenEvent], allowed: set[str], library: OwnLibrary) -> list[ListenEvent]:
    """Return the first event of each allowed track, if it is a play that was no skip and has a known time."""
    firsts: dict[str, ListenEvent] = {}
    for event in events:
        firsts.setdefault(event.track_id, event)
    return [
        event
        for event in firsts.values()
        if event.track_id in allowed
        and event.kind == EventKind.PLAY
        and event.undated_plays is None
        and weight_of(event, library.durations.get(event.track_id), now=event.moment, half_life_days=1) > 0
    ]


def _past(events: Sequence[ListenEvent], at: datetime) -> Remembered:
    """Return what recommendations for new tracks use of the events before a moment."""
    before = [event for event in events if event.moment < at]
    verdicts = {event.track_id: event.kind for event in before if event.kind in VERDICTS}
    return Remembered(
        events=tuple(before[-WEIGHED_EVENTS:]),
        rejected=frozenset(track_id for track_id, kind in verdicts.items() if kind != EventKind.LIKE),
        heard={event.track_id: event.moment for event in before if event.kind in HEARD_KINDS},
        may_return=False,
    )


def _names(value: object) -> list[str]:
    return value if isinstance(value, list) else []

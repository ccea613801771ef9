"""From seeds, a history and a stored past to the first state of a radio session."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.catalog import Catalogue
from services.domain.errors import InvalidRequest
from services.domain.listening import EventKind, ListenEvent, Profile, Remembered
from services.domain.question import Exclusion, Question
from services.domain.radio import Direction, RadioSession, RadioStart, SessionEvent, SessionState, SessionTrack
from services.domain.track import Embedded
from services.radio.directions import REJECTIONS_MINDED
from services.radio.new_directions import Opening
from services.recommend.search import without
from services.recommend.taste import profile_of
from services.recommend.weights import weights_of

PLAYS_KEPT = 25
"""Heaviest plays that a direction is made from: more would not move it."""

HEARD_LATELY = timedelta(0)
"""What a stored listener heard is no reason not to play it: they asked for the radio of what they like."""

NEVER_AGAIN = frozenset({EventKind.BAN, EventKind.DISLIKE})


@dataclass(frozen=True, slots=True)
class _Known:
    """What the library knows of a start.

    Attributes:
        names: What was asked for → track ids.
        events: The history and the stored past, by track ids, in order of time.
        told: Tracks of the history alone.
        seeded: For each artist, genre and tag that was named, tracks that stand for it, each with its share.
        tracks: Everything of these that is ready.
    """

    names: Mapping[str, str]
    events: Sequence[ListenEvent]
    told: frozenset[str]
    seeded: Mapping[str, Mapping[str, float]]
    tracks: Mapping[str, Embedded]

    def seeds(self, start: RadioStart) -> list[str]:
        """Ids of the tracks that were named as seeds."""
        return [self.names[name] for name in dict.fromkeys(start.seeds.tracks) if name in self.names]

    def unknown(self, start: RadioStart) -> tuple[str, ...]:
        """Names in the start that nothing in the library goes by."""
        asked = (*start.seeds.tracks, *(event.track_id for event in start.history))
        absent = [name for name in asked if self.names.get(name) not in self.tracks]
        absent += [name for name in start.terms.exclude.tracks if name not in self.names]
        return tuple(dict.fromkeys([*absent, *(name for name, found in self.seeded.items() if not found)]))


class Beginning:
    """Reads what a start names, and says what the session begins with."""

    def __init__(self, catalogue: Catalogue, opening: Opening, half_life_days: float) -> None:
        self._tracks = catalogue.tracks
        self._listens = catalogue.listens
        self._opening = opening
        self._half_life_days = half_life_days

    def state(self, start: RadioStart, now: datetime) -> tuple[SessionState, tuple[str, ...]]:
        """The first state, and the names in the start that nothing goes by.

        Raises:
            InvalidRequest: seeds are given, and nothing in the library goes by any of them.
            IndexUnavailable: the vector index does not answer.
        """
        known = self._known(start)
        seeds = known.seeds(start)
        leads_nowhere = known.tracks.keys().isdisjoint(seeds) and not any(known.seeded.values())
        if start.seeds and not start.history and leads_nowhere:
            raise InvalidRequest("No ready track goes by any of the seeds: GET /v1/tracks lists the library.")
        weights = self._weights_of_start(start, known, now)
        session = RadioSession(
            id=str(uuid.uuid4()),
            listener=start.listener,
            terms=_terms(start.terms, known.names, _liked_artists(weights, known.tracks)),
            directions=_directions(profile_of(weights, known.tracks)),
            created_at=now,
            touched_at=now,
        )
        rejections = _rejections(known.events, self._weights(known.events, known.tracks, start.terms, now))
        return SessionState(session, _heard(seeds, known.events, known.told), rejections), known.unknown(start)

    def _known(self, start: RadioStart) -> _Known:
        past = (
            Remembered()
            if start.listener is None
            else self._listens.remembered(start.listener, repeat_after=HEARD_LATELY)
        )
        history = (*past.events, *start.history)
        asked = [*start.seeds.tracks, *(event.track_id for event in history), *start.terms.exclude.tracks]
        names = self._tracks.resolve(dict.fromkeys(asked))
        known = (replace(event, track_id=names[event.track_id]) for event in history if event.track_id in names)
        events = sorted(known, key=lambda event: event.moment)
        seeded = self._opening.seeded(start.seeds, start.terms.seed)
        wanted = {names[name] for name in start.seeds.tracks if name in names}
        wanted |= {event.track_id for event in events} | {name for found in seeded.values() for name in found}
        told = frozenset(names[event.track_id] for event in start.history if event.track_id in names)
        return _Known(names, events, told, seeded, self._tracks.embedded(list(wanted)))

    def _weights_of_start(self, start: RadioStart, known: _Known, now: datetime) -> dict[str, float]:
        """What the session goes after: seeds say what is wanted now, and a stored past then only what is not."""
        steering = [event for event in known.events if not start.seeds or event.track_id in known.told]
        weights = self._weights(steering, known.tracks, start.terms, now)
        shares = [(name, 1.0) for name in known.seeds(start)]
        shares += [share for found in known.seeded.values() for share in found.items()]
        for name, weight in shares:
            if name in known.tracks:
                weights[name] = weights.get(name, 0.0) + weight
        return weights

    def _weights(
        self, events: Iterable[ListenEvent], tracks: Mapping[str, Embedded], terms: Question, now: datetime
    ) -> dict[str, float]:
        half_life = self._half_life_days if terms.half_life_days is None else terms.half_life_days
        durations = {name: track.duration_ms for name, track in tracks.items()}
        return weights_of(events, durations, now=now, half_life_days=half_life)


def _liked_artists(weights: Mapping[str, float], tracks: Mapping[str, Embedded]) -> set[str]:
    return {artist for name, weight in weights.items() if weight > 0 and (artist := tracks[name].artist)}


def _terms(terms: Question, names: Mapping[str, str], liked_artists: Collection[str]) -> Question:
    """What holds for the whole session: ids resolved, unwanted artists among the filters."""
    unwanted = {*terms.exclude.artists}
    if terms.exclude.seed_artists:
        unwanted |= {*liked_artists}
    excluded = tuple(dict.fromkeys(names[name] for name in terms.exclude.tracks if name in names))
    filters = without(terms.filters, frozenset(unwanted))
    return replace(terms, history=(), filters=filters, exclude=Exclusion(tracks=excluded))


def _directions(profile: Profile | None) -> tuple[Direction, ...]:
    tastes = [taste for taste in profile.tastes if taste.plays] if profile is not None else []
    total = sum(taste.weight for taste in tastes)
    return tuple(
        Direction(number, taste.plays[:PLAYS_KEPT], taste.weight / total)
        for number, taste in enumerate(tastes, start=1)
    )


def _heard(seeds: Sequence[str], events: Sequence[ListenEvent], told: Collection[str]) -> dict[str, SessionTrack]:
    """What was heard before the session, the last at 0 and the others before it.

    What was told is barred for good where it was rejected; what is stored of a listener is asked for at each call.
    """
    barred = {event.track_id: event.kind in NEVER_AGAIN for event in events if event.track_id in told}
    order = list(dict.fromkeys(reversed([*(event.track_id for event in events), *seeds])))
    return {
        name: SessionTrack(track_id=name, position=-place, reported=True, barred=barred.get(name, False))
        for place, name in enumerate(order)
    }


def _rejections(events: Sequence[ListenEvent], weights: Mapping[str, float]) -> tuple[SessionEvent, ...]:
    """What was rejected before the session; it keeps what lies near away."""
    rejected = {event.track_id: event for event in events if weights.get(event.track_id, 0.0) < 0}
    latest = list(rejected.values())[-REJECTIONS_MINDED:]
    return tuple(SessionEvent(number, event) for number, event in enumerate(latest, start=1 - len(latest)))

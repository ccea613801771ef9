"""Make the first state of a radio session from seeds, a history and a stored listener's past."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.catalog import Catalogue
from services.domain.errors import LIST_LIBRARY, InvalidRequest
from services.domain.filters import music_only
from services.domain.listening import EventKind, ListenEvent, Profile, Remembered
from services.domain.question import Exclusion, Question
from services.domain.radio import RadioSession, RadioStart, SessionEvent, SessionState, SessionTrack
from services.domain.track import Embedded
from services.radio.directions import NEGATIVES_MAX, DirectionFinder, directions_of
from services.recommend.dismissals import avoiding, centre_plays, centres_of, without_dismissed
from services.recommend.search import without_artists
from services.recommend.taste import profile_of, weights_of, with_start

REPEAT_AFTER = timedelta(0)
"""Time after which a session may return a track that a stored listener heard: at once, as radios play favourites."""

BARRING_EVENTS = frozenset({EventKind.BAN, EventKind.DISLIKE})
"""Events after which a session does not return a track again."""


@dataclass(frozen=True, slots=True)
class _ResolvedStart:
    """The start of a session with what the catalogue knows of it.

    Attributes:
        names: Track ids by the ids in the request.
        events: The stored past and the history, by track ids, in order of time.
        sent: Tracks of the history without the stored past.
        past: The stored past.
        named: For each artist, genre and tag among the seeds, tracks that represent it, each with its weight.
        tracks: The ready tracks of all of these.
    """

    names: Mapping[str, str]
    events: Sequence[ListenEvent]
    sent: frozenset[str]
    past: Remembered
    named: Mapping[str, Mapping[str, float]]
    tracks: Mapping[str, Embedded]

    def seed_tracks(self, start: RadioStart) -> list[str]:
        """Return the track ids of the tracks among the seeds."""
        return [self.names[name] for name in dict.fromkeys(start.seeds.tracks) if name in self.names]

    def unknown(self, start: RadioStart) -> tuple[str, ...]:
        """Return the ids and names in the request that match nothing in the library."""
        requested = (*start.seeds.tracks, *(event.track_id for event in start.history))
        absent = [name for name in requested if self.names.get(name) not in self.tracks]
        absent += [name for name in start.terms.exclude.tracks if name not in self.names]
        return tuple(dict.fromkeys([*absent, *(name for name, found in self.named.items() if not found)]))


class SessionStarter:
    """Resolves the start of a session, and makes the session's first state."""

    def __init__(self, catalogue: Catalogue, finder: DirectionFinder, half_life_days: float) -> None:
        self._tracks = catalogue.tracks
        self._listens = catalogue.listens
        self._finder = finder
        self._half_life_days = half_life_days

    def state(self, start: RadioStart, now: datetime) -> tuple[SessionState, tuple[str, ...]]:
        """Return the first state, and the ids and names in the request that match nothing in the library.

        Raises:
            InvalidRequest: there are seeds and no history, and no seed matches a ready track.
            IndexUnavailable: the vector index does not answer.
        """
        resolved = self._resolve(start)
        seeds = resolved.seed_tracks(start)
        without_match = resolved.tracks.keys().isdisjoint(seeds) and not any(resolved.named.values())
        if start.seeds and not start.history and without_match:
            raise InvalidRequest(f"None of the seeds matches an analysed track; {LIST_LIBRARY}.")
        weights = self._start_weights(start, resolved, now)
        session = RadioSession(
            id=start.id,
            listener=start.listener,
            terms=_terms(start.terms, resolved.names, _liked_artists(weights, resolved.tracks)),
            directions=directions_of(_wanted(start, resolved, weights)),
            created_at=now,
            touched_at=now,
            is_private=start.is_private,
        )
        rejections = _rejections(resolved.events, self._weights(resolved.events, resolved.tracks, start.terms, now))
        heard = _heard_before(seeds, resolved.events, resolved.sent)
        return SessionState(session, heard, rejections), resolved.unknown(start)

    def _resolve(self, start: RadioStart) -> _ResolvedStart:
        past = Remembered()
        if start.listener is not None:
            past = self._listens.remembered(start.listener, repeat_after=REPEAT_AFTER)
        history = (*past.events, *start.history)
        requested = [*start.seeds.tracks, *(event.track_id for event in history), *start.terms.exclude.tracks]
        names = self._tracks.resolve(dict.fromkeys(requested))
        known = (replace(event, track_id=names[event.track_id]) for event in history if event.track_id in names)
        events = sorted(known, key=lambda event: event.moment)
        named = self._finder.from_names(start.seeds, start.terms.seed)
        needed = {names[name] for name in start.seeds.tracks if name in names}
        needed |= {event.track_id for event in events} | {name for found in named.values() for name in found}
        needed |= set() if past.start is None else {play.track_id for play in past.start.plays}
        needed |= centre_plays(past.dismissed)
        sent = frozenset(names[event.track_id] for event in start.history if event.track_id in names)
        return _ResolvedStart(names, events, sent, past, named, self._tracks.embedded(list(needed)))

    def _start_weights(self, start: RadioStart, resolved: _ResolvedStart, now: datetime) -> dict[str, float]:
        """Return the weights of the tracks that the first directions are made from.

        With seeds, the stored past does not count.
        """
        counting = [event for event in resolved.events if not start.seeds or event.track_id in resolved.sent]
        weights = self._weights(counting, resolved.tracks, start.terms, now)
        if not start.seeds:
            allowed = resolved.tracks.keys() - resolved.past.rejected
            half_life = self._half_life(start.terms)
            weights = with_start(weights, resolved.past.start, allowed, now=now, half_life_days=half_life)
            weights = without_dismissed(weights, resolved.past.dismissed, resolved.sent)
        seeds = [(name, 1.0) for name in resolved.seed_tracks(start)]
        seeds += [seed for found in resolved.named.values() for seed in found.items()]
        for name, weight in seeds:
            if name in resolved.tracks:
                weights[name] = weights.get(name, 0.0) + weight
        return weights

    def _weights(
        self, events: Iterable[ListenEvent], tracks: Mapping[str, Embedded], terms: Question, now: datetime
    ) -> dict[str, float]:
        durations = {name: track.duration_ms for name, track in tracks.items()}
        half_life, skips = self._half_life(terms), terms.tuning.skip_weight
        return weights_of(events, durations, now=now, half_life_days=half_life, skip_weight=skips)

    def _half_life(self, terms: Question) -> float:
        return self._half_life_days if terms.half_life_days is None else terms.half_life_days


def _wanted(start: RadioStart, resolved: _ResolvedStart, weights: Mapping[str, float]) -> Profile | None:
    """Return the tastes of the first directions: without dismissed ones, unless seeds ask for them."""
    profile = profile_of(weights, resolved.tracks)
    if start.seeds:
        return profile
    return avoiding(profile, centres_of(resolved.past.dismissed, resolved.tracks), resolved.tracks, resolved.sent)


def _liked_artists(weights: Mapping[str, float], tracks: Mapping[str, Embedded]) -> set[str]:
    return {artist for name, weight in weights.items() if weight > 0 and (artist := tracks[name].performer)}


def _terms(terms: Question, names: Mapping[str, str], liked_artists: Collection[str]) -> Question:
    """Return the terms of the whole session: with resolved ids, and excluded artists as filters."""
    unwanted = {*terms.exclude.artists}
    if terms.exclude.seed_artists:
        unwanted |= {*liked_artists}
    excluded = tuple(dict.fromkeys(names[name] for name in terms.exclude.tracks if name in names))
    filters = without_artists(terms.filters, frozenset(unwanted))
    filters = filters if terms.include_fragments else music_only(filters)
    return replace(terms, history=(), filters=filters, exclude=Exclusion(tracks=excluded))


def _heard_before(
    seeds: Sequence[str], events: Sequence[ListenEvent], sent: Collection[str]
) -> dict[str, SessionTrack]:
    """Return the tracks heard before the session: the latest at position 0, the others at negative positions.

    Rejected tracks of the history are barred. Rejections of a stored listener are read anew at each call.
    """
    barred = {event.track_id: event.kind in BARRING_EVENTS for event in events if event.track_id in sent}
    latest_first = list(dict.fromkeys(reversed([*(event.track_id for event in events), *seeds])))
    return {
        name: SessionTrack(track_id=name, position=-place, reported=True, barred=barred.get(name, False))
        for place, name in enumerate(latest_first)
    }


def _rejections(events: Sequence[ListenEvent], weights: Mapping[str, float]) -> tuple[SessionEvent, ...]:
    """Return the latest rejections before the session, which lower the scores of similar tracks."""
    rejected = {event.track_id: event for event in events if weights.get(event.track_id, 0.0) < 0}
    latest = list(rejected.values())[-NEGATIVES_MAX:]
    return tuple(SessionEvent(number, event) for number, event in enumerate(latest, start=1 - len(latest)))

"""Endless radio: starts sessions, takes what was played and skipped, answers what comes next."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.catalog import Catalogue
from services.catalog.database import now as present
from services.domain.errors import InvalidRequest, RadioBusy
from services.domain.listening import EventKind, ListenEvent, NewListen, Profile, Recommendation, Taste
from services.domain.radio import (
    CallRecord,
    DescribedDirection,
    Direction,
    RadioAnswer,
    RadioPick,
    RadioSession,
    RadioStart,
    RadioView,
    SessionEvent,
    SessionState,
    SessionTrack,
)
from services.domain.track import Embedded
from services.index import VectorIndex
from services.radio.directions import Compass, take_bearings
from services.radio.new_directions import Opening, open_at
from services.radio.next_tracks import REMEMBERED, Programme
from services.radio.start import NEVER_AGAIN, Beginning
from services.recommend.explain import Reasons
from services.recommend.rank import Choice
from services.recommend.recommender import Recommender
from services.recommend.weights import weight_of

DIRECTIONS_MOST = 6
"""Directions of a session at once; beyond, the oldest are forgotten. Each costs a search."""

STRAY_SHARE = 0.5
"""What a kind that the listener brought in by a play counts beside the mean of the others."""

PLAYED_SHOWN = 50
"""Latest events that a session shows."""

ATTEMPTS = 20
"""How often a call begins again because others were faster."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A state with the reported events taken in, not yet written down."""

    state: SessionState
    events: tuple[SessionEvent, ...]
    reported: Mapping[str, SessionTrack]


class Radio:
    """Works on sessions that any process may go on with: everything about them is in the catalogue."""

    def __init__(
        self,
        catalogue: Catalogue,
        index: VectorIndex,
        recommender: Recommender,
        clock: Callable[[], datetime] = present,
        *,
        half_life_days: float,
    ) -> None:
        self._store = catalogue.radio
        self._listens = catalogue.listens
        self._tracks = catalogue.tracks
        self._index = index
        self._recommender = recommender
        self._clock = clock
        self._half_life_days = half_life_days
        self._opening = Opening(catalogue.tracks, index)
        self._beginning = Beginning(catalogue, self._opening, half_life_days)

    def start(self, start: RadioStart) -> RadioView:
        """Start a session.

        Raises:
            InvalidRequest: seeds are given, and nothing in the library goes by any of them.
            IndexUnavailable: the vector index does not answer.
        """
        state, unknown = self._beginning.state(start, self._clock())
        self._store.create(state)
        return self._view(state, unknown)

    def next(
        self, session_id: str, events: Sequence[ListenEvent], *, limit: int, key: str | None = None
    ) -> RadioAnswer:
        """Take what was played and skipped, and answer the next tracks.

        A call with the key of an earlier one gets the same answer again, and its events count once.

        Raises:
            RadioNotFound: there is no such session (any more).
            InvalidRequest: the key belongs to a call that asked something else.
            RadioBusy: other calls of the session were faster again and again.
            IndexUnavailable: the vector index does not answer.
        """
        digest = _digest(events, limit)
        recorded = False
        for _ in range(ATTEMPTS):
            state = self._store.load(session_id)
            if key is not None and (call := self._store.answered(session_id, key)) is not None:
                return self._repeated(state, call, digest)
            if state.session.listener is not None:
                if not recorded:
                    self._record(state.session, events, key)
                    recorded = True
                state = self._without_rejected(state, state.session.listener)
            taken, unknown = self._take(state, events)
            programme, picks = self._programme(taken, limit)
            record = None if key is None else CallRecord(key, digest, picks, unknown)
            changed = {**taken.reported, **programme.changed}.values()
            if self._store.advance(programme.session, changed, taken.events, record):
                after = SessionState(programme.session, taken.state.tracks, taken.state.events)
                return RadioAnswer(picks, self._view(after).directions, unknown)
        raise RadioBusy(session_id)

    def show(self, session_id: str) -> RadioView:
        """A session as it stands.

        Raises:
            RadioNotFound: there is none (any more).
        """
        return self._view(self._store.load(session_id))

    def end(self, session_id: str) -> None:
        """Drop a session with everything that was reported in it.

        Raises:
            RadioNotFound: there is none (any more).
        """
        self._store.end(session_id)

    def _record(self, session: RadioSession, events: Sequence[ListenEvent], call: str | None) -> None:
        """Keep what a listener did, of tracks that the library does not have (yet) as well."""
        told = [
            NewListen(
                names=(event.track_id,),
                kind=event.kind,
                at=event.at or self._clock(),
                played_ms=event.played_ms,
                # Without a time nothing else tells a repeated call from another.
                key=f"radio:{session.id}:{call}:{number}" if call is not None and event.at is None else None,
            )
            for number, event in enumerate(events)
        ]
        if session.listener is not None and told:
            self._listens.add(session.listener, told)

    def _without_rejected(self, state: SessionState, listener: str) -> SessionState:
        """The session with what its listener rejects as of now, wherever they said so; never written down."""
        terms = state.session.terms
        excluded = dict.fromkeys([*terms.exclude.tracks, *sorted(self._listens.rejected(listener))])
        terms = replace(terms, exclude=replace(terms.exclude, tracks=tuple(excluded)))
        return replace(state, session=replace(state.session, terms=terms))

    def _take(self, state: SessionState, events: Sequence[ListenEvent]) -> tuple[_Taken, tuple[str, ...]]:
        names = self._tracks.resolve(dict.fromkeys(event.track_id for event in events))
        known = {_identity(each.event) for each in state.events if each.event.at is not None}
        taken: list[SessionEvent] = []
        for event in events:
            if event.track_id not in names:
                continue
            stamped = replace(event, track_id=names[event.track_id], at=event.at or self._clock())
            if event.at is None or _identity(stamped) not in known:
                known.add(_identity(stamped))
                taken.append(SessionEvent(state.session.events + len(taken) + 1, stamped))
        reported: dict[str, SessionTrack] = {}
        for each in taken:
            name, kind = each.event.track_id, each.event.kind
            before = reported.get(name) or state.tracks.get(name)
            before = before or SessionTrack(track_id=name, position=state.session.position)
            barred = kind in NEVER_AGAIN or (before.barred and kind != EventKind.LIKE)
            reported[name] = replace(before, reported=True, barred=barred)
        session = replace(state.session, events=state.session.events + len(taken), touched_at=self._clock())
        after = SessionState(session, {**state.tracks, **reported}, (*state.events, *taken))
        unknown = tuple(dict.fromkeys(event.track_id for event in events if event.track_id not in names))
        return _Taken(after, tuple(taken), reported), unknown

    def _programme(self, taken: _Taken, limit: int) -> tuple[Programme, tuple[RadioPick, ...]]:
        state = taken.state
        compass, known = self._bearings(state)
        opened = self._opened(state, compass)
        if opened != state.session.directions:
            state = replace(state, session=replace(state.session, directions=opened))
            compass, known = self._bearings(state)
        programme = Programme(self._tracks, self._index, state, compass, known)
        picks = tuple(_pick(choice, compass, known) for choice in programme.choose(limit))
        return programme, picks

    def _opened(self, state: SessionState, compass: Compass) -> tuple[Direction, ...]:
        """The session's directions, with new ones where the listener brought something in or has had enough."""
        session, directions = state.session, state.session.directions
        standing = [each.weight for each in compass.directions] or [1.0]
        since = session.events + 1
        for stray in compass.strays[:1]:
            weight = STRAY_SHARE * sum(standing) / len(standing)
            directions = open_at(directions, (stray,), weight, since, DIRECTIONS_MOST)
        if directions != session.directions or not compass.is_lost:
            return directions
        barred = (track.track_id for track in state.tracks.values() if track.barred)
        filters, seed, exclude = session.terms.filters, session.terms.seed, frozenset(session.terms.exclude.tracks)
        if not compass.directions:
            return self._opening.from_anywhere(seed, filters, exclude.union(barred))
        found = self._opening.elsewhere(compass, seed, filters, exclude | frozenset(state.tracks))
        return open_at(directions, found, max(standing), since, DIRECTIONS_MOST) if found else directions

    def _bearings(self, state: SessionState) -> tuple[Compass, dict[str, Embedded]]:
        session = state.session
        latest = sorted(
            (track for track in state.tracks.values() if track.direction is not None), key=lambda track: track.position
        )
        needed = {name for direction in session.directions for name, _ in direction.plays}
        needed |= {direction.waypoint for direction in session.directions if direction.waypoint is not None}
        needed |= {each.event.track_id for each in state.events} | {*session.terms.exclude.tracks}
        needed |= {track.track_id for track in latest[-REMEMBERED:]}
        known = self._tracks.embedded(sorted(needed))
        weights = {
            each.number: weight_of(
                replace(each.event, at=None),  # how long ago counts by events, see FADING
                known[each.event.track_id].duration_ms,
                now=self._clock(),
                half_life_days=self._half_life_days,
            )
            for each in state.events
            if each.event.track_id in known
        }
        answered = frozenset(track.track_id for track in latest)
        return take_bearings(session.directions, state.events, weights, known, answered), known

    def _view(self, state: SessionState, unknown: tuple[str, ...] = ()) -> RadioView:
        compass, _ = self._bearings(state)
        played = tuple(each.event for each in reversed(state.events) if each.number > 0)[:PLAYED_SHOWN]
        if not compass.directions:
            return RadioView(state.session, (), played, unknown)
        tastes = zip(compass.homes, compass.standings, compass.plays, strict=True)
        profile = Profile(tuple(Taste(home, standing.weight, plays) for home, standing, plays in tastes), ())
        described = zip(compass.standings, self._recommender.described(profile), strict=True)
        return RadioView(state.session, tuple(DescribedDirection(*each) for each in described), played, unknown)

    def _repeated(self, state: SessionState, call: CallRecord, digest: str) -> RadioAnswer:
        if call.digest != digest:
            raise InvalidRequest(
                f"The call '{call.key}' was made before and asked something else: give each call a key of its own."
            )
        return RadioAnswer(call.picks, self._view(state).directions, call.unknown)


def _pick(choice: Choice, compass: Compass, known: Mapping[str, Embedded]) -> RadioPick:
    if not compass.directions:
        return RadioPick(Recommendation(choice.candidate.id, choice.score, ()), None)
    taste = Taste(compass.homes[choice.taste], 1.0, compass.plays[choice.taste])
    led = Reasons(taste, known).of(choice.candidate.vector)
    number = compass.directions[choice.taste].number
    return RadioPick(Recommendation(choice.candidate.id, choice.score, led), number)


def _identity(event: ListenEvent) -> tuple[object, ...]:
    return event.track_id, event.kind, event.at


def _digest(events: Sequence[ListenEvent], limit: int) -> str:
    asked = [str(limit), *(f"{e.track_id} {e.kind} {e.at and e.at.isoformat()} {e.played_ms}" for e in events)]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()

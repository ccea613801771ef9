"""Radio sessions: starts a session, takes reported events, and returns the next tracks."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.catalog import Catalogue
from services.catalog.database import now as current_time
from services.catalog.idempotency import Mismatch
from services.domain.errors import InvalidRequest, RadioBusy
from services.domain.listening import EventKind, ListenEvent, NewListen, Profile, Recommendation, Start, Taste
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
    SessionWords,
    WordsChange,
)
from services.domain.track import Embedded, Vector
from services.index import CountingSearch
from services.radio.directions import DirectionFinder, EvaluatedDirections, evaluate, with_direction
from services.radio.next_tracks import PREVIOUS_MAX, TrackChooser
from services.radio.start import BARRING_EVENTS, SessionStarter
from services.recommend.dismissals import centre_plays, centres_of
from services.recommend.explain import Reasons
from services.recommend.rank import Choice
from services.recommend.recommender import Recommender
from services.recommend.steering import example_vectors
from services.recommend.taste import weight_of
from services.recommend.words import WordReader, softened

DIRECTIONS_MAX = 6
"""Directions of one session; beyond, the oldest are dropped. Each costs a query."""

NEW_DIRECTION_SHARE = 0.5
"""Weight of a direction opened by a play of another kind, as a share of the others' mean weight before any event."""

PLAYED_SHOWN = 50
"""Latest events that a session shows."""

RELATIVE_MATCHES_MIN = 10
"""Tracks that must meet the filters for words such as "faster" to be a filter; otherwise they are a target."""

ATTEMPTS = 20
"""How often a call is repeated if other calls change the session at the same time."""


@dataclass(frozen=True, slots=True)
class _WithEvents:
    """A state with the reported events, not yet stored: the new events, and the tracks that they change."""

    state: SessionState
    events: tuple[SessionEvent, ...]
    changed: Mapping[str, SessionTrack]


class Radio:
    """Works on radio sessions. Their whole state is in the catalogue, so any process can continue a session."""

    def __init__(
        self,
        catalogue: Catalogue,
        index: CountingSearch,
        recommender: Recommender,
        clock: Callable[[], datetime] = current_time,
        *,
        words: WordReader,
    ) -> None:
        self._words = words
        self._store = catalogue.radio
        self._listens = catalogue.listens
        self._tastes = catalogue.tastes
        self._tracks = catalogue.tracks
        self._index = index
        self._recommender = recommender
        self._clock = clock
        self._half_life_days = recommender.half_life_days
        self._finder = DirectionFinder(catalogue.tracks, index)
        self._starter = SessionStarter(catalogue, self._finder, recommender.half_life_days)

    def start(self, start: RadioStart) -> RadioView:
        """Start a session.

        Raises:
            InvalidRequest: there are seeds and no history, and no seed matches a ready track; or texts contradict each
                other.
            IndexUnavailable: the vector index does not answer.
        """
        state, unknown = self._starter.state(start, self._clock())
        state = self._with_words(state, start.words)
        self._store.create(state)
        return self._view(state, unknown)

    def next(  # noqa: PLR0913  the parts of a call, and the id of its answer
        self,
        session_id: str,
        events: Sequence[ListenEvent],
        *,
        limit: int,
        key: str | None = None,
        words: WordsChange | None = None,
        recommendation_id: str | None = None,
    ) -> RadioAnswer:
        """Take the reported events and new words, and return the next tracks.

        A call with the key of an earlier one returns the same answer again, and its events count once.
        `recommendation_id` is the id of a new answer in the recommendation log; None if it is not logged.

        Raises:
            RadioNotFound: the session does not exist or has expired.
            InvalidRequest: the key was used for another request, or texts contradict each other.
            RadioBusy: other calls changed the session at each of the attempts.
            IndexUnavailable: the vector index does not answer.
        """
        words = words or WordsChange()
        digest = _digest(events, limit, words)
        recorded = False
        for _ in range(ATTEMPTS):
            state = self._store.load(session_id)
            if key is not None and (call := self._store.answered(session_id, key, digest)) is not None:
                return self._repeated(state, key, call)
            if state.session.listener is not None:
                if not recorded:
                    self._record_listens(state.session, events, key)
                    recorded = True
                state = self._without_rejected(state, state.session.listener)
            reported, unknown = self._report(state, events)
            steered = self._with_words(reported.state, words, reported.events)
            asked = _explored(steered, recommendation_id)
            chooser, picks = self._choose(self._steered(asked), limit)
            record = None if key is None else CallRecord(key, digest, picks, unknown, recommendation_id)
            changed = {**reported.changed, **chooser.changed}.values()
            if self._store.advance(chooser.session, changed, reported.events, record):
                after = SessionState(chooser.session, reported.state.tracks, reported.state.events)
                directions, now = self._view(after).directions, chooser.session.words
                return RadioAnswer(picks, directions, unknown, now, recommendation_id, asked)
        raise RadioBusy(session_id)

    def ask(self, state: SessionState, limit: int) -> tuple[RadioPick, ...]:
        """Return the next tracks of a session in a state, without changing a stored session."""
        return self._choose(self._steered(state), limit)[1]

    def show(self, session_id: str) -> RadioView:
        """Return a session.

        Raises:
            RadioNotFound: the session does not exist or has expired.
        """
        return self._view(self._store.load(session_id))

    def end(self, session_id: str) -> None:
        """Delete a session with everything that was reported in it.

        Raises:
            RadioNotFound: the session does not exist or has expired.
        """
        self._store.end(session_id)

    def _record_listens(self, session: RadioSession, events: Sequence[ListenEvent], call: str | None) -> None:
        """Store the events as listens of the session's listener, including those of unknown tracks."""
        listens = [
            NewListen(
                names=(event.track_id,),
                kind=event.kind,
                at=event.at or self._clock(),
                played_ms=event.played_ms,
                recommendation_id=event.recommendation_id,
                # Without a time, the key is what identifies an event of a repeated call.
                key=f"radio:{session.id}:{call}:{number}" if call is not None and event.at is None else None,
            )
            for number, event in enumerate(events)
        ]
        if session.listener is not None and listens:
            self._listens.add(session.listener, listens)

    def _without_rejected(self, state: SessionState, listener: str) -> SessionState:
        """Return the session without the tracks and the directions that its listener rejects now.

        The excluded tracks are not stored. A taste that is dismissed during the session ends the directions made from
        it; one that was dismissed before is a direction only if the listener asked for it.
        """
        session, terms = state.session, state.session.terms
        excluded = dict.fromkeys([*terms.exclude.tracks, *sorted(self._listens.rejected(listener))])
        terms = replace(terms, exclude=replace(terms.exclude, tracks=tuple(excluded)))
        dismissed = [
            frozenset(taste.plays)
            for taste in self._tastes.dismissed(listener)
            if taste.dismissed_at is not None and taste.dismissed_at > session.created_at
        ]
        kept = tuple(each for each in session.directions if not any(each.is_made_from(plays) for plays in dismissed))
        return replace(state, session=replace(session, terms=terms, directions=kept))

    def _avoided(self, listener: str | None) -> tuple[Vector, ...]:
        """Return the centres of the tastes that a listener dismissed."""
        dismissed = () if listener is None else self._tastes.dismissed(listener)
        return centres_of(dismissed, self._tracks.embedded(sorted(centre_plays(dismissed)))) if dismissed else ()

    def _report(self, state: SessionState, events: Sequence[ListenEvent]) -> tuple[_WithEvents, tuple[str, ...]]:
        """Return the state with the events, and the reported ids that are not in the library."""
        names = self._tracks.resolve(dict.fromkeys(event.track_id for event in events))
        known = {_identity(each.event) for each in state.events if each.event.at is not None}
        new: list[SessionEvent] = []
        for event in events:
            if event.track_id not in names:
                continue
            stamped = replace(event, track_id=names[event.track_id], at=event.at or self._clock())
            if event.at is None or _identity(stamped) not in known:
                known.add(_identity(stamped))
                new.append(SessionEvent(state.session.events + len(new) + 1, stamped))
        changed: dict[str, SessionTrack] = {}
        for each in new:
            name, kind = each.event.track_id, each.event.kind
            before = changed.get(name) or state.tracks.get(name)
            before = before or SessionTrack(track_id=name, position=state.session.position)
            barred = kind in BARRING_EVENTS or (before.barred and kind != EventKind.LIKE)
            changed[name] = replace(before, reported=True, barred=barred)
        session = replace(state.session, events=state.session.events + len(new), touched_at=self._clock())
        after = SessionState(session, {**state.tracks, **changed}, (*state.events, *new))
        unknown = tuple(dict.fromkeys(event.track_id for event in events if event.track_id not in names))
        return _WithEvents(after, tuple(new), changed), unknown

    def _with_words(self, state: SessionState, change: WordsChange, new: Sequence[SessionEvent] = ()) -> SessionState:
        """Return the session with the words of a change in force; the directions of other words are dropped."""
        if not change:
            return state
        session = state.session
        texts = session.words.texts if change.texts is None else change.texts
        mood = session.words.mood if change.moods is None else next(iter(change.moods), None)
        read = self._words.read(session.terms, texts, mood, _playing(state, new))
        if any(text.understood.relative for text in read.words):
            count = self._index.count_matching(read.filters, frozenset(read.exclude.tracks))
            if count < RELATIVE_MATCHES_MIN:
                read = self._words.read(session.terms, [softened(text, count) for text in read.words], mood)
        words = SessionWords(read.words, mood)
        kept = session.directions
        if words and (words.mood, words.texts) != (session.words.mood, session.words.texts):
            kept = tuple(each for each in kept if not each.of_words)
        return replace(state, session=replace(session, words=words, directions=kept))

    def _steered(self, state: SessionState) -> SessionState:
        """Return the session with the filters, targets and vectors of its words in its terms; this is not stored."""
        session = state.session
        terms = self._words.read(session.terms, session.words.texts, session.words.mood)
        liked = {name for text in terms.words for name in text.understood.like}
        tracks = self._tracks.embedded(sorted(liked)) if liked else {}
        terms = replace(terms, vectors=(*terms.vectors, *example_vectors(terms.words, tracks)))
        return replace(state, session=replace(session, terms=terms))

    def _choose(self, state: SessionState, limit: int) -> tuple[TrackChooser, tuple[RadioPick, ...]]:
        avoided = self._avoided(state.session.listener)
        directions, known = self._evaluate(state)
        opened = self._with_new_directions(state, replace(directions, avoided=avoided))
        if opened != state.session.directions:
            state = replace(state, session=replace(state.session, directions=opened))
            directions, known = self._evaluate(state)
        chooser = TrackChooser(self._tracks, self._index, state, replace(directions, avoided=avoided), known)
        picks = tuple(
            _pick(choice, directions, known, chooser.reasons(choice.candidate.vector))
            for choice in chooser.choose(limit)
        )
        listener = state.session.listener
        if listener is not None and (start := self._listens.start(listener)) is not None:
            picks = tuple(_with_choices(pick, start) for pick in picks)
        return chooser, picks

    def _with_new_directions(self, state: SessionState, current: EvaluatedDirections) -> tuple[Direction, ...]:
        """Return the session's directions, with a new one after a play of another kind or if all are inactive."""
        session, directions = state.session, state.session.directions
        weights = [each.weight for each in current.directions] or [1.0]
        since = session.events + 1
        for track_id in current.unassigned[:1]:
            weight = NEW_DIRECTION_SHARE * sum(weights) / len(weights)
            directions = with_direction(directions, (track_id,), weight, since, DIRECTIONS_MAX)
        if directions != session.directions or not current.are_all_inactive:
            return directions
        barred = (track.track_id for track in state.tracks.values() if track.barred)
        filters, seed, exclude = session.terms.filters, session.terms.seed, frozenset(session.terms.exclude.tracks)
        if not current.directions:
            exclude = exclude.union(barred)
            described = self._finder.from_words(session.terms.vectors, filters, exclude)
            return described or self._finder.from_anywhere(seed, filters, exclude, current.avoided)
        found = self._finder.elsewhere(current, seed, filters, exclude | frozenset(state.tracks))
        return with_direction(directions, found, max(weights), since, DIRECTIONS_MAX) if found else directions

    def _evaluate(self, state: SessionState) -> tuple[EvaluatedDirections, dict[str, Embedded]]:
        """Return the directions after the session's events, and the tracks that were read for them."""
        session = state.session
        returned = (track for track in state.tracks.values() if track.direction is not None)
        latest = sorted(returned, key=lambda track: track.position)
        needed = {name for direction in session.directions for name, _ in direction.plays}
        needed |= {direction.waypoint for direction in session.directions if direction.waypoint is not None}
        needed |= {each.event.track_id for each in state.events} | {*session.terms.exclude.tracks}
        needed |= {track.track_id for track in latest[-PREVIOUS_MAX:]}
        known = self._tracks.embedded(sorted(needed))
        weights = {
            each.number: weight_of(
                replace(each.event, at=None),  # events lose weight by their number, see EVENT_DECAY, not by their age
                known[each.event.track_id].duration_ms,
                now=self._clock(),
                half_life_days=self._half_life_days,
                skip_weight=session.terms.tuning.skip_weight,
            )
            for each in state.events
            if each.event.track_id in known
        }
        ids = frozenset(track.track_id for track in latest)
        return evaluate(session.directions, state.events, weights, known, ids), known

    def _view(self, state: SessionState, unknown: tuple[str, ...] = ()) -> RadioView:
        current, _ = self._evaluate(state)
        played = tuple(each.event for each in reversed(state.events) if each.number > 0)[:PLAYED_SHOWN]
        if not current.directions:
            return RadioView(state.session, (), played, unknown)
        tastes = zip(current.centres, current.states, current.plays, strict=True)
        profile = Profile(tuple(Taste(centre, each.weight, plays) for centre, each, plays in tastes), ())
        described = zip(current.states, self._recommender.describe(profile), strict=True)
        return RadioView(state.session, tuple(DescribedDirection(*each) for each in described), played, unknown)

    def _repeated(self, state: SessionState, key: str, call: CallRecord | Mismatch) -> RadioAnswer:
        if isinstance(call, Mismatch):
            raise InvalidRequest(f"The call '{key}' was made before with another request; use a new key.")
        directions, words = self._view(state).directions, state.session.words
        return RadioAnswer(call.picks, directions, call.unknown, words, call.recommendation_id)


def _pick(
    choice: Choice, current: EvaluatedDirections, known: Mapping[str, Embedded], words: tuple[str, ...]
) -> RadioPick:
    if not current.directions:
        return RadioPick(_recommendation(choice, words), None)
    taste = Taste(current.centres[choice.taste], 1.0, current.plays[choice.taste])
    reasons = Reasons(taste, known).of(choice.candidate.vector)
    number = current.directions[choice.taste].number
    return RadioPick(_recommendation(choice, (*words, *reasons)), number)


def _recommendation(choice: Choice, because_of: tuple[str, ...]) -> Recommendation:
    return Recommendation(choice.candidate.id, choice.score, because_of, propensity=choice.propensity)


def _explored(state: SessionState, seed: str | None) -> SessionState:
    """Return the state with the seed of the exploration of one answer."""
    session = state.session
    return replace(state, session=replace(session, terms=replace(session.terms, exploration_seed=seed)))


def _identity(event: ListenEvent) -> tuple[object, ...]:
    return event.track_id, event.kind, event.at


def _with_choices(pick: RadioPick, start: Start) -> RadioPick:
    """Return a pick with the listener's choices as reasons instead of the tracks that stand for them."""
    because_of = start.reasons_for(pick.recommendation.because_of)
    return replace(pick, recommendation=replace(pick.recommendation, because_of=because_of))


def _playing(state: SessionState, new: Sequence[SessionEvent]) -> tuple[str, ...]:
    """Return the tracks that words such as "calmer" compare with.

    That is the track of the latest event if the call has a new one, else the tracks of the last answer. If that was
    empty, it is the track of the latest event, and without events the plays that the directions are made from.
    """
    last = [name for name, track in state.tracks.items() if track.call and track.call == state.session.calls]
    if last and not new:
        return tuple(last)
    reported = [each.event.track_id for each in state.events if each.number > 0]
    plays = [name for direction in state.session.directions for name, _ in direction.plays]
    return tuple(reported[-1:] or dict.fromkeys(plays))


def _digest(events: Sequence[ListenEvent], limit: int, words: WordsChange) -> str:
    request = [str(limit), *(f"{e.track_id} {e.kind} {e.at and e.at.isoformat()} {e.played_ms}" for e in events)]
    request += [repr(words)] if words else []
    return hashlib.sha256("\n".join(request).encode()).hexdigest()

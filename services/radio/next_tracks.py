"""Choose the next tracks of a radio session: unheard ones by direction, then those heard longest ago."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.catalog.tracks import TrackStore
from services.domain.question import Order
from services.domain.radio import SessionState, SessionTrack
from services.domain.track import Embedded, Vector
from services.index import Query, VectorSearch
from services.radio.directions import DirectionFinder, EvaluatedDirections, with_waypoints
from services.recommend.duplicates import distinct, without_copies
from services.recommend.exploration import explored, with_tail
from services.recommend.order import in_order, space_artists
from services.recommend.rank import Choice, RankingContext, RankingOptions
from services.recommend.search import Search, Searcher, random_profile

BLOCK = 8
"""Tracks after which each direction gets another waypoint."""

WAYPOINT_CANDIDATES = 150
"""Nearest unheard tracks of which one may be a direction's waypoint."""

WAYPOINT_RATIO = 0.5
"""Smallest cosine of a waypoint, as a share of the nearest track's: it excludes the far tracks of a small library."""

ARTIST_GAP = 4
"""Desired number of tracks by others between two tracks of one artist."""

PREVIOUS_MAX = 20
"""Latest tracks that the next ones should differ from, in sound and in artist."""

SERVED_DECAY = 0.93
"""Factor on an earlier track for each later one when places are shared among directions: about fourteen count."""

REPEAT_POOL_FACTOR = 4
"""Factor on the number of repeats that are checked, because some may not qualify any more."""


class TrackChooser:
    """Chooses the tracks of one call, and collects the changes to write to the session."""

    def __init__(
        self,
        tracks: TrackStore,
        index: VectorSearch,
        state: SessionState,
        directions: EvaluatedDirections,
        known: dict[str, Embedded],
    ) -> None:
        self._tracks = tracks
        self._index = index
        self._searcher = Searcher(tracks, index)
        self._finder = DirectionFinder(tracks, index)
        self.session = state.session
        self.changed: dict[str, SessionTrack] = {}
        self._session_tracks = state.tracks
        self._directions = directions
        self._known = known
        returned = (each for each in state.tracks.values() if each.direction is not None)
        latest = sorted(returned, key=lambda track: track.position)
        self._latest = [known[each.track_id] for each in latest[-PREVIOUS_MAX:] if each.track_id in known]

    def choose(self, limit: int) -> list[Choice]:
        """Return the next tracks in the order to play; their `taste` is the index of their direction."""
        chosen: list[Choice] = []
        while self._directions.directions and len(chosen) < limit:
            position = self.session.position + len(chosen)
            if position and position % BLOCK == 0:
                self._change_waypoints(position)
            block = min(limit - len(chosen), BLOCK - position % BLOCK)
            found = self._unheard(block, chosen)
            chosen += found
            if len(found) < block:
                break
        if len(chosen) < limit:
            chosen += self._repeats(limit - len(chosen), chosen)
        return self._record(self._ordered(chosen))

    def reasons(self, vector: Vector) -> tuple[str, ...]:
        """Return the words that led to a track, most influential first."""
        return self._searcher.steering(self.session.terms.vectors).reasons(vector)

    def _unheard(self, limit: int, chosen: Sequence[Choice]) -> list[Choice]:
        terms = self.session.terms
        previous = [*self._latest, *(choice.candidate for choice in chosen)][-PREVIOUS_MAX:]
        exclude, share = self._handled(), terms.explored_share
        found = self._searcher.choose(
            Search(
                profile=self._directions.profile(self._known, terms.vectors),
                tracks=self._known,
                filters=terms.filters,
                exclude=exclude,
                excluded_recordings=[track for name, track in self._known.items() if name in exclude],
                options=RankingOptions.of(
                    terms,
                    limit=with_tail(limit) if share else limit,
                    max_per_artist=None,  # the artist gap limits an artist's tracks in an endless session
                    max_per_album=None,
                    artist_gap=ARTIST_GAP,
                ),
                with_measured=terms.order != Order.RELEVANCE,
                context=RankingContext(previous=previous, shares_served=self._shares_served(chosen)),
            )
        )
        choices = found.choices
        if share:
            position = self.session.position + len(chosen)
            choices = explored(choices, limit, share, f"{terms.exploration_seed}:{position}")
        self._handle([choice.candidate for choice in choices], found.candidates)
        return choices

    def _handled(self) -> frozenset[str]:
        """Return the ids of all tracks that are excluded or that the session has dealt with."""
        return frozenset({*self._session_tracks, *self.session.terms.exclude.tracks, *self.changed})

    def _handle(self, chosen: Sequence[Embedded], candidates: Sequence[Embedded]) -> None:
        """Mark the chosen tracks and their copies among the candidates as tracks of this call."""
        copies = {track.id for track in candidates} - {track.id for track in without_copies(candidates, chosen)}
        for name in (*(track.id for track in chosen), *sorted(copies)):
            old = self._session_tracks.get(name)
            barred = old is not None and old.barred
            self.changed[name] = SessionTrack(
                track_id=name, position=self.session.position, call=self.session.calls + 1, barred=barred
            )

    def _shares_served(self, chosen: Sequence[Choice]) -> list[float]:
        """Return the decayed number of tracks that each direction has had."""
        served = dict.fromkeys((direction.number for direction in self._directions.directions), 0.0)
        here = self.session.position + len(chosen)
        for track in self._session_tracks.values():
            if track.direction in served:
                served[track.direction] += SERVED_DECAY ** (here - track.position)
        for place, choice in enumerate(chosen, start=1):
            number = self._directions.directions[choice.taste].number
            served[number] += SERVED_DECAY ** (len(chosen) - place)
        return list(served.values())

    def _change_waypoints(self, position: int) -> None:
        terms, directions = self.session.terms, self._directions
        nearest = self._finder.waypoints(directions, terms.filters, self._handled(), WAYPOINT_CANDIDATES)
        waypoints: list[str | None] = []
        for direction, hits in zip(directions.directions, nearest, strict=True):
            near = [hit.id for hit in hits if hit.score >= WAYPOINT_RATIO * hits[0].score]
            waypoints.append(_drawn(near, f"{terms.seed}:{position}:{direction.number}"))
        self._known |= self._tracks.embedded([name for name in waypoints if name is not None])
        self._directions = replace(directions, directions=with_waypoints(directions.directions, waypoints))

    def _repeats(self, limit: int, chosen: Sequence[Choice]) -> list[Choice]:
        """Choose tracks that were heard already, those heard longest ago first, because no others are left.

        A player that fetches ahead has not played the last answer yet, so tracks of it that were not reported come only
        if the answer would be empty otherwise. No track comes twice in a row, so a session ends if no other one is
        left.
        """
        terms, last_call = self.session.terms, self.session.calls
        excluded = {*(choice.candidate.id for choice in chosen), *self.changed, *terms.exclude.tracks}
        heard = (each for each in self._session_tracks.values() if not each.barred and each.track_id not in excluded)
        oldest = sorted(heard, key=lambda track: (track.position, track.track_id))
        played = [track for track in oldest if track.reported or not last_call or track.call != last_call]
        found = self._first_qualified(played, limit)
        if not found and not chosen:
            found = self._first_qualified(oldest, limit)
        last = [*self._latest, *(choice.candidate for choice in chosen)][-1:]
        picked = space_artists(found, last, key=lambda track: track)[:limit] if limit < len(found) else found
        if [track.id for track in picked] == [track.id for track in last]:
            picked = []
        self._handle(picked, found)
        return [self._choice(track) for track in picked]

    def _first_qualified(self, tracks: Sequence[SessionTrack], limit: int) -> list[Embedded]:
        """Return the first `limit` of these tracks that qualify, or some more, each recording once."""
        checked, found = REPEAT_POOL_FACTOR * limit, list[Embedded]()
        while tracks and len(found) < limit:
            found = distinct(self._qualified([track.track_id for track in tracks[:checked]]))
            if checked >= len(tracks):
                break
            checked *= REPEAT_POOL_FACTOR
        return found

    def _qualified(self, names: Sequence[str]) -> list[Embedded]:
        """Return those of these tracks that are in the library and meet the filters, in the given order."""
        terms = self.session.terms
        others = self._handled() - set(names)
        # Every other track is excluded, so any query vector returns these tracks only.
        vector = random_profile(terms.seed, self._index.dimension).tastes[0].vector
        [hits] = self._index.query([Query(vector, len(names), terms.filters, others)])
        known = self._tracks.embedded([hit.id for hit in hits], measured=terms.order != Order.RELEVANCE)
        return [known[name] for name in names if name in known]

    def _choice(self, track: Embedded) -> Choice:
        if not self._directions.centres:
            return Choice(track, 0.0, -1)
        cosines = np.stack(self._directions.centres) @ track.vector
        return Choice(track, float(np.clip(cosines.max(), -1, 1)), int(cosines.argmax()))

    def _ordered(self, chosen: Sequence[Choice]) -> list[Choice]:
        order = self.session.terms.order
        if order == Order.RELEVANCE:
            return space_artists(chosen, self._latest[-1:], key=lambda choice: choice.candidate)
        last = [track.id for track in self._latest[-1:]]
        start = next(iter(self._tracks.embedded(last, measured=True).values()), None)
        ordered = in_order(chosen, order, start)
        if order == Order.FLOW:
            return space_artists(ordered, self._latest[-1:], key=lambda choice: choice.candidate)
        return ordered  # spacing artists would break an order by energy

    def _record(self, chosen: Sequence[Choice]) -> list[Choice]:
        directions = self._directions.directions
        for place, choice in enumerate(chosen, start=1):
            name = choice.candidate.id
            number = directions[choice.taste].number if directions else 0
            position = self.session.position + place
            self.changed[name] = replace(self.changed[name], position=position, direction=number)
        self.session = replace(
            self.session,
            directions=directions,
            position=self.session.position + len(chosen),
            calls=self.session.calls + 1,
        )
        return list(chosen)


def _drawn(names: Sequence[str], salt: str) -> str | None:
    """Return the name with the lowest hash of salt and name: a random draw that is the same for the same salt."""
    draws = {hashlib.blake2b(f"{salt}:{name}".encode(), digest_size=8).digest(): name for name in names}
    return draws[min(draws)] if draws else None

"""The next tracks of a radio session: new ones by its directions, then those unheard for longest."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.catalog.tracks import TrackStore
from services.domain.question import Order
from services.domain.radio import SessionState, SessionTrack
from services.domain.track import Embedded
from services.index import Query, VectorIndex
from services.radio.directions import Compass
from services.radio.new_directions import Opening, leaning
from services.recommend.duplicates import distinct, unheard
from services.recommend.order import in_order, spaced
from services.recommend.rank import Choice, RankingOptions, Setting
from services.recommend.search import Search, Searcher, anywhere

BLOCK = 8
"""Tracks until each direction leans towards another track of its surroundings."""

SURROUNDINGS = 150
"""How many of the nearest unheard tracks may be a direction's waypoint."""

STILL_NEAR = 0.5
"""How near a waypoint must lie, as part of how near the nearest does: a small library is not all surroundings."""

ARTIST_GAP = 4
"""Tracks by others that are wished for between two of one artist."""

REMEMBERED = 20
"""Latest tracks that the next ones must not resemble or repeat the artists of."""

SEATS_FADING = 0.93
"""What a direction was given long ago counts less: the latest fourteen tracks or so share out the next."""

RELEASED = 4
"""How many times more of the oldest tracks are looked at than are wanted: some have left the library since."""


class Programme:
    """One call's work on a session: chooses, and keeps what is to be written down."""

    def __init__(
        self,
        tracks: TrackStore,
        index: VectorIndex,
        state: SessionState,
        compass: Compass,
        known: dict[str, Embedded],
    ) -> None:
        self._tracks = tracks
        self._index = index
        self._searcher = Searcher(tracks, index)
        self._opening = Opening(tracks, index)
        self.session = state.session
        self.changed: dict[str, SessionTrack] = {}
        self._dealt_with = state.tracks
        self._compass = compass
        self._known = known
        latest = sorted(
            (each for each in state.tracks.values() if each.direction is not None), key=lambda t: t.position
        )
        self._latest = [known[each.track_id] for each in latest[-REMEMBERED:] if each.track_id in known]

    def choose(self, limit: int) -> list[Choice]:
        """The next tracks, in the order to play; their `taste` is the place of their direction among the compass's."""
        chosen: list[Choice] = []
        while self._compass.directions and len(chosen) < limit:
            position = self.session.position + len(chosen)
            if position and position % BLOCK == 0:
                self._change_waypoints(position)
            block = min(limit - len(chosen), BLOCK - position % BLOCK)
            found = self._new(block, chosen)
            chosen += found
            if len(found) < block:
                break
        if len(chosen) < limit:
            chosen += self._again(limit - len(chosen), chosen)
        return self._note(self._ordered(chosen))

    def _new(self, limit: int, chosen: Sequence[Choice]) -> list[Choice]:
        terms = self.session.terms
        before = [*self._latest, *(choice.candidate for choice in chosen)][-REMEMBERED:]
        exclude = frozenset({*self._dealt_with, *terms.exclude.tracks, *self.changed})
        found = self._searcher.choose(
            Search(
                profile=self._compass.profile(self._known),
                heard=self._known,
                filters=terms.filters,
                exclude=exclude,
                known=[track for name, track in self._known.items() if name in exclude],
                options=RankingOptions.of(
                    terms,
                    limit=limit,
                    max_per_artist=None,  # the artist gap limits an artist's tracks in an endless session
                    max_per_album=None,
                    artist_gap=ARTIST_GAP,
                ),
                measured=terms.order != Order.RELEVANCE,
                setting=Setting(tracks=before, seats=self._seats(chosen)),
            )
        )
        self._set_aside([choice.candidate for choice in found.choices], found.candidates)
        return found.choices

    def _set_aside(self, chosen: Sequence[Embedded], candidates: Sequence[Embedded]) -> None:
        """Note the chosen as dealt with, and other copies of them as well: nobody wants to hear those either."""
        others = {track.id for track in candidates} - {track.id for track in unheard(candidates, chosen)}
        for name in (*(track.id for track in chosen), *sorted(others)):
            old = self._dealt_with.get(name)
            barred = old is not None and old.barred
            self.changed[name] = SessionTrack(
                track_id=name, position=self.session.position, call=self.session.calls + 1, barred=barred
            )

    def _seats(self, chosen: Sequence[Choice]) -> list[float]:
        """What each direction was given of late."""
        seats = dict.fromkeys((direction.number for direction in self._compass.directions), 0.0)
        here = self.session.position + len(chosen)
        for track in self._dealt_with.values():
            if track.direction in seats:
                seats[track.direction] += SEATS_FADING ** (here - track.position)
        for place, choice in enumerate(chosen, start=1):
            number = self._compass.directions[choice.taste].number
            seats[number] += SEATS_FADING ** (len(chosen) - place)
        return list(seats.values())

    def _change_waypoints(self, position: int) -> None:
        terms = self.session.terms
        exclude = frozenset({*self._dealt_with, *terms.exclude.tracks, *self.changed})
        waypoints: list[str | None] = []
        for direction, hits in zip(
            self._compass.directions,
            self._opening.waypoints(self._compass, terms.filters, exclude, SURROUNDINGS),
            strict=True,
        ):
            near = [hit.id for hit in hits if hit.score >= STILL_NEAR * hits[0].score]
            waypoints.append(_drawn(near, f"{terms.seed}:{position}:{direction.number}"))
        self._known |= self._tracks.embedded([name for name in waypoints if name is not None])
        self._compass = replace(self._compass, directions=leaning(self._compass.directions, waypoints))

    def _again(self, limit: int, chosen: Sequence[Choice]) -> list[Choice]:
        """Tracks heard already, those unheard for longest first: everything else has been played."""
        terms, last_call = self.session.terms, self.session.calls
        now = {choice.candidate.id for choice in chosen}
        oldest = sorted(
            (
                track
                for track in self._dealt_with.values()
                if not track.barred
                and track.track_id not in now
                and track.track_id not in self.changed
                and track.track_id not in terms.exclude.tracks
                and (track.reported or not last_call or track.call != last_call)
            ),
            key=lambda track: (track.position, track.track_id),
        )
        released, found = RELEASED * limit, list[Embedded]()
        while oldest and len(found) < limit:
            found = distinct(self._qualified([track.track_id for track in oldest[:released]]))
            if released >= len(oldest):
                break
            released *= RELEASED
        last = [*self._latest, *(choice.candidate for choice in chosen)][-1:]
        picked = spaced(found, last, key=lambda track: track)[:limit] if limit < len(found) else found
        self._set_aside(picked, found)
        return [self._choice(track) for track in picked]

    def _qualified(self, names: Sequence[str]) -> list[Embedded]:
        """Those of these tracks that are in the library and meet the filters, in the given order."""
        terms = self.session.terms
        others = frozenset({*self._dealt_with, *terms.exclude.tracks, *self.changed}) - set(names)
        # Nothing else is left: whatever the index is asked for, it can answer with these only.
        [hits] = self._index.query([Query(anywhere(terms.seed).tastes[0].vector, len(names), terms.filters, others)])
        known = self._tracks.embedded([hit.id for hit in hits], measured=terms.order != Order.RELEVANCE)
        return [known[name] for name in names if name in known]

    def _choice(self, track: Embedded) -> Choice:
        if not self._compass.homes:
            return Choice(track, 0.0, -1)
        cosines = np.stack(self._compass.homes) @ track.vector
        return Choice(track, float(np.clip(cosines.max(), -1, 1)), int(cosines.argmax()))

    def _ordered(self, chosen: Sequence[Choice]) -> list[Choice]:
        order = self.session.terms.order
        if order == Order.RELEVANCE:
            return spaced(chosen, self._latest[-1:], key=lambda choice: choice.candidate)
        last = [track.id for track in self._latest[-1:]]
        start = next(iter(self._tracks.embedded(last, measured=True).values()), None)
        ordered = in_order(chosen, order, start)
        if order == Order.FLOW:
            return spaced(ordered, self._latest[-1:], key=lambda choice: choice.candidate)
        return ordered  # whoever asks for an order by energy hears that order

    def _note(self, chosen: Sequence[Choice]) -> list[Choice]:
        directions = self._compass.directions
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
    """One of the names, the same one for the same salt whatever the others are."""
    draws = {hashlib.blake2b(f"{salt}:{name}".encode(), digest_size=8).digest(): name for name in names}
    return draws[min(draws)] if draws else None

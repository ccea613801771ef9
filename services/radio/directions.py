"""Directions of a radio session: their weights and centres after plays and skips, and new directions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.listening import Negative, Profile, Taste
from services.domain.radio import Direction, DirectionState, Seeds, SessionEvent
from services.domain.track import Embedded, Vector
from services.domain.words import WeightedVector
from services.index import Hit, Query, VectorSearch
from services.recommend.search import random_profile
from services.recommend.seeds import by_artist, exemplars_by_name, of_genre, with_tag
from services.recommend.steering import steered
from services.recommend.taste import profile_of

REJECTIONS_TO_DEACTIVATE = 3
"""Rejections in a row that turn the session away from a direction."""

REJECTION_FACTOR = 0.6
"""Factor on the weight of an active direction for each rejection in a row."""

INACTIVE_FACTOR = 0.05
"""Factor on the weight of an inactive direction: it gets less than one track in ten, but can come back."""

RESET_WEIGHT = 0.5
"""An event with at least this weight resets the rejections in a row."""

LIKED_PULL = 0.3
"""Length by which the recently liked tracks shift the centre of a direction, beside the centre's length of 1."""

OUTCOME_BONUS = 1.0
"""Factor by which the mean outcome of the recent events raises a weight: 1 if everything was played to the end."""

EVENT_DECAY = 0.5 ** (1 / 12)
"""Factor on the influence of an event for each later event of its direction: it is halved after twelve."""

PRIOR_EVENTS = 2.0
"""Neutral events added to the real ones in the mean outcome, so that one play has little influence."""

WAYPOINT_SHARE = 0.35
"""Share of the waypoint in the vector of a direction; the rest is the direction's centre."""

MEMBERSHIP_COSINE = 0.3
"""Cosine to its centre from which on a track belongs to a direction."""

SHARED_RATIO = 0.7
"""An event counts for every direction whose cosine is at least this share of the nearest direction's cosine."""

SIMILAR_COSINE = 0.4
"""Directions with at least this cosine are of one kind: a rejected one becomes inactive with an inactive one."""

NEGATIVES_MAX = 100
"""Latest rejections that lower the scores of similar tracks."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EvaluatedDirections:
    """The directions of a session after its events; the first four fields have one item per direction.

    Attributes:
        directions: In the order in which they were opened.
        states: Weight, rejections in a row, and whether the direction is active.
        centres: Unit vectors.
        plays: Tracks that the direction was made from or that were liked since, each with its weight.
        negatives: Rejected tracks, oldest first.
        unassigned: Tracks that were played or liked and belong to no direction, latest first.
        avoided: Centres of the tastes that the listener dismissed.
    """

    directions: tuple[Direction, ...]
    states: tuple[DirectionState, ...]
    centres: tuple[Vector, ...]
    plays: tuple[tuple[tuple[str, float], ...], ...]
    negatives: tuple[Negative, ...]
    unassigned: tuple[str, ...]
    avoided: tuple[Vector, ...] = ()

    def profile(self, tracks: Mapping[str, Embedded], vectors: tuple[WeightedVector, ...] = ()) -> Profile:
        """Return a profile with one taste per direction, shifted towards its waypoint, and the vectors of words."""
        tastes = tuple(
            Taste(self._towards_waypoint(index, tracks), state.weight, self.plays[index])
            for index, state in enumerate(self.states)
        )
        return Profile(tastes, self.negatives, vectors, self.avoided)

    def _towards_waypoint(self, index: int, tracks: Mapping[str, Embedded]) -> Vector:
        waypoint = self.directions[index].waypoint
        if waypoint is None or waypoint not in tracks:
            return self.centres[index]
        return unit((1 - WAYPOINT_SHARE) * self.centres[index] + WAYPOINT_SHARE * tracks[waypoint].vector)

    @property
    def are_all_inactive(self) -> bool:
        """Whether the session has turned away from every direction."""
        return not any(state.is_active for state in self.states)


class _EventCounter:
    """Counts the events of one direction."""

    def __init__(self, direction: Direction, tracks: Mapping[str, Embedded]) -> None:
        self.direction = direction
        self.origin = unit(
            np.sum([weight * tracks[name].vector for name, weight in direction.plays if name in tracks], axis=0)
        )
        self.rejections = 0
        self._outcome = self._count = 0.0
        self._liked: dict[str, float] = {}
        self._liked_sum: Array = np.zeros(len(self.origin))

    def add(self, track: Embedded, weight: float) -> None:
        """Count an event on a track of this direction."""
        self._outcome = EVENT_DECAY * self._outcome + max(weight, 0.0)
        self._count = EVENT_DECAY * self._count + 1
        self._liked_sum *= EVENT_DECAY
        if weight < 0:
            self.rejections += 1
        elif weight > 0:
            self._liked_sum += weight * track.vector
            self._liked[track.id] = weight
            self.rejections = 0 if weight >= RESET_WEIGHT else self.rejections

    @property
    def is_active(self) -> bool:
        return self.rejections < REJECTIONS_TO_DEACTIVATE

    @property
    def centre(self) -> Vector:
        length = float(np.linalg.norm(self._liked_sum))
        return unit(self.origin + LIKED_PULL * self._liked_sum / length) if length > 0 else self.origin

    @property
    def weight(self) -> float:
        bonus = 1 + OUTCOME_BONUS * self._outcome / (self._count + PRIOR_EVENTS)
        factor = REJECTION_FACTOR**self.rejections if self.is_active else INACTIVE_FACTOR
        return self.direction.weight * bonus * factor

    @property
    def plays(self) -> tuple[tuple[str, float], ...]:
        """The tracks that it was made from or that were liked since, heaviest first."""
        merged = dict(self._liked)
        for name, weight in self.direction.plays:
            merged[name] = merged.get(name, 0.0) + weight
        return tuple(sorted(merged.items(), key=lambda play: (-play[1], play[0])))


def evaluate(
    directions: Sequence[Direction],
    events: Sequence[SessionEvent],
    weights: Mapping[int, float],
    tracks: Mapping[str, Embedded],
    returned: frozenset[str],
) -> EvaluatedDirections:
    """Return the directions after the events.

    Args:
        directions: Of the session. A direction without any play left in the library is skipped.
        events: In order.
        weights: Weight of each event, by its number.
        tracks: The tracks of directions and events, by id.
        returned: Tracks that the session itself returned. Each belongs to the nearest direction, whatever its cosine.
    """
    counters = [_EventCounter(each, tracks) for each in directions if any(name in tracks for name, _ in each.plays)]
    negatives, unassigned = _count(counters, events, weights, tracks, returned)
    _deactivate_similar(counters)
    known = {name for counter in counters for name, _ in counter.direction.plays}
    return EvaluatedDirections(
        directions=tuple(counter.direction for counter in counters),
        states=tuple(
            DirectionState(each.direction.number, each.weight, each.rejections, each.is_active) for each in counters
        ),
        centres=tuple(counter.centre for counter in counters),
        plays=tuple(tuple(play for play in counter.plays if play[0] in tracks) for counter in counters),
        negatives=tuple(negatives[-NEGATIVES_MAX:]),
        unassigned=tuple(name for name in reversed(unassigned) if name not in known),
    )


def _count(
    counters: Sequence[_EventCounter],
    events: Sequence[SessionEvent],
    weights: Mapping[int, float],
    tracks: Mapping[str, Embedded],
    returned: frozenset[str],
) -> tuple[list[Negative], dict[str, None]]:
    """Count the events for the directions; return the negatives, and the tracks that belong to no direction."""
    negatives: list[Negative] = []
    unassigned: dict[str, None] = {}
    for each in events:
        track, weight = tracks.get(each.event.track_id), weights.get(each.number, 0.0)
        if track is None:
            continue
        if weight < 0:
            negatives.append(Negative(track.id, track.vector, -weight))
        opened = [counter for counter in counters if each.number >= max(1, counter.direction.since)]
        matching = _matching(opened, track, is_returned=track.id in returned)
        for counter in matching:
            counter.add(track, weight)
        if not matching and weight >= RESET_WEIGHT and each.number > 0:
            unassigned[track.id] = None
    return negatives, unassigned


def _deactivate_similar(counters: Sequence[_EventCounter]) -> None:
    """Deactivate rejected directions that are similar to an inactive one."""
    inactive = [counter.centre for counter in counters if not counter.is_active]
    for counter in counters:
        if inactive and counter.rejections and float((np.stack(inactive) @ counter.centre).max()) >= SIMILAR_COSINE:
            counter.rejections = max(counter.rejections, REJECTIONS_TO_DEACTIVATE)


def _matching(counters: Sequence[_EventCounter], track: Embedded, *, is_returned: bool) -> list[_EventCounter]:
    """Return the directions that an event on a track counts for: the nearest, and those about as near."""
    cosines = [float(counter.centre @ track.vector) for counter in counters]
    nearest = max(cosines, default=-1.0)
    if not counters or not (is_returned or nearest >= MEMBERSHIP_COSINE):
        return []
    return [
        counter
        for counter, cosine in zip(counters, cosines, strict=True)
        if cosine == nearest or cosine >= max(MEMBERSHIP_COSINE, SHARED_RATIO * nearest)
    ]


def unit(vector: npt.NDArray[np.floating]) -> Vector:
    """Return the unit vector of the same direction, or an arbitrary one if the vector is zero."""
    length = float(np.linalg.norm(vector))
    return (vector / length if length > 0 else np.eye(len(vector))[0]).astype(np.float32)


PLAYS_PER_DIRECTION = 25
"""Heaviest plays that a direction is made from; more would hardly move it."""

WORDS_TRACKS = 25
"""Tracks nearest to words that the directions of these words are made from."""

INITIAL_DIRECTIONS_MAX = 4
"""Directions of a session without seeds and history."""

NEARBY_TRACKS, DISTANT_TRACKS = 400, 30
"""Candidates for a new direction: around the session's centre, and in each random direction."""

GROUP_SIZE = 5
"""Tracks that a new direction is made from."""

APART_COSINE = 0.5
"""Largest cosine of a new direction to an inactive one; most groups of one kind have a larger one."""


class DirectionFinder:
    """Queries the vector index for tracks that may become directions."""

    def __init__(self, tracks: TrackStore, index: VectorSearch) -> None:
        self._tracks = tracks
        self._index = index

    def from_names(self, seeds: Seeds, seed: int) -> dict[str, dict[str, float]]:
        """Return tracks that represent each artist, genre and tag by `field:name`, with a total weight of 1 each."""
        named: dict[str, tuple[Filters, ...]] = {f"artist:{name}": (by_artist(name),) for name in seeds.artists}
        named |= {f"genre:{name}": (of_genre(name),) for name in seeds.genres}
        named |= {f"tags:{name}": (with_tag(name),) for name in seeds.tags}
        found = exemplars_by_name(self._index, named, seed=seed)
        return {name: dict.fromkeys(sorted(ids), 1 / len(ids)) if ids else {} for name, ids in found.items()}

    def from_anywhere(
        self, seed: int, filters: Filters, exclude: frozenset[str], avoided: Sequence[Vector] = ()
    ) -> tuple[Direction, ...]:
        """Return a few directions from the whole library, far from the avoided vectors if there are such tracks.

        If no track qualifies, there are none.
        """
        queries = [
            Query(taste.vector, 1, filters, exclude) for taste in random_profile(seed, self._index.dimension).tastes
        ]
        found = _ids(self._index.query(queries))
        if avoided:
            known = self._tracks.embedded(found)
            nearest = {name: float((np.stack(avoided) @ known[name].vector).max()) for name in found if name in known}
            found = [name for name in found if nearest.get(name, 1.0) < MEMBERSHIP_COSINE] or found
        return tuple(
            Direction(number, ((name, 1.0),)) for number, name in enumerate(found[:INITIAL_DIRECTIONS_MAX], start=1)
        )

    def from_words(
        self, vectors: Sequence[WeightedVector], filters: Filters, exclude: frozenset[str]
    ) -> tuple[Direction, ...]:
        """Return the directions of the tracks nearest to words; none without a desired vector or a matching track."""
        profile = steered(None, [each for each in vectors if each.weight > 0])
        if profile is None:
            return ()
        [hits] = self._index.query([Query(profile.tastes[0].vector, WORDS_TRACKS, filters, exclude)])
        found = self._tracks.embedded([hit.id for hit in hits])
        scores = {hit.id: hit.score for hit in hits if hit.id in found}
        # Relative to the farthest one, because the cosines of a text have a level of their own.
        lowest = min(scores.values(), default=0.0)
        weights = {name: score - lowest for name, score in scores.items() if score > lowest} or scores
        return directions_of(profile_of(weights, found), of_words=True)

    def elsewhere(
        self, current: EvaluatedDirections, seed: int, filters: Filters, exclude: frozenset[str]
    ) -> tuple[str, ...]:
        """Return a few similar tracks near the session's centre but apart from its inactive directions.

        If no tracks are apart, the least similar ones are returned; if no track qualifies, none.
        """
        states = zip(current.centres, current.states, strict=True)
        avoided = np.stack([centre for centre, state in states if not state.is_active])
        middle = unit(np.sum(current.centres, axis=0))
        queries = [Query(middle, NEARBY_TRACKS, filters, exclude)]
        queries += [
            Query(taste.vector, DISTANT_TRACKS, filters, exclude)
            for taste in random_profile(seed, self._index.dimension).tastes
        ]
        known = self._tracks.embedded(_ids(self._index.query(queries)))
        if not known:
            return ()
        names = sorted(known)
        vectors = np.stack([known[name].vector for name in names])
        groups = np.argsort(-(vectors @ vectors.T), axis=1, kind="stable")[:, :GROUP_SIZE]
        # One track may be an outlier of an avoided kind, so the mean of it and its neighbours is compared.
        centres = vectors[groups].sum(1)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        if current.negatives:
            latest = current.negatives[-REJECTIONS_TO_DEACTIVATE:]
            avoided = np.vstack([avoided, unit(np.sum([negative.vector for negative in latest], axis=0))])
        similarity = (centres @ avoided.T).max(1)
        apart = similarity <= APART_COSINE
        score = np.where(apart, centres @ middle, -np.inf) if apart.any() else -similarity
        return tuple(names[index] for index in groups[int(score.argmax())])

    def waypoints(
        self, current: EvaluatedDirections, filters: Filters, exclude: frozenset[str], limit: int
    ) -> list[Sequence[Hit]]:
        """Return for each direction the tracks around it that may be its waypoint."""
        return list(self._index.query([Query(centre, limit, filters, exclude) for centre in current.centres]))


def directions_of(profile: Profile | None, *, of_words: bool = False) -> tuple[Direction, ...]:
    """Return one direction for each taste with plays."""
    tastes = [taste for taste in profile.tastes if taste.plays] if profile is not None else []
    total = sum(taste.weight for taste in tastes)
    return tuple(
        Direction(number, taste.plays[:PLAYS_PER_DIRECTION], taste.weight / total, of_words=of_words)
        for number, taste in enumerate(tastes, start=1)
    )


def with_direction(
    directions: Sequence[Direction], track_ids: Sequence[str], weight: float, since: int, maximum: int
) -> tuple[Direction, ...]:
    """Return the directions and a new one made from tracks; beyond the maximum, the oldest are dropped."""
    number = max((direction.number for direction in directions), default=0) + 1
    return (*directions, Direction(number, tuple((name, 1.0) for name in track_ids), weight, since))[-maximum:]


def with_waypoints(directions: Iterable[Direction], waypoints: Sequence[str | None]) -> tuple[Direction, ...]:
    """Return the directions with new waypoints."""
    return tuple(replace(each, waypoint=name) for each, name in zip(directions, waypoints, strict=True))


def _ids(results: Iterable[Iterable[Hit]]) -> list[str]:
    return list(dict.fromkeys(hit.id for hits in results for hit in hits))

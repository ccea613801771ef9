"""Evaluate the directions of a radio session: their weights and centres after the plays and skips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.domain.listening import Negative, Profile, Taste
from services.domain.radio import Direction, DirectionState, SessionEvent
from services.domain.track import Embedded, Vector

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
    """

    directions: tuple[Direction, ...]
    states: tuple[DirectionState, ...]
    centres: tuple[Vector, ...]
    plays: tuple[tuple[tuple[str, float], ...], ...]
    negatives: tuple[Negative, ...]
    unassigned: tuple[str, ...]

    def profile(self, tracks: Mapping[str, Embedded]) -> Profile:
        """Return a profile with one taste per direction, shifted towards the direction's waypoint."""
        tastes = tuple(
            Taste(self._towards_waypoint(index, tracks), state.weight, self.plays[index])
            for index, state in enumerate(self.states)
        )
        return Profile(tastes, self.negatives)

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

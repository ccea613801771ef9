"""Where a radio goes: how each direction stands after what was played and skipped, and how it becomes a taste."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.domain.listening import Negative, Profile, Taste
from services.domain.radio import Direction, SessionEvent, Standing
from services.domain.track import Embedded, Vector

TURN_AWAY_AFTER = 3
"""Rejections of one kind in a row that turn the session away from it."""

HESITATION = 0.6
"""What is left of a direction's weight after each rejection before that."""

TURNED = 0.05
"""What is left of it when the session has turned away: less than a track in ten, yet a way back."""

KEPT = 0.5
"""A play that counts this much takes back the rejections before it."""

FOLLOW = 0.3
"""How far the tracks that were liked of late pull a direction towards them."""

ENCOURAGED = 1.0
"""How much more a direction counts when everything of it is played to the end; likes count twice."""

FADING = 0.5 ** (1 / 12)
"""An event counts half after twelve others of its kind."""

DOUBT = 2.0
"""Events that say nothing, counted beside the real ones, so that one play decides little."""

DRIFT = 0.35
"""How far a direction leans towards its waypoint."""

KIND = 0.3
"""Cosine from which on a track belongs to a direction at all."""

SIBLING = 0.7
"""How near to a track a direction lies that an event on it is about as well, as part of how near the nearest does."""

KINDRED = 0.4
"""Cosine between two directions from which on they are of one kind where both are rejected."""

REJECTIONS_MINDED = 100
"""Latest rejections that push away what lies near them."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Compass:
    """The directions with what happened: their standings, homes, and the plays behind them."""

    directions: tuple[Direction, ...]
    standings: tuple[Standing, ...]
    homes: tuple[Vector, ...]
    plays: tuple[tuple[tuple[str, float], ...], ...]
    negatives: tuple[Negative, ...]
    strays: tuple[str, ...]
    """Tracks that were played or liked and belong to no direction, latest first."""

    def profile(self, tracks: Mapping[str, Embedded]) -> Profile:
        """What to play next: a taste for each direction, leaning towards its waypoint."""
        tastes = tuple(
            Taste(self._leaning(index, tracks), standing.weight, self.plays[index])
            for index, standing in enumerate(self.standings)
        )
        return Profile(tastes, self.negatives)

    def _leaning(self, index: int, tracks: Mapping[str, Embedded]) -> Vector:
        waypoint = self.directions[index].waypoint
        if waypoint is None or waypoint not in tracks:
            return self.homes[index]
        return unit((1 - DRIFT) * self.homes[index] + DRIFT * tracks[waypoint].vector)

    @property
    def is_lost(self) -> bool:
        """Whether the session has turned away from everything it knew."""
        return not any(standing.is_active for standing in self.standings)


class _Course:
    """What happened to one direction, event by event."""

    def __init__(self, direction: Direction, tracks: Mapping[str, Embedded]) -> None:
        self.direction = direction
        self.origin = unit(
            np.sum([weight * tracks[name].vector for name, weight in direction.plays if name in tracks], axis=0)
        )
        self.rejections = 0
        self._outcome = self._count = 0.0
        self._liked: dict[str, float] = {}
        self._pull: Array = np.zeros(len(self.origin))

    def take(self, track: Embedded, weight: float) -> None:
        """Count an event on a track of this kind."""
        self._outcome = FADING * self._outcome + max(weight, 0.0)
        self._count = FADING * self._count + 1
        self._pull *= FADING
        if weight < 0:
            self.rejections += 1
        elif weight > 0:
            self._pull += weight * track.vector
            self._liked[track.id] = weight
            self.rejections = 0 if weight >= KEPT else self.rejections

    @property
    def is_active(self) -> bool:
        return self.rejections < TURN_AWAY_AFTER

    @property
    def home(self) -> Vector:
        length = float(np.linalg.norm(self._pull))
        return unit(self.origin + FOLLOW * self._pull / length) if length > 0 else self.origin

    @property
    def weight(self) -> float:
        encouraged = 1 + ENCOURAGED * self._outcome / (self._count + DOUBT)
        return self.direction.weight * encouraged * (HESITATION**self.rejections if self.is_active else TURNED)

    @property
    def plays(self) -> tuple[tuple[str, float], ...]:
        """What it was made from and what was liked of it since, heaviest first."""
        merged = dict(self._liked)
        for name, weight in self.direction.plays:
            merged[name] = merged.get(name, 0.0) + weight
        return tuple(sorted(merged.items(), key=lambda play: (-play[1], play[0])))


def take_bearings(
    directions: Sequence[Direction],
    events: Sequence[SessionEvent],
    weights: Mapping[int, float],
    tracks: Mapping[str, Embedded],
    answered: frozenset[str],
) -> Compass:
    """How each direction stands after the events.

    Args:
        directions: Of the session; one none of whose plays is left in the library is passed over.
        events: In order.
        weights: What each event counts, by its number.
        tracks: Of directions and events.
        answered: Tracks that the session itself answered: each belongs to the nearest direction, however far.
    """
    courses = [_Course(each, tracks) for each in directions if any(name in tracks for name, _ in each.plays)]
    negatives: list[Negative] = []
    strays: dict[str, None] = {}
    for each in events:
        track, weight = tracks.get(each.event.track_id), weights.get(each.number, 0.0)
        if track is None:
            continue
        if weight < 0:
            negatives.append(Negative(track.id, track.vector, -weight))
        there = [course for course in courses if course.direction.since <= each.number] if each.number > 0 else []
        concerned = _concerned(there, track, answered=track.id in answered)
        for course in concerned:
            course.take(track, weight)
        if not concerned and weight >= KEPT and each.number > 0:
            strays[track.id] = None
    _turn_kindred(courses)
    known = {name for course in courses for name, _ in course.direction.plays}
    return Compass(
        directions=tuple(course.direction for course in courses),
        standings=tuple(
            Standing(course.direction.number, course.weight, course.rejections, course.is_active) for course in courses
        ),
        homes=tuple(course.home for course in courses),
        plays=tuple(tuple(play for play in course.plays if play[0] in tracks) for course in courses),
        negatives=tuple(negatives[-REJECTIONS_MINDED:]),
        strays=tuple(name for name in reversed(strays) if name not in known),
    )


def _turn_kindred(courses: Sequence[_Course]) -> None:
    """What is being rejected and resembles a direction that was turned away from goes with it: it is one kind."""
    turned = [course.home for course in courses if not course.is_active]
    for course in courses:
        if turned and course.rejections and float((np.stack(turned) @ course.home).max()) >= KINDRED:
            course.rejections = max(course.rejections, TURN_AWAY_AFTER)


def _concerned(courses: Sequence[_Course], track: Embedded, *, answered: bool) -> list[_Course]:
    """The directions that an event on a track is about: the nearest, and those that are about as near."""
    cosines = [float(course.home @ track.vector) for course in courses]
    nearest = max(cosines, default=-1.0)
    if not courses or not (answered or nearest >= KIND):
        return []
    return [
        course
        for course, cosine in zip(courses, cosines, strict=True)
        if cosine == nearest or cosine >= max(KIND, SIBLING * nearest)
    ]


def unit(vector: npt.NDArray[np.floating]) -> Vector:
    """The unit vector that points the same way; an arbitrary one where what was added up cancels out."""
    length = float(np.linalg.norm(vector))
    return (vector / length if length > 0 else np.eye(len(vector))[0]).astype(np.float32)

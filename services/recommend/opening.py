"""Finds directions for a radio: from its seeds, from anywhere, or away from what was skipped."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.radio import Direction, Seeds
from services.domain.track import Vector
from services.index import Hit, Query, VectorIndex
from services.recommend.directions import Compass
from services.recommend.search import anywhere

SAMPLE = 12
"""Tracks of an artist, genre or tag that each direction of the space is asked for; they stand for all of it."""

AT_ONCE = 4
"""Directions of a radio that starts from nothing."""

NEARBY, FAR_AWAY = 200, 30
"""Tracks looked at for a new direction: around where the session was, and in each direction of the space."""

APART = 0.5
"""How near to a direction that was turned away from a new one may lie, as part of how near the skipped tracks do."""

APART_AT_LEAST = 0.1
"""Cosine that is far enough from anything."""


class Opening:
    """Asks the vector index where a session may go."""

    def __init__(self, tracks: TrackStore, index: VectorIndex) -> None:
        self._tracks = tracks
        self._index = index

    def seeded(self, seeds: Seeds, seed: int) -> dict[str, dict[str, float]]:
        """For each artist, genre and tag by `field:name`, tracks that stand for it; each name weighs 1 in all."""
        named = [("artist", name) for name in seeds.artists]
        named += [("genre", name) for name in seeds.genres] + [("tags", name) for name in seeds.tags]
        directions = anywhere(seed).tastes
        queries = [
            Query(taste.vector, SAMPLE, Filters(any_of={field: (name,)}))
            for field, name in named
            for taste in directions
        ]
        answers = iter(self._index.query(queries) if queries else [])
        found = {}
        for field, name in named:
            ids = {hit.id: None for _ in directions for hit in next(answers)}
            found[f"{field}:{name}"] = dict.fromkeys(sorted(ids), 1 / len(ids)) if ids else {}
        return found

    def from_anywhere(self, seed: int, filters: Filters, exclude: frozenset[str]) -> tuple[Direction, ...]:
        """A few directions from all over the library; none if nothing in it qualifies."""
        queries = [Query(taste.vector, 1, filters, exclude) for taste in anywhere(seed).tastes]
        found = dict.fromkeys(hit.id for hits in self._index.query(queries) for hit in hits)
        return tuple(Direction(number, ((name, 1.0),)) for number, name in enumerate(list(found)[:AT_ONCE], start=1))

    def elsewhere(self, compass: Compass, seed: int, filters: Filters, exclude: frozenset[str]) -> str | None:
        """The track nearest to where the session was that is of no kind it has turned away from; None if none is left.

        Where everything is of such a kind, it is the one that is least so.
        """
        away = np.stack([home for home, s in zip(compass.homes, compass.standings, strict=True) if not s.is_active])
        around = np.sum(compass.homes, axis=0)
        queries = [Query(_unit(around), NEARBY, filters, exclude)]
        queries += [Query(taste.vector, FAR_AWAY, filters, exclude) for taste in anywhere(seed).tastes]
        known = self._tracks.embedded(_ids(self._index.query(queries)))
        if not known:
            return None
        names = sorted(known)
        vectors = np.stack([known[name].vector for name in names])
        rejected = [negative.vector for negative in compass.negatives[-3:]]
        skipped = float(np.mean((np.stack(rejected) @ away.T).max(1))) if rejected else 1.0
        nearness = (vectors @ away.T).max(1)
        if rejected:
            nearness = np.maximum(nearness, (vectors @ np.stack(rejected).T).max(1))
        apart = nearness <= max(APART * skipped, APART_AT_LEAST)
        worth = np.where(apart, vectors @ _unit(around), -np.inf) if apart.any() else -nearness
        return names[int(worth.argmax())]

    def waypoints(self, compass: Compass, filters: Filters, exclude: frozenset[str], most: int) -> list[Sequence[Hit]]:
        """For each direction the tracks around it that it may lean towards."""
        return list(self._index.query([Query(home, most, filters, exclude) for home in compass.homes]))


def open_at(
    directions: Sequence[Direction], track_id: str, weight: float, since: int, most: int
) -> tuple[Direction, ...]:
    """The directions and a new one at a track; beyond `most` of them the oldest give way."""
    number = max((direction.number for direction in directions), default=0) + 1
    return (*directions, Direction(number, ((track_id, 1.0),), weight, since))[-most:]


def leaning(directions: Iterable[Direction], waypoints: Sequence[str | None]) -> tuple[Direction, ...]:
    """The directions with new waypoints."""
    return tuple(replace(each, waypoint=name) for each, name in zip(directions, waypoints, strict=True))


def _ids(answers: Iterable[Iterable[Hit]]) -> list[str]:
    return list(dict.fromkeys(hit.id for hits in answers for hit in hits))


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    if length == 0:  # directions that cancel out
        return np.eye(len(vector), dtype=np.float32)[0]
    unit: Vector = (vector / length).astype(np.float32)
    return unit

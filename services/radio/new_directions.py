"""Finds directions for a radio: from its seeds, from anywhere, or away from what was skipped."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.radio import Direction, Seeds
from services.index import Hit, Query, VectorIndex
from services.radio.directions import TURN_AWAY_AFTER, Compass, unit
from services.recommend.search import anywhere
from services.recommend.seeds import by_artist, exemplars_by_name, of_genre, with_tag

AT_ONCE = 4
"""Directions of a radio that starts from nothing."""

NEARBY, FAR_AWAY = 400, 30
"""Tracks looked at for a new direction: around where the session was, and in each direction of the space."""

GROUP = 5
"""Tracks that a new direction is made from."""

APART = 0.5
"""Cosine to what was turned away from that a new kind may have: less than two groups of one kind have."""


class Opening:
    """Asks the vector index where a session may go."""

    def __init__(self, tracks: TrackStore, index: VectorIndex) -> None:
        self._tracks = tracks
        self._index = index

    def seeded(self, seeds: Seeds, seed: int) -> dict[str, dict[str, float]]:
        """For each artist, genre and tag by `field:name`, tracks that stand for it; each name weighs 1 in all."""
        named: dict[str, tuple[Filters, ...]] = {f"artist:{name}": (by_artist(name),) for name in seeds.artists}
        named |= {f"genre:{name}": of_genre(name) for name in seeds.genres}
        named |= {f"tags:{name}": (with_tag(name),) for name in seeds.tags}
        found = exemplars_by_name(self._index, named, seed=seed)
        return {name: dict.fromkeys(sorted(ids), 1 / len(ids)) if ids else {} for name, ids in found.items()}

    def from_anywhere(self, seed: int, filters: Filters, exclude: frozenset[str]) -> tuple[Direction, ...]:
        """A few directions from all over the library; none if nothing in it qualifies."""
        queries = [Query(taste.vector, 1, filters, exclude) for taste in anywhere(seed).tastes]
        found = dict.fromkeys(hit.id for hits in self._index.query(queries) for hit in hits)
        return tuple(Direction(number, ((name, 1.0),)) for number, name in enumerate(list(found)[:AT_ONCE], start=1))

    def elsewhere(self, compass: Compass, seed: int, filters: Filters, exclude: frozenset[str]) -> tuple[str, ...]:
        """A few tracks of a kind near to where the session was that it has not turned away from; none if none is left.

        Where everything is of such a kind, it is the one that is least so.
        """
        away = np.stack([home for home, s in zip(compass.homes, compass.standings, strict=True) if not s.is_active])
        around = unit(np.sum(compass.homes, axis=0))
        queries = [Query(around, NEARBY, filters, exclude)]
        queries += [Query(taste.vector, FAR_AWAY, filters, exclude) for taste in anywhere(seed).tastes]
        known = self._tracks.embedded(_ids(self._index.query(queries)))
        if not known:
            return ()
        names = sorted(known)
        vectors = np.stack([known[name].vector for name in names])
        groups = np.argsort(-(vectors @ vectors.T), axis=1, kind="stable")[:, :GROUP]
        # A track alone may be an outlier of the very kind: its neighbours say what it is one of.
        centres = vectors[groups].sum(1)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        if compass.negatives:
            skipped = unit(np.sum([negative.vector for negative in compass.negatives[-TURN_AWAY_AFTER:]], axis=0))
            away = np.vstack([away, skipped])
        nearness = (centres @ away.T).max(1)
        apart = nearness <= APART
        worth = np.where(apart, centres @ around, -np.inf) if apart.any() else -nearness
        return tuple(names[place] for place in groups[int(worth.argmax())])

    def waypoints(self, compass: Compass, filters: Filters, exclude: frozenset[str], most: int) -> list[Sequence[Hit]]:
        """For each direction the tracks around it that it may lean towards."""
        return list(self._index.query([Query(home, most, filters, exclude) for home in compass.homes]))


def open_at(
    directions: Sequence[Direction], track_ids: Sequence[str], weight: float, since: int, most: int
) -> tuple[Direction, ...]:
    """The directions and a new one made from tracks; beyond `most` of them the oldest give way."""
    number = max((direction.number for direction in directions), default=0) + 1
    return (*directions, Direction(number, tuple((name, 1.0) for name in track_ids), weight, since))[-most:]


def leaning(directions: Iterable[Direction], waypoints: Sequence[str | None]) -> tuple[Direction, ...]:
    """The directions with new waypoints."""
    return tuple(replace(each, waypoint=name) for each, name in zip(directions, waypoints, strict=True))


def _ids(answers: Iterable[Iterable[Hit]]) -> list[str]:
    return list(dict.fromkeys(hit.id for hits in answers for hit in hits))

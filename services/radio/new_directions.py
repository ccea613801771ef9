"""Find directions for a radio session: from its seeds, from the whole library, or away from what was skipped."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.radio import Direction, Seeds
from services.index import Hit, Query, VectorIndex
from services.radio.directions import REJECTIONS_TO_DEACTIVATE, EvaluatedDirections, unit
from services.recommend.search import random_profile
from services.recommend.seeds import by_artist, exemplars_by_name, of_genre, with_tag

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

    def __init__(self, tracks: TrackStore, index: VectorIndex) -> None:
        self._tracks = tracks
        self._index = index

    def from_names(self, seeds: Seeds, seed: int) -> dict[str, dict[str, float]]:
        """Return tracks that represent each artist, genre and tag by `field:name`, with a total weight of 1 each."""
        named: dict[str, tuple[Filters, ...]] = {f"artist:{name}": (by_artist(name),) for name in seeds.artists}
        named |= {f"genre:{name}": of_genre(name) for name in seeds.genres}
        named |= {f"tags:{name}": (with_tag(name),) for name in seeds.tags}
        found = exemplars_by_name(self._index, named, seed=seed)
        return {name: dict.fromkeys(sorted(ids), 1 / len(ids)) if ids else {} for name, ids in found.items()}

    def from_anywhere(self, seed: int, filters: Filters, exclude: frozenset[str]) -> tuple[Direction, ...]:
        """Return a few directions from the whole library; none if no track qualifies."""
        queries = [Query(taste.vector, 1, filters, exclude) for taste in random_profile(seed).tastes]
        found = list(dict.fromkeys(hit.id for hits in self._index.query(queries) for hit in hits))
        return tuple(
            Direction(number, ((name, 1.0),)) for number, name in enumerate(found[:INITIAL_DIRECTIONS_MAX], start=1)
        )

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
        queries += [Query(taste.vector, DISTANT_TRACKS, filters, exclude) for taste in random_profile(seed).tastes]
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

"""Seeds that are not plays: an artist, an album or a genre, each represented by some of its tracks."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from services.catalog.database import batched
from services.domain.filters import Filters
from services.domain.track import Vector
from services.index import Query, VectorSearch

DIRECTIONS_PER_SEED = 4
"""Random directions from which the tracks of a seed are drawn, so that they cover all of its moods."""

TRACKS_PER_DIRECTION = 8
"""Tracks drawn from each direction: together up to 32, more than the plays of a taste that are ranked by."""

_SEED = 20_260_101


def random_directions(seed: int, count: int, dimension: int) -> Vector:
    """Return (count, dimension): random unit vectors of the vibe space; the same seed gives the same vectors."""
    drawn = np.random.default_rng(abs(seed)).normal(size=(count, dimension))
    units: Vector = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return units


def by_artist(name: str) -> Filters:
    """Return the filter for tracks by an artist."""
    return Filters(any_of={"artist": (name,)})


def with_tag(name: str) -> Filters:
    """Return the filter for tracks in which the analysis found a tag."""
    return Filters(any_of={"tags": (name,)})


def of_genre(name: str) -> Filters:
    """Return the filter for tracks of a genre: the file's genre, or a tag of that name."""
    return Filters(any_of={"genre": (name,)})


def exemplars(
    index: VectorSearch, conditions: Sequence[Filters], *, drawn: int = TRACKS_PER_DIRECTION, seed: int = _SEED
) -> list[tuple[str, ...]]:
    """Return for each filter the ids of some tracks that meet it: all of them if there are at most `drawn`.

    The same seed gives the same tracks while the library does not change.

    Raises:
        IndexUnavailable: the vector index does not answer.
    """
    if not conditions:
        return []
    vectors = random_directions(seed, DIRECTIONS_PER_SEED, index.dimension)
    results = index.query([Query(vector, drawn, filters) for filters in conditions for vector in vectors])
    per_filter = batched(results, DIRECTIONS_PER_SEED)
    return [tuple(dict.fromkeys(hit.id for hits in found for hit in hits)) for found in per_filter]


def exemplars_by_name(
    index: VectorSearch, named: Mapping[str, Sequence[Filters]], *, seed: int = _SEED
) -> dict[str, tuple[str, ...]]:
    """Return for each name the ids of tracks that meet one of its filters, drawn as in `exemplars`.

    Raises:
        IndexUnavailable: the vector index does not answer.
    """
    found = iter(exemplars(index, [each for conditions in named.values() for each in conditions], seed=seed))
    return {
        name: tuple(dict.fromkeys(track_id for _ in conditions for track_id in next(found)))
        for name, conditions in named.items()
    }


def seed_weights(seeds: Sequence[Sequence[str]], ready: Collection[str]) -> dict[str, float]:
    """Return weights of tracks so that each seed has a total weight of 1; tracks that are not ready are left out."""
    weights: dict[str, float] = defaultdict(float)
    for seed in seeds:
        available = [track_id for track_id in dict.fromkeys(seed) if track_id in ready]
        for track_id in available:
            weights[track_id] += 1 / len(available)
    return dict(weights)

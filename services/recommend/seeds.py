"""Starting points that are no plays: an artist, an album, a genre, each as some of its tracks."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from services.domain.filters import Filters
from services.domain.track import EMBEDDING_DIM, Vector
from services.index import Query, VectorIndex

SIDES = 4
"""From as many sides the tracks of a starting point are drawn: none of its moods is left out."""

DRAWN = 8
"""Tracks drawn from each side: together more than a taste's plays take turns."""

_SEED = 20_260_101


def sides(seed: int, count: int) -> Vector:
    """(count, 128): unit vectors from all over the vibe space, the same ones for the same seed."""
    drawn = np.random.default_rng(abs(seed)).normal(size=(count, EMBEDDING_DIM))
    units: Vector = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return units


def by_artist(name: str) -> Filters:
    """The condition that a track is by an artist."""
    return Filters(any_of={"artist": (name,)})


def with_tag(name: str) -> Filters:
    """The condition that the encoder heard a tag in a track."""
    return Filters(any_of={"tags": (name,)})


def of_genre(name: str) -> tuple[Filters, ...]:
    """What a genre is: the file says so, or the encoder heard it; a track need meet one of the conditions only."""
    return Filters(any_of={"genre": (name,)}), with_tag(name)


def exemplars(
    index: VectorIndex, conditions: Sequence[Filters], *, drawn: int = DRAWN, seed: int = _SEED
) -> list[tuple[str, ...]]:
    """For each set of conditions the ids of tracks that meet it: all of them where there are no more than `drawn`.

    The same tracks for the same seed, as long as the library is the same; nothing where nothing meets the conditions.

    Raises:
        IndexUnavailable: the vector index does not answer.
    """
    if not conditions:
        return []
    vectors = sides(seed, SIDES)
    answers = index.query([Query(vector, drawn, filters) for filters in conditions for vector in vectors])
    asked = (answers[start : start + SIDES] for start in range(0, len(answers), SIDES))
    return [tuple(dict.fromkeys(hit.id for hits in sides_of_one for hit in hits)) for sides_of_one in asked]


def exemplars_by_name(
    index: VectorIndex, named: Mapping[str, Sequence[Filters]], *, seed: int = _SEED
) -> dict[str, tuple[str, ...]]:
    """For each name the ids of tracks that meet any of its conditions, as `exemplars` draws them.

    Raises:
        IndexUnavailable: the vector index does not answer.
    """
    found = iter(exemplars(index, [each for conditions in named.values() for each in conditions], seed=seed))
    return {
        name: tuple(dict.fromkeys(track_id for _ in conditions for track_id in next(found)))
        for name, conditions in named.items()
    }


def shares(seeds: Sequence[Sequence[str]], ready: Collection[str]) -> dict[str, float]:
    """Weights of tracks such that every seed weighs 1 in all; what is not ready counts nothing."""
    weights: dict[str, float] = defaultdict(float)
    for seed in seeds:
        there = [track_id for track_id in dict.fromkeys(seed) if track_id in ready]
        for track_id in there:
            weights[track_id] += 1 / len(there)
    return dict(weights)

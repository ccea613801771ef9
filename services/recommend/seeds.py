"""Starting points that are no plays: an artist, an album, a genre, each as some of its tracks."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from services.domain.filters import Filters
from services.domain.track import EMBEDDING_DIM
from services.index import Query, VectorIndex

DIRECTIONS = 4
"""From as many sides the tracks of a starting point are drawn: none of its moods is left out."""

DRAWN = 8
"""Tracks drawn from each side: together more than a taste's plays take turns."""

_SEED = 20_260_101


def exemplars(index: VectorIndex, conditions: Sequence[Filters], *, drawn: int = DRAWN) -> list[tuple[str, ...]]:
    """For each set of conditions the ids of tracks that meet it: all of them where there are no more than `drawn`.

    The same tracks every time, as long as the library is the same; nothing where nothing meets the conditions.

    Raises:
        IndexUnavailable: the vector index does not answer.
    """
    if not conditions:
        return []
    sides = np.random.default_rng(_SEED).normal(size=(DIRECTIONS, EMBEDDING_DIM))
    vectors = (sides / np.linalg.norm(sides, axis=1, keepdims=True)).astype(np.float32)
    answers = index.query([Query(vector, drawn, filters) for filters in conditions for vector in vectors])
    asked = (answers[start : start + DIRECTIONS] for start in range(0, len(answers), DIRECTIONS))
    return [tuple(dict.fromkeys(hit.id for hits in sides_of_one for hit in hits)) for sides_of_one in asked]


def shares(seeds: Sequence[Sequence[str]], ready: Collection[str]) -> dict[str, float]:
    """Weights of tracks such that every seed weighs 1 in all; what is not ready counts nothing."""
    weights: dict[str, float] = defaultdict(float)
    for seed in seeds:
        there = [track_id for track_id in dict.fromkeys(seed) if track_id in ready]
        for track_id in there:
            weights[track_id] += 1 / len(there)
    return dict(weights)

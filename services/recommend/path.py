"""Find a smooth path from one track to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import numpy as np
from numpy.typing import NDArray

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.track import Embedded
from services.index import Hit, Query, VectorSearch
from services.recommend.duplicates import distinct

QUERY_POINTS_MAX = 8
"""Points of the path at which the index is queried: more points find the same tracks again, and each costs a query."""

POOL_PER_POINT = 150
"""Candidates of a point: enough for a path between neighbours to find all its tracks around one point."""

CANDIDATES_MAX = 400
"""Candidates that the path is chosen from: enough to choose from, few enough to compare in milliseconds."""

PLACE_WEIGHT = 0.2
"""Weight of a track's distance from its place on the great circle beside a hop; it spaces the tracks evenly."""

HOP_EXPONENT = 4
"""Exponent of a hop's length in the sum: a high one avoids long hops, which are the most noticeable."""

ACROSS_MIN = 1e-6
"""Ends that are nearer to one line than this do not define a great circle; an arbitrary one is used."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathStep:
    """A track of a path, and its cosine similarity to the previous one; 1 for the first."""

    track_id: str
    similarity: float


class Paths:
    """Finds paths with the catalogue's embeddings and the vector index."""

    def __init__(self, tracks: TrackStore, index: VectorSearch) -> None:
        self._tracks = tracks
        self._index = index

    def between(self, start: str, end: str, *, steps: int, filters: Filters | None = None) -> tuple[PathStep, ...]:
        """Return the tracks from start to end, both included, evenly spaced along the great circle between them.

        No recording comes twice, and each track is further along the path than the previous one. The path has `steps`
        tracks (at least 2), or fewer if the library has no more. The path from a track to itself is that track alone.

        Args:
            start: A track id or an external id.
            end: A track id or an external id.
            steps: Number of tracks of the whole path.
            filters: Conditions that the tracks in between must meet.

        Raises:
            TrackNotFound: one of the ids is not in the library.
            InvalidRequest: one of the two tracks has no analysis.
            IndexUnavailable: the vector index does not answer.
        """
        first, last = self._ends(start, end)
        if first.id == last.id:
            return (PathStep(first.id, 1.0),)
        between = self._candidates(first, last, steps - 2, filters or Filters())
        chosen = [first, *_best_path(first, last, between, steps - 2), last]
        hops = [float(np.clip(one.vector @ other.vector, -1, 1)) for one, other in pairwise(chosen)]
        return tuple(PathStep(track.id, hop) for track, hop in zip(chosen, [1.0, *hops], strict=True))

    def _ends(self, start: str, end: str) -> tuple[Embedded, Embedded]:
        ends = self._tracks.ready([start, end])
        return ends[start], ends[end]

    def _candidates(self, first: Embedded, last: Embedded, count: int, filters: Filters) -> list[Embedded]:
        """Return tracks near the great circle, without copies of each other and of the ends."""
        if count == 0:
            return []
        ends = frozenset({first.id, last.id})
        points = _points(*_circle(first, last), min(count, QUERY_POINTS_MAX)).astype(np.float32)
        pools = self._index.query([Query(point, POOL_PER_POINT, filters, ends) for point in points])
        nearest = _nearest(pools, CANDIDATES_MAX)
        embedded = self._tracks.embedded(nearest)  # a track may have just left the library
        found = [embedded[track_id] for track_id in nearest if track_id in embedded]
        return distinct([first, last, *found], keep_first=2)[2:]


def _circle(first: Embedded, last: Embedded) -> tuple[Array, Array, float]:
    """Return the great circle between two tracks: its start, the orthogonal direction, and the angle to the end."""
    start, end = first.vector.astype(np.float64), last.vector.astype(np.float64)
    start /= np.linalg.norm(start)
    across = end - (end @ start) * start
    angle = float(np.arctan2(np.linalg.norm(across), end @ start))
    if np.linalg.norm(across) < ACROSS_MIN:
        across = np.eye(len(start))[np.abs(start).argmin()]
        across -= (across @ start) * start
    return start, across / np.linalg.norm(across), angle


def _points(start: Array, across: Array, angle: float, count: int) -> Array:
    """Return (count, 128): points between the ends, evenly spaced on the great circle."""
    angles = angle * np.arange(1, count + 1)[:, None] / (count + 1)
    points: Array = np.cos(angles) * start + np.sin(angles) * across
    return points


def _nearest(pools: Sequence[Sequence[Hit]], most: int) -> list[str]:
    """Return the ids of the best hit of each pool, then of the second best, and so on."""
    ranks = (hit.id for rank in zip_longest(*pools) for hit in rank if hit is not None)
    return list(dict.fromkeys(ranks))[:most]


def _best_path(first: Embedded, last: Embedded, between: Sequence[Embedded], count: int) -> list[Embedded]:
    """Choose `count` tracks, or all if there are fewer, each further along the path than the previous one.

    Dynamic programming over (place, track) minimises the sum of the hops' lengths to the power of `HOP_EXPONENT` and of
    the tracks' distances from their places.
    """
    count = min(count, len(between))
    if count == 0:
        return []
    start, across, angle = _circle(first, last)
    vectors = np.stack([track.vector for track in between]).astype(np.float64)
    order = np.lexsort((np.array([track.id for track in between]), np.arctan2(vectors @ across, vectors @ start)))
    vectors = vectors[order]
    places = PLACE_WEIGHT * (1 - _points(start, across, angle, count) @ vectors.T)  # (places, tracks)
    ahead = np.triu(np.ones((len(order), len(order)), dtype=bool), 1)
    hops = np.where(ahead, _cost(vectors @ vectors.T), np.inf)
    best = places[0] + _cost(vectors @ start)
    before = np.zeros((count, len(order)), dtype=int)
    for place in range(1, count):
        through = best[:, None] + hops  # (track before, track)
        before[place] = through.argmin(0)
        best = places[place] + through.min(0)
    chosen = [int((best + _cost(vectors @ last.vector)).argmin())]
    for place in range(count - 1, 0, -1):
        chosen.append(int(before[place, chosen[-1]]))
    return [between[order[index]] for index in reversed(chosen)]


def _cost(cosines: Array) -> Array:
    cost: Array = (1 - cosines) ** HOP_EXPONENT
    return cost

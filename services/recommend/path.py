"""A smooth way from one track to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import numpy as np
from numpy.typing import NDArray

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.track import Embedded
from services.index import Hit, Query, VectorIndex
from services.recommend.duplicates import distinct

POINTS = 8
"""Where on the way the index is asked, at most: more points find the same tracks again, and each costs a search."""

POOL_PER_POINT = 150
"""Candidates of a point, so that a path between neighbours finds all its tracks in one pool."""

CANDIDATES = 400
"""How many candidates are weighed against each other: enough to choose among, few enough for milliseconds."""

COURSE = 0.2
"""What a track's distance from where it ought to be counts beside a hop: it spaces the tracks evenly."""

STEEPNESS = 4
"""Power of a hop's length in the sum: the longest hop is what an ear notices, so it counts most."""

LEAST_ACROSS = 1e-6
"""An end that departs this little from the line of the other names no great circle; any will do."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathStep:
    """A track of a path, and its cosine similarity to the one before; 1 for the first."""

    track_id: str
    similarity: float


class Paths:
    """Finds paths in the catalogue's embeddings through the vector index."""

    def __init__(self, tracks: TrackStore, index: VectorIndex) -> None:
        self._tracks = tracks
        self._index = index

    def between(self, start: str, end: str, *, steps: int, filters: Filters | None = None) -> tuple[PathStep, ...]:
        """The tracks from start to end, both included, each at its place on the great circle between them.

        No track comes twice, nor in another encoding, and each is further on the way than the one before. The path
        has `steps` tracks (at least 2), or fewer where the library has no more; from a track to itself it is that
        track alone.

        Args:
            start: A track id or an external id.
            end: Likewise.
            steps: Tracks of the whole path.
            filters: What the tracks between must meet.

        Raises:
            TrackNotFound: no track has one of these ids.
            InvalidRequest: an end is not analysed (yet).
            IndexUnavailable: the vector index does not answer.
        """
        first, last = self._ends(start, end)
        if first.id == last.id:
            return (PathStep(first.id, 1.0),)
        between = self._candidates(first, last, steps - 2, filters or Filters())
        chosen = [first, *_course(first, last, between, steps - 2), last]
        hops = [float(np.clip(one.vector @ other.vector, -1, 1)) for one, other in pairwise(chosen)]
        return tuple(PathStep(track.id, hop) for track, hop in zip(chosen, [1.0, *hops], strict=True))

    def _ends(self, start: str, end: str) -> tuple[Embedded, Embedded]:
        ends = self._tracks.ready([start, end])
        return ends[start], ends[end]

    def _candidates(self, first: Embedded, last: Embedded, count: int, filters: Filters) -> list[Embedded]:
        """Tracks near the way, none the same recording as another or as an end."""
        if count == 0:
            return []
        ends = frozenset({first.id, last.id})
        points = _points(*_circle(first, last), min(count, POINTS)).astype(np.float32)
        pools = self._index.query([Query(point, POOL_PER_POINT, filters, ends) for point in points])
        nearest = _nearest(pools, CANDIDATES)
        embedded = self._tracks.embedded(nearest)  # without a track that has just left the library
        found = [embedded[track_id] for track_id in nearest if track_id in embedded]
        return distinct([first, last, *found], staying=2)[2:]


def _circle(first: Embedded, last: Embedded) -> tuple[Array, Array, float]:
    """The great circle from one track to another: its start, the direction across, and the angle to the end."""
    start, end = first.vector.astype(np.float64), last.vector.astype(np.float64)
    start /= np.linalg.norm(start)
    across = end - (end @ start) * start
    angle = float(np.arctan2(np.linalg.norm(across), end @ start))
    if np.linalg.norm(across) < LEAST_ACROSS:
        across = np.eye(len(start))[np.abs(start).argmin()]
        across -= (across @ start) * start
    return start, across / np.linalg.norm(across), angle


def _points(start: Array, across: Array, angle: float, count: int) -> Array:
    """(count, 128): points between the ends, evenly spaced on the great circle."""
    angles = angle * np.arange(1, count + 1)[:, None] / (count + 1)
    points: Array = np.cos(angles) * start + np.sin(angles) * across
    return points


def _nearest(pools: Sequence[Sequence[Hit]], most: int) -> list[str]:
    """Ids of the best of each pool, then of the second best, and so on."""
    ranks = (hit.id for rank in zip_longest(*pools) for hit in rank if hit is not None)
    return list(dict.fromkeys(ranks))[:most]


def _course(first: Embedded, last: Embedded, between: Sequence[Embedded], count: int) -> list[Embedded]:
    """Choose `count` tracks, or all there are, each further on the way than the one before.

    Dynamic programming over (place, track): the sum of steep powers of the hops, which is least where no hop is
    long, and of each track's distance from its place.
    """
    count = min(count, len(between))
    if count == 0:
        return []
    start, across, angle = _circle(first, last)
    vectors = np.stack([track.vector for track in between]).astype(np.float64)
    order = np.lexsort((np.array([track.id for track in between]), np.arctan2(vectors @ across, vectors @ start)))
    vectors = vectors[order]
    places = COURSE * (1 - _points(start, across, angle, count) @ vectors.T)  # (places, tracks)
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
    cost: Array = (1 - cosines) ** STEEPNESS
    return cost

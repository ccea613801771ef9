"""Find a smooth path from one track to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import numpy as np
from numpy.typing import NDArray

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.question import PathOptions
from services.domain.track import Embedded
from services.index import Hit, Query, VectorSearch
from services.recommend.duplicates import distinct
from services.recommend.rank import random_noise

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

SMOOTH = 0.7
"""Neighbours with this cosine similarity follow each other well, so a path is never cut short for such a hop."""

WORSE_MAX = 0.1
"""A longer path may have a hop that is weaker by this much than the weakest hop of the smoothest path."""

NOISE_SCALE = 0.05
"""Scale of the random noise at full variety; a track one cosine away from its place costs `PLACE_WEIGHT`."""

ACROSS_MIN = 1e-6
"""Ends that are nearer to one line than this do not define a great circle; an arbitrary one is used."""

DEFAULT_OPTIONS = PathOptions()

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

    def between(
        self,
        start: str,
        end: str,
        *,
        steps: int,
        filters: Filters | None = None,
        options: PathOptions = DEFAULT_OPTIONS,
    ) -> tuple[PathStep, ...]:
        """Return the tracks from start to end, both included, evenly spaced along the great circle between them.

        No recording comes twice, and each track is further along the path than the previous one. The path has `steps`
        tracks, or fewer: as many as the library has, and no more than follow each other well (`SMOOTH`, `WORSE_MAX`).
        The path from a track to itself, and one of a single step, is the first track alone.

        Args:
            start: A track id or an external id.
            end: A track id or an external id.
            steps: Maximum number of tracks of the whole path.
            filters: Conditions that the tracks in between must meet.
            options: How the path is chosen.

        Raises:
            TrackNotFound: one of the ids is not in the library.
            InvalidRequest: one of the two tracks has no analysis.
            IndexUnavailable: the vector index does not answer.
        """
        first, last = self._ends(start, end)
        if first.id == last.id or steps == 1:
            return (PathStep(first.id, 1.0),)
        between = self._candidates(first, last, steps - 2, filters or Filters())
        chosen = [first, *_between(first, last, between, steps - 2, options), last]
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
    """Return (count, dimension): points between the ends, evenly spaced on the great circle."""
    angles = angle * np.arange(1, count + 1)[:, None] / (count + 1)
    points: Array = np.cos(angles) * start + np.sin(angles) * across
    return points


def _nearest(pools: Sequence[Sequence[Hit]], most: int) -> list[str]:
    """Return the ids of the best hit of each pool, then of the second best, and so on."""
    ranks = (hit.id for rank in zip_longest(*pools) for hit in rank if hit is not None)
    return list(dict.fromkeys(ranks))[:most]


def _between(
    first: Embedded, last: Embedded, candidates: Sequence[Embedded], count: int, options: PathOptions
) -> list[Embedded]:
    """Choose at most `count` tracks for a path, of each artist one if the options say so."""
    if not options.one_per_artist:
        return _best_path(first, last, candidates, count, options)
    ends = {end.performer for end in (first, last)} - {None}
    left = [track for track in candidates if track.performer not in ends]
    while True:
        chosen = _best_path(first, last, left, count, options)
        kept = _best_of_artists(first, last, chosen)
        if len(kept) == len(chosen):
            return chosen
        repeated = {track.performer for track in chosen if track.id not in kept}
        left = [track for track in left if track.performer not in repeated or track.id in kept]


def _best_of_artists(first: Embedded, last: Embedded, chosen: Sequence[Embedded]) -> set[str]:
    """Return the tracks of a path without those of an artist with another track that is nearer to its neighbours."""
    best: dict[str, tuple[float, str]] = {}
    for before, track, after in zip([first, *chosen[:-1]], chosen, [*chosen[1:], last], strict=True):
        nearness = float(track.vector @ before.vector + track.vector @ after.vector)
        artist = track.performer or f"track {track.id}"
        best[artist] = max(best.get(artist, (-3.0, "")), (nearness, track.id))
    return {track_id for _, track_id in best.values()}


def _best_path(
    first: Embedded, last: Embedded, candidates: Sequence[Embedded], count: int, options: PathOptions
) -> list[Embedded]:
    """Choose at most `count` tracks, each further along the path than the previous one.

    Dynamic programming over (place, track) minimises the sum of the hops' lengths to the power of `HOP_EXPONENT` and of
    the tracks' distances from their places.
    """
    if not candidates or not count:
        return []
    start, across, angle = _circle(first, last)
    vectors = np.stack([track.vector for track in candidates]).astype(np.float64)
    order = np.lexsort((np.array([track.id for track in candidates]), np.arctan2(vectors @ across, vectors @ start)))
    tracks, vectors = [candidates[index] for index in order], vectors[order]
    hops = _Hops(vectors @ start, np.triu(vectors @ vectors.T, 1), vectors @ last.vector.astype(np.float64))
    count, floor = hops.longest(min(count, len(tracks)), float(start @ last.vector))
    if not count:
        return []
    points = _points(start, across, angle, count)
    places = PLACE_WEIGHT * (1 - points @ vectors.T)  # (places, tracks)
    if options.variety:
        places = places - options.variety * NOISE_SCALE * random_noise(tracks, options.seed)
    return [tracks[index] for index in hops.cheapest(places, floor)]


@dataclass(frozen=True)
class _Hops:
    """The cosine similarities of n tracks, ordered along the path, to the first one, to those ahead, and to the last.

    Attributes:
        from_first: (n,).
        ahead: (n, n), zero for tracks that are not ahead.
        to_last: (n,).
    """

    from_first: Array
    ahead: Array
    to_last: Array

    def longest(self, count: int, direct: float) -> tuple[int, float]:
        """Return how many tracks, at most `count`, a path can have without a bad hop, and how weak its hops may be.

        The weakest hop of a path is as strong as possible: dynamic programming over (number of tracks, last track).

        Args:
            count: Maximum number of tracks, at least 1.
            direct: The similarity of both ends.
        """
        possible = np.where(self._is_ahead, self.ahead, -np.inf)
        widest = self.from_first
        weakest = [direct, float(np.minimum(widest, self.to_last).max())]
        for _ in range(1, count):
            widest = np.minimum(widest[:, None], possible).max(0)
            weakest.append(float(np.minimum(widest, self.to_last).max()))
        floor = min(SMOOTH, max(weakest) - WORSE_MAX)
        return max(number for number, hop in enumerate(weakest) if hop >= floor), floor

    def cheapest(self, places: Array, floor: float) -> list[int]:
        """Return the tracks of the best path without a hop below `floor`.

        Args:
            places: (places, n), the cost of each track at each place.
            floor: The smallest similarity of neighbours.
        """
        hops = np.where(self._is_ahead, _cost(self.ahead, floor), np.inf)
        best = places[0] + _cost(self.from_first, floor)
        before = np.zeros(places.shape, dtype=int)
        for place in range(1, len(places)):
            through = best[:, None] + hops  # (track before, track)
            before[place] = through.argmin(0)
            best = places[place] + through.min(0)
        chosen = [int((best + _cost(self.to_last, floor)).argmin())]
        for place in range(len(places) - 1, 0, -1):
            chosen.append(int(before[place, chosen[-1]]))
        return chosen[::-1]

    @property
    def _is_ahead(self) -> NDArray[np.bool_]:
        return np.triu(np.ones(self.ahead.shape, dtype=bool), 1)


def _cost(cosines: Array, floor: float) -> Array:
    cost: Array = np.where(cosines >= floor, (1 - cosines) ** HOP_EXPONENT, np.inf)
    return cost

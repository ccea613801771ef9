"""An exact search in the catalogue, for processes that cannot open the vector index because another holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.catalog.indexing import IndexQueue
from services.domain.filters import RANGE_FIELDS, Filters
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Hit, Point, Query

FILTERS_KEPT = 8
"""Latest filters whose points are remembered: a search asks for the same ones with every growth of its pool."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Points:
    """The points of a catalogue.

    Attributes:
        ids: Their ids.
        vectors: (n, 128).
        measured: (n,) for each of `RANGE_FIELDS`; unknown values are NaN.
        keywords: The keys of each point by field, without empty fields.
    """

    ids: list[str] = field(default_factory=list)
    vectors: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, EMBEDDING_DIM), dtype=np.float32))
    measured: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    keywords: list[dict[str, tuple[str, ...]]] = field(default_factory=list)

    def admitted(self, filters: Filters) -> Mask:
        """Return the points that meet the filters."""
        mask = np.ones(len(self.ids), dtype=bool)
        for name, wanted in filters.ranges.items():
            values = self.measured[name]
            low, high = (bound if bound is not None else np.nan for bound in (wanted.min, wanted.max))
            unknown = np.isnan(values)
            mask &= np.where(unknown, name in filters.or_unknown, ~((values < low) | (values > high)))
        others = replace(filters, ranges={})
        if others != Filters():
            for place in np.flatnonzero(mask):
                mask[place] = others.admit({}, self.keywords[place])
        return mask


class ExactIndex:
    """Searches the points that the catalogue has at the time of the first query, which reads them all.

    For 100,000 tracks, vectors and numbers take 66 MB of memory.
    """

    def __init__(self, queue: IndexQueue) -> None:
        self._queue = queue
        self._points: _Points | None = None
        self._admitted: list[tuple[Filters, Mask]] = []

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run several queries. Each result is sorted by descending score, then by id."""
        if self._points is None:
            self._points = _read(self._queue)
        return [self._nearest(self._points, query) for query in queries]

    def _nearest(self, points: _Points, query: Query) -> list[Hit]:
        scores = points.vectors @ query.vector
        allowed = self._matching(points, query.filters)
        if query.exclude:
            allowed = allowed & np.array([each not in query.exclude for each in points.ids], dtype=bool)
        [places] = np.nonzero(allowed)
        nearest = places[np.argsort(-scores[places], kind="stable")][: query.limit]
        return [Hit(points.ids[place], float(scores[place])) for place in nearest]

    def _matching(self, points: _Points, filters: Filters) -> Mask:
        for known, mask in self._admitted:
            if known == filters:
                return mask
        self._admitted = [*self._admitted[1 - FILTERS_KEPT :], (filters, points.admitted(filters))]
        return self._admitted[-1][1]


def _read(queue: IndexQueue) -> _Points:
    ids, keywords = list[str](), list[dict[str, tuple[str, ...]]]()
    vectors, measured = [np.empty((0, EMBEDDING_DIM), dtype=np.float32)], [np.empty((0, len(RANGE_FIELDS)))]
    for changes in queue.ready():
        points = [change.point for change in changes if change.point is not None]
        if points:
            ids += [point.id for point in points]
            vectors.append(np.stack([point.vector for point in points]))
            measured.append(np.array([[point.payload.get(name) for name in RANGE_FIELDS] for point in points], float))
            keywords += map(_keywords, points)
    columns = np.concatenate(measured).T
    return _Points(ids, np.concatenate(vectors), dict(zip(RANGE_FIELDS, columns, strict=True)), keywords)


def _keywords(point: Point) -> dict[str, tuple[str, ...]]:
    payload: Mapping[str, Any] = point.payload
    return {
        name: tuple(map(intern, [value] if isinstance(value, str) else value))
        for name, value in payload.items()
        if name not in RANGE_FIELDS and value
    }

"""Points in memory that are searched one by one: those written since the last build, or all of a small library."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.domain.filters import RANGE_FIELDS, Filters
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Hit, Point, Query
from services.index.columns import GrowingColumns, Mask, grown

BLOCK = 16
"""The highest of many scores are looked for in blocks of this size, which takes half of the time."""

FILTERS_KEPT = 8
"""Latest filters whose rows are remembered: most requests of a player use the same ones."""


class Points:
    """Points that can be added, replaced, removed and searched. Not thread-safe."""

    def __init__(self, fields: Iterable[str] = RANGE_FIELDS) -> None:
        self._columns = GrowingColumns(fields)
        self._ids: list[str] = []
        self._row_of: dict[str, int] = {}
        self._vectors: NDArray[np.float32] = np.empty((0, EMBEDDING_DIM), dtype=np.float32)
        self._alive: Mask = np.empty(0, dtype=bool)
        self._admitted: list[tuple[Filters, Mask]] = []

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self._row_of)

    def __contains__(self, point_id: object) -> bool:
        """Return whether a point is here."""
        return point_id in self._row_of

    @property
    def dimension(self) -> int | None:
        """Length of the vectors; None before the first point."""
        return self._vectors.shape[1] if self._ids else None

    @property
    def rows(self) -> int:
        """The number of rows that a search compares, with those of replaced and removed points."""
        return len(self._ids)

    def ids(self) -> list[str]:
        """Return the ids of all points in ascending order."""
        return sorted(self._row_of)

    def add(self, points: Sequence[Point]) -> None:
        """Add or replace points."""
        if not points:
            return
        latest = {point.id: point for point in points}
        self.remove(latest)
        first, end = len(self._ids), len(self._ids) + len(latest)
        if not first:
            self._vectors = np.empty((0, len(points[0].vector)), dtype=np.float32)
        self._vectors, self._alive = grown(self._vectors, end), grown(self._alive, end)
        self._vectors[first:end] = [point.vector for point in latest.values()]
        self._alive[first:end] = True
        self._columns.append([point.payload for point in latest.values()], first)
        self._ids += latest
        self._row_of |= {point_id: row for row, point_id in enumerate(latest, first)}
        self._admitted = []

    def remove(self, ids: Iterable[str]) -> None:
        """Remove points; unknown ids are ignored."""
        for point_id in ids:
            if (row := self._row_of.pop(point_id, None)) is not None:
                self._alive[row] = False
                self._admitted = []

    def count(self, filters: Filters, exclude: Collection[str]) -> int:
        """Return the number of points that meet the filters and are not excluded."""
        return int(np.count_nonzero(self._allowed(filters, exclude)))

    def nearest(self, query: Query) -> list[Hit]:
        """Return the points nearest to a query, in no particular order."""
        if not self._ids:  # the length of vectors is not known
            return []
        rows = np.flatnonzero(self._allowed(query.filters, query.exclude))
        scores = self._vectors[rows] @ query.vector
        best = highest(scores, query.limit)
        return [Hit(self._ids[row], float(score)) for row, score in zip(rows[best], scores[best], strict=True)]

    def _allowed(self, filters: Filters, exclude: Collection[str]) -> Mask:
        admitted = self._admitted_by(filters)
        excluded = [self._row_of[point_id] for point_id in exclude if point_id in self._row_of]
        if excluded:
            admitted = admitted.copy()
            admitted[excluded] = False
        return admitted

    def _admitted_by(self, filters: Filters) -> Mask:
        for known, mask in self._admitted:
            if known == filters:
                return mask
        alive = self._alive[: len(self._ids)]
        matching = self._columns.columns(len(self._ids)).matching(filters)
        mask = alive if matching is None else matching & alive
        self._admitted = [*self._admitted[1 - FILTERS_KEPT :], (filters, mask)]
        return mask


def highest(scores: NDArray[np.float32], limit: int) -> NDArray[np.intp]:
    """Return the positions of the `limit` highest scores, in no particular order."""
    places = np.arange(len(scores))
    whole = len(scores) // BLOCK * BLOCK
    if whole > BLOCK * limit:
        # None of the highest is below the best score of the block that is `limit`th by its best score.
        best = scores[:whole].reshape(-1, BLOCK).max(axis=1)
        places = np.flatnonzero(scores >= np.partition(best, -limit)[-limit])
    if limit >= len(places):
        return places
    return places[np.argpartition(scores[places], -limit)[-limit:]]

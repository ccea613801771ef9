"""An exact search in the catalogue, for processes that cannot open the vector index because another holds it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.catalog.indexing import IndexQueue
from services.domain.filters import Filters
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Hit, PayloadValue, Query

Mask = NDArray[np.bool_]


class ExactIndex:
    """Searches the points that the catalogue has at the time of the first query.

    The embeddings stay in memory, 51 MB for 100,000 tracks. Filters are evaluated on the rows of the catalogue, which
    takes seconds for a library of that size.
    """

    def __init__(self, queue: IndexQueue) -> None:
        self._queue = queue
        self._ids: list[str] | None = None
        self._vectors: NDArray[np.float32] = np.empty((0, EMBEDDING_DIM), dtype=np.float32)
        self._filters: tuple[Filters, Mask] | None = None

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run several queries. Each result is sorted by descending score, then by id."""
        ids = self._read()
        return [self._nearest(ids, query) for query in queries]

    def _read(self) -> list[str]:
        if self._ids is None:
            batches = [[change.point for change in changes if change.point] for changes in self._queue.ready()]
            self._ids = [point.id for points in batches for point in points]
            vectors = [np.stack([point.vector for point in points]) for points in batches if points]
            self._vectors = np.concatenate([self._vectors, *vectors])
        return self._ids

    def _nearest(self, ids: list[str], query: Query) -> list[Hit]:
        scores = self._vectors @ query.vector
        allowed = self._matching(ids, query.filters)
        if query.exclude:
            allowed = allowed & np.array([each not in query.exclude for each in ids], dtype=bool)
        [places] = np.nonzero(allowed)
        hits = [Hit(ids[place], float(scores[place])) for place in places[np.argsort(-scores[places], kind="stable")]]
        return hits[: query.limit]

    def _matching(self, ids: list[str], filters: Filters) -> Mask:
        if self._filters is None or self._filters[0] != filters:
            mask = np.ones(len(ids), dtype=bool) if filters == Filters() else self._evaluate(ids, filters)
            self._filters = (filters, mask)
        return self._filters[1]

    def _evaluate(self, ids: list[str], filters: Filters) -> Mask:
        admitted = {
            change.id
            for changes in self._queue.ready()
            for change in changes
            if change.point is not None and _admits(filters, change.point.payload)
        }
        return np.array([each in admitted for each in ids], dtype=bool)


def _admits(filters: Filters, payload: Any) -> bool:  # noqa: ANN401  a payload of the index
    measured: dict[str, float] = {}
    keywords: dict[str, list[str]] = {}
    value: PayloadValue
    for name, value in payload.items():
        if isinstance(value, int | float):
            measured[name] = value
        elif value is not None:
            keywords[name] = [value] if isinstance(value, str) else list(value)
    return filters.admit(measured, keywords)

"""A vector index whose searches are limited to the libraries of the request, as statements of the catalogue are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.catalog import tenancy
from services.domain.filters import Filters
from services.domain.libraries import within
from services.domain.vector_index import Hit, Point, Query, VectorIndex, VectorSearch


class LimitedSearch(VectorSearch):
    """The search of an index."""

    def __init__(self, index: VectorSearch) -> None:
        self._searched = index

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return self._searched.dimension

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run several queries."""
        if tenancy.libraries() is not None:
            queries = [replace(query, filters=_limited(query.filters)) for query in queries]
        return self._searched.query(queries)


class LimitedIndex(LimitedSearch, VectorIndex):
    """The index that views use; the indexer writes to the one inside."""

    def __init__(self, index: VectorIndex) -> None:
        super().__init__(index)
        self._index = index

    def count(self) -> int:
        """Return the number of points of the libraries."""
        return self._index.count() if tenancy.libraries() is None else self._index.count_matching(_limited(Filters()))

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """Return the number of points that match the filters."""
        return self._index.count_matching(_limited(filters), exclude)

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points."""
        self._index.upsert(points)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points."""
        self._index.delete(ids)

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of all points of the installation."""
        return self._index.ids()

    def silent_nodes(self) -> list[str]:
        """Return the nodes of a cluster that have not responded lately."""
        return self._index.silent_nodes()

    def close(self) -> None:
        """Release the resources of the index."""
        self._index.close()


def _limited(filters: Filters) -> Filters:
    libraries = tenancy.libraries()
    return filters if libraries is None else within(filters, libraries)

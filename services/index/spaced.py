"""The index that requests use: that of the space which the request reads."""

from collections.abc import Callable, Iterator, Sequence

from services.domain.filters import Filters
from services.domain.vector_index import Hit, Point, Query, VectorIndex


class SpacedIndex(VectorIndex):
    """Passes each call to the index of the space that the request reads."""

    def __init__(self, chosen: Callable[[], VectorIndex]) -> None:
        self._chosen = chosen

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return self._chosen().dimension

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points."""
        self._chosen().upsert(points)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points."""
        self._chosen().delete(ids)

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run several queries."""
        return self._chosen().query(queries)

    def count(self) -> int:
        """Return the number of points."""
        return self._chosen().count()

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """Return the number of points that match the filters."""
        return self._chosen().count_matching(filters, exclude)

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of all points in ascending order."""
        return self._chosen().ids()

    def silent_nodes(self) -> list[str]:
        """Return host and port of the nodes that have not responded lately."""
        return self._chosen().silent_nodes()

    def close(self) -> None:
        """Leave the indexes open: those who opened them close them."""

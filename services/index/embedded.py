"""The vector index in the API process: an inverted-file index in a directory, and a journal of what changed since.

The files of the last build (`services.index.cells`) are memory-mapped. Points that were written later are in memory
(`services.index.points`) and in the journal (`services.index.journal`), which is read again at the next start.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from pathlib import Path
from typing import Self

from services.domain.errors import IndexUnavailable
from services.domain.filters import Filters
from services.domain.track import EMBEDDING_DIM, unit_vector
from services.domain.vector_index import Hit, Point, Query, VectorIndex, ordered
from services.index.cells import Cells
from services.index.journal import Change, Journal
from services.index.points import Points

JOURNAL = "journal"


class IvfIndex(VectorIndex):
    """A directory, which one process can open. A lock serialises writes and the search of the latest points."""

    def __init__(self, path: Path, journal: Journal) -> None:
        self._lock = threading.Lock()
        self._journal = journal
        self._cells = Cells(path) if (path / "vectors.npy").exists() else None
        self._points = Points()
        for change in journal.changes():
            self._apply(change)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Begin an index in a directory that is empty, or that has the files of a build."""
        with _translated(f"create an index in {path}"):
            path.mkdir(exist_ok=True, mode=0o700)
            return cls(path, Journal.create(path / JOURNAL))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open the index in a directory.

        Raises:
            IndexUnavailable: it is missing or damaged.
        """
        with _translated(f"load the index in {path}"):
            return cls(path, Journal(path / JOURNAL))

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return self._known_dimension() or EMBEDDING_DIM

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; they are on disk when it returns."""
        for point in points:
            unit_vector(point.vector, f"point {point.id}", self._known_dimension() or len(points[0].vector))
        self._write(Change(points=points))

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points."""
        self._write(Change(deleted=ids))

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run several queries."""
        return [self._nearest(query) for query in queries]

    def count(self) -> int:
        """Return the number of points."""
        with self._lock:
            return len(self._points) + (0 if self._cells is None else len(self._cells))

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """Return the number of points that match the filters."""
        with self._lock:
            built = 0 if self._cells is None else self._cells.count(filters, exclude)
            return built + self._points.count(filters, exclude)

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of all points in ascending order."""
        with self._lock:
            cells, latest = self._cells, self._points.ids()
        yield from latest if cells is None else merge(cells.ids(), latest)

    def close(self) -> None:
        """Close the journal."""
        with self._lock:
            self._journal.close()

    def unindexed(self) -> int:
        """Return the number of points that a search compares one by one because they are not in cells."""
        with self._lock:
            return self._points.rows

    def take_over(self, other: "IvfIndex") -> None:
        """Serve the points of another index. Do not use `other` afterwards."""
        with self._lock:
            old = self._journal
            self._journal, self._cells, self._points = other._journal, other._cells, other._points  # noqa: SLF001
        old.close()

    def _nearest(self, query: Query) -> list[Hit]:
        unit_vector(query.vector, "the query", self._known_dimension())
        with self._lock:
            cells, hits = self._cells, self._points.nearest(query)
        if cells is not None:
            hits += cells.nearest(query)
        return ordered(hits)[: query.limit]

    def _known_dimension(self) -> int | None:
        return self._points.dimension if self._cells is None else self._cells.dimension

    def _write(self, change: Change) -> None:
        if not change.points and not change.deleted:
            return
        with self._lock, _translated("write points"):
            self._journal.append(change)
            self._apply(change)

    def _apply(self, change: Change) -> None:
        ids = [*change.deleted, *(point.id for point in change.points)]
        if self._cells is not None:
            self._cells.remove(ids)
        self._points.remove(change.deleted)
        self._points.add(change.points)


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, LookupError, EOFError) as error:
        raise IndexUnavailable(f"Segue could not {doing}: {error}") from error

"""An inverted-file index: points in cells of neighbours, which a search visits from the nearest on (Jégou et al. 2011).

The files of a directory, written by `build` and memory-mapped by `Cells`:

    vectors.npy    (n, dimension), sorted by cell
    codes.npy      (n,), the vectors in 8 bits an element; a search compares these first
    ids.npy        (n,), 16 bytes each
    by-id.npy      (n,) rows in ascending order of their ids
    numbers.npy    (number of fields, n)
    numbers.json   the names of the fields: `RANGE_FIELDS`, and own features with numbers
    centroids.npy  (number of cells, dimension)
    starts.npy     (number of cells + 1,) first row of each cell
    keywords.json  the keys of each keyword field
    FIELD-rows.npy, FIELD-starts.npy  the rows of each key, and where those of each key start
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import simsimd
from numpy.typing import NDArray

from services.domain.filters import RANGE_FIELDS, Filters
from services.domain.libraries import LIBRARY
from services.domain.names import text_key
from services.domain.vector_index import Hit, Query
from services.index.columns import Columns, Mask, Numbers, Rows
from services.index.points import FILTERS_KEPT, highest

VISITED_POINTS = 100_000
"""Points that a search without filters compares, in the nearest cells (docs/evaluation/index.md has the recall)."""

LEAST_VISITED = 30_000
"""Matching points that a search with filters compares at least. The fewer points match, the more cells they are in."""

FEW = 5_000
"""So few matching points are compared without looking for the nearest cells, and so few points of libraries are looked
up by their keys: an installation may have thousands of libraries, each with filters of its own."""

CODE_MAX = 127
NAMED_AT_ONCE = 10_000

COMPARED_AGAIN = 3
"""So many times the wanted number of points are compared by their vectors, after a comparison by codes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that meet some filters.

    Attributes:
        filters: The filters.
        rows: In ascending order, so sorted by cell; None for all rows.
        starts: (number of cells + 1,) the place of the first row of each cell in `rows`, if these are more than `FEW`.
    """

    filters: Filters
    rows: Rows | None
    starts: NDArray[np.int64]


class Cells:
    """The points of a build. They do not change; `remove` hides those that are deleted or replaced."""

    def __init__(self, path: Path) -> None:
        """Map the files of a directory.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        self._vectors, self._codes = _mapped(path / "vectors.npy"), _mapped(path / "codes.npy")
        self._ids, self._by_id = _mapped(path / "ids.npy"), _mapped(path / "by-id.npy")
        self._centroids, self._starts = np.load(path / "centroids.npy"), np.load(path / "starts.npy")
        names = path / "numbers.json"  # builds of earlier versions have none
        fields = json.loads(names.read_bytes()) if names.exists() else RANGE_FIELDS
        self._numbers = dict(zip(fields, _mapped(path / "numbers.npy"), strict=False))
        self._keywords = {
            field: _Keywords({key: place for place, key in enumerate(keys)}, path, field)
            for field, keys in json.loads((path / "keywords.json").read_text(encoding="utf-8")).items()
        }
        if not len(self._vectors) == len(self._codes) == len(self._ids) == len(self._by_id) == self._starts[-1]:
            raise ValueError(f"The files in {path} have different numbers of points.")
        self._alive: Mask | None = None
        self._gone = 0
        self._selections: tuple[Selection, ...] = ()

    def __len__(self) -> int:
        """Return the number of points that are not hidden."""
        return len(self._ids) - self._gone

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self._vectors.shape[1])

    def remove(self, ids: Iterable[str]) -> None:
        """Hide points; unknown ids are ignored."""
        rows = [row for row in self._rows(ids) if self._alive is None or self._alive[row]]
        if rows:
            alive = np.ones(len(self._ids), dtype=bool) if self._alive is None else self._alive.copy()
            alive[rows] = False
            self._alive, self._gone = alive, self._gone + len(rows)
            self._selections = ()

    def ids(self) -> Iterator[str]:
        """Iterate over the ids in ascending order."""
        rows = self._by_id if self._alive is None else self._by_id[self._alive[self._by_id]]
        for start in range(0, len(rows), NAMED_AT_ONCE):
            yield from self._names(rows[start : start + NAMED_AT_ONCE])

    def count(self, filters: Filters, exclude: Collection[str]) -> int:
        """Return the number of points that meet the filters and are not excluded."""
        rows = self._selection(filters).rows
        if rows is None:
            return len(self._ids) - len(self._rows(exclude))
        return len(rows) - int(np.isin(self._rows(exclude), rows).sum())

    def nearest(self, query: Query) -> list[Hit]:
        """Return the points nearest to a query, in no particular order."""
        selection = self._selection(query.filters)
        if selection.rows is not None and len(selection.rows) <= FEW:
            return self._best(query, selection.rows, self._vectors[selection.rows] @ query.vector)
        sizes = np.diff(selection.starts)
        nearest = np.argsort(-(self._centroids @ query.vector))
        visited = max(LEAST_VISITED, VISITED_POINTS * (selection.starts[-1] / len(self._ids)) ** 0.5)
        wanted = query.limit + len(query.exclude)
        last = int(np.searchsorted(np.cumsum(sizes[nearest]), max(visited, wanted)))
        parts = _rows_in(selection, nearest[: last + 1])
        rows = np.concatenate(parts)
        code = encoded(query.vector)
        if selection.rows is None:  # codes are compared where they are, without a copy
            codes = (self._codes[part[0] : part[-1] + 1] for part in parts if len(part))
            similarity = np.concatenate([_dots(code, each) for each in codes])
        else:
            similarity = _dots(code, self._codes.take(rows))
        rows = rows[highest(similarity, COMPARED_AGAIN * wanted)]
        return self._best(query, rows, self._vectors[rows] @ query.vector)

    def _best(self, query: Query, rows: Rows, scores: NDArray[np.float32]) -> list[Hit]:
        best = highest(scores, query.limit + len(query.exclude))
        hits = map(Hit, self._names(rows[best]), scores[best].tolist())
        return [hit for hit in hits if hit.id not in query.exclude]

    def _selection(self, filters: Filters) -> Selection:
        known = self._selections
        found = next((each for each in known if each.filters == filters), None)
        if found is None:
            alive = self._alive
            rows = self._matching(filters, alive)
            starts = self._starts if rows is None or len(rows) <= FEW else np.searchsorted(rows, self._starts)
            found = Selection(filters, rows, starts)
            if alive is self._alive:  # else `remove` was called in between
                self._selections = (*known[1 - FILTERS_KEPT :], found)
        return found

    def _matching(self, filters: Filters, alive: Mask | None) -> Rows | None:
        """Return the rows that meet the filters and are not hidden, in ascending order; None for all."""
        own = self._of_libraries(filters)
        if own is not None:
            mask = Columns(len(own), _Of(self._numbers, own), partial(self._places_of, own)).matching(filters)
            mask = np.ones(len(own), dtype=bool) if mask is None else mask
            return own[mask if alive is None else mask & alive[own]]
        mask = Columns(len(self._ids), self._numbers, self._rows_of).matching(filters)
        mask = alive if mask is None else mask if alive is None else mask & alive
        return None if mask is None else np.flatnonzero(mask).astype(np.int32)

    def _of_libraries(self, filters: Filters) -> Rows | None:
        """Return the rows of the libraries that filters name, in ascending order; None if they name none, or many."""
        named = [self._rows_of(LIBRARY, text_key(each)) for each in filters.any_of.get(LIBRARY, ())]
        return np.unique(np.concatenate(named)) if named and sum(map(len, named)) <= FEW else None

    def _places_of(self, own: Rows, field: str, key: str | None) -> Rows:
        """Return the places in `own` of the rows with a key."""
        return np.flatnonzero(np.isin(own, self._rows_of(field, key), kind="table")).astype(np.int32)

    def _rows_of(self, field: str, key: str | None) -> Rows:
        keywords = self._keywords.get(field)
        return np.empty(0, dtype=np.int32) if keywords is None else keywords.rows(key)

    def _rows(self, ids: Iterable[str]) -> list[int]:
        wanted = np.array([packed(point_id) for point_id in ids], dtype="S16")
        places = np.searchsorted(self._ids, wanted, sorter=self._by_id)
        rows = self._by_id[np.minimum(places, len(self._ids) - 1)]
        found: list[int] = rows[self._ids[rows] == wanted].tolist()
        return found

    def _names(self, rows: Rows) -> Iterator[str]:
        """Yield the ids of rows."""
        digits = self._ids[rows].tobytes().hex()
        for start in range(0, len(digits), 32):
            each = digits[start : start + 32]
            yield f"{each[:8]}-{each[8:12]}-{each[12:16]}-{each[16:20]}-{each[20:]}"


class _Of(Mapping[str, Numbers]):
    """The numbers of some rows, taken from a column when it is asked for."""

    def __init__(self, columns: Mapping[str, Numbers], rows: Rows) -> None:
        self._columns, self._rows = columns, rows

    def __getitem__(self, name: str) -> Numbers:
        """Return a column."""
        return self._columns[name][self._rows]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._columns)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._columns)


class _Keywords:
    """The rows of each key of a field."""

    def __init__(self, places: dict[str, int], path: Path, field: str) -> None:
        self._places = places
        self._rows = _mapped(path / f"{field}-rows.npy")
        self._starts = np.load(path / f"{field}-starts.npy")

    def rows(self, key: str | None) -> Rows:
        if key is None:
            return self._rows
        place = self._places.get(key)
        return self._rows[:0] if place is None else self._rows[self._starts[place] : self._starts[place + 1]]


def encoded(vectors: NDArray[np.float32], peak: float | None = None) -> NDArray[np.int8]:
    """Return vectors in 8 bits an element; `peak` is the largest element, by default that of the vectors."""
    peak = float(np.abs(vectors).max()) if peak is None else peak
    codes: NDArray[np.int8] = np.rint(vectors * (CODE_MAX / peak)).astype(np.int8)
    return codes


def _dots(code: NDArray[np.int8], codes: NDArray[np.void]) -> NDArray[np.float32]:
    """Return (n,): the products of a code with others, exact up to 1,040 elements."""
    others = codes.view(np.int8).reshape(-1, len(code))
    products: NDArray[np.float32] = np.asarray(simsimd.cdist(code[None], others, "dot", out_dtype="float32"))[0]
    return products


def _rows_in(selection: Selection, cells: NDArray[np.intp]) -> list[Rows]:
    """Return the matching rows in some cells, in one part for cells that follow each other."""
    cells = np.sort(cells)
    ends = np.flatnonzero(np.diff(cells, append=-1) != 1)
    first, last = cells[np.concatenate([[0], ends[:-1] + 1])], cells[ends]
    bounds = zip(selection.starts[first].tolist(), selection.starts[last + 1].tolist(), strict=True)
    if selection.rows is None:
        return [np.arange(start, end, dtype=np.int32) for start, end in bounds]
    return [selection.rows[start:end] for start, end in bounds]


def packed(point_id: str) -> bytes:
    """Return the 16 bytes of a UUID, which sort as its text does."""
    return bytes.fromhex(point_id.replace("-", ""))


def _mapped(path: Path) -> NDArray[Any]:
    # As a plain array: an operation on a `numpy.memmap` costs several µs more.
    return np.asarray(np.load(path, mmap_mode="r"))

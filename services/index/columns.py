"""The fields of points as NumPy columns, and the rows that meet filters."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.filters import ALSO_HEARD, Filters, Range, keyword_keys

Mask = NDArray[np.bool_]
Rows = NDArray[np.int32]
Numbers = NDArray[np.float32]

RowsOf = Callable[[str, str | None], Rows]
"""Returns the rows that have a key in a keyword field, or any key if it is None."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields of some points, one row each.

    Attributes:
        count: The number of rows.
        numbers: (count,) for each field with numbers of some row; unknown values are NaN.
        rows_of: The rows of a keyword.
    """

    count: int
    numbers: Mapping[str, Numbers]
    rows_of: RowsOf

    def matching(self, filters: Filters) -> Mask | None:
        """Return the rows that meet the filters, as `Filters.admit` does; None if all do."""
        if filters == Filters():
            return None
        conditions = [
            *(self._within(name, wanted, name in filters.or_unknown) for name, wanted in filters.ranges.items()),
            *(self._has_any(name, values) for name, values in filters.any_of.items()),
            *(~self._unwanted(name, values) for name, values in filters.none_of.items()),
        ]
        return reduce(np.logical_and, conditions)

    def _within(self, name: str, wanted: Range, or_unknown: bool) -> Mask:  # noqa: FBT001  a column's rule
        values = self.numbers.get(name)
        if values is None:  # an own feature of none of the rows
            return np.full(self.count, or_unknown)
        inside = ~np.isnan(values) if wanted == Range() else np.ones(self.count, dtype=bool)
        if wanted.min is not None:
            inside &= values >= np.float32(wanted.min)
        if wanted.max is not None:
            inside &= values <= np.float32(wanted.max)
        return inside | np.isnan(values) if or_unknown else inside

    def _has_any(self, name: str, values: Iterable[str]) -> Mask:
        found = np.zeros(self.count, dtype=bool)
        for field in ALSO_HEARD.get(name, (name,)):
            for key in _keys(name, values):
                found[self.rows_of(field, key)] = True
        return found

    def _unwanted(self, name: str, values: Iterable[str]) -> Mask:
        """Return the rows with an unwanted value in the first of the fields that they have."""
        unwanted, undecided = np.zeros(self.count, dtype=bool), np.ones(self.count, dtype=bool)
        for field in ALSO_HEARD.get(name, (name,)):
            for key in _keys(name, values):
                rows = self.rows_of(field, key)
                unwanted[rows] |= undecided[rows]
            undecided[self.rows_of(field, None)] = False
        return unwanted


def _keys(name: str, values: Iterable[str]) -> set[str]:
    return {key for value in values for key in keyword_keys(name, value)}


class GrowingColumns:
    """Columns to which rows are added."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._fields = tuple(fields)
        self._numbers = np.full((0, len(self._fields)), np.nan, dtype=np.float32)
        self._own = OwnNumbers(self._fields)
        self._rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))

    def append(self, payloads: list[Mapping[str, Any]], first: int) -> None:
        """Add the fields of points as rows from `first` on."""
        numbers = [[payload.get(name) for name in self._fields] for payload in payloads]
        self._numbers = grown(self._numbers, first + len(payloads))
        self._numbers[first : first + len(payloads)] = np.array(numbers, dtype=np.float32).reshape(len(payloads), -1)
        for row, payload in enumerate(payloads, first):
            self._own.add(row, payload)
            for field, key in keywords_of(payload):
                self._rows[field][key].append(row)

    def columns(self, count: int) -> Columns:
        """Return the first `count` rows."""
        numbers = dict(zip(self._fields, self._numbers[:count].T, strict=True)) | self._own.columns(count)
        return Columns(count, numbers, self._rows_of)

    def _rows_of(self, field: str, key: str | None) -> Rows:
        postings = self._rows.get(field, {})
        if key is not None:
            return np.array(postings.get(key, ()), dtype=np.int32)
        return np.array([row for rows in postings.values() for row in rows], dtype=np.int32)


class OwnNumbers:
    """The numbers of own features. Few rows may have one, so each value is stored with its row."""

    def __init__(self, fields: Collection[str]) -> None:
        """Leave out the other fields with numbers."""
        self._fields = frozenset(fields)
        self._values: dict[str, tuple[array[int], array[float]]] = defaultdict(lambda: (array("i"), array("f")))

    def add(self, row: int, payload: Mapping[str, Any]) -> None:
        """Add the numbers of a row."""
        for name in payload.keys() - self._fields:
            if isinstance(value := payload[name], int | float):
                rows, values = self._values[name]
                rows.append(row)
                values.append(value)

    def columns(self, count: int) -> dict[str, Numbers]:
        """Return (count,) for each feature."""
        return {name: _filled(count, *pair) for name, pair in sorted(self._values.items())}


def _filled(count: int, rows: "array[int]", values: "array[float]") -> Numbers:
    column = np.full(count, np.nan, dtype=np.float32)
    column[np.array(rows, dtype=np.int32)] = np.array(values, dtype=np.float32)
    return column


def keywords_of(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the keyword fields of a payload with each of their keys."""
    return [
        (field, key)
        for field, value in payload.items()
        if isinstance(value, str | list)
        for key in ([value] if isinstance(value, str) else value)
    ]


def grown(rows: NDArray[Any], count: int) -> NDArray[Any]:
    """Return an array with room for `count` rows, at least twice as many as before if it must grow."""
    if count <= len(rows):
        return rows
    larger = np.empty((max(count, 2 * len(rows)), *rows.shape[1:]), dtype=rows.dtype)
    larger[: len(rows)] = rows
    return larger

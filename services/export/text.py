"""Rows as JSON lines and as CSV."""

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import numpy as np

from services.catalog.exports import Rows
from services.export.columns import ColumnType
from services.export.tables import ExportTable


def json_lines(table: ExportTable, rows: Rows) -> str:
    """Return one JSON object per row."""
    names = [column.name for column in table.columns]
    types = [column.type for column in table.columns]
    plain = (dict(zip(names, _plain(types, row), strict=True)) for row in rows)
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in plain)


def csv_head(table: ExportTable) -> str:
    """Return the line with the names of the columns."""
    return _csv([[column.name for column in table.columns]])


def csv_lines(table: ExportTable, rows: Rows) -> str:
    """Return one line per row. Null is empty; lists, maps and vectors are JSON."""
    types = [column.type for column in table.columns]
    return _csv([[_cell(value) for value in _plain(types, row)] for row in rows])


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else value


def _plain(types: Sequence[ColumnType], row: Sequence[Any]) -> list[Any]:
    """Return the values of a row as JSON has them."""
    return [_value(type_, value) for type_, value in zip(types, row, strict=True)]


def _value(type_: ColumnType, value: Any) -> Any:  # noqa: ANN401  a cell of any type
    if type_ == ColumnType.MOMENT and value is not None:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    if type_ == ColumnType.VECTOR:
        return [round(each, 7) for each in np.frombuffer(value, dtype="<f4").tolist()]
    return value

"""Rows as Arrow record batches. Import it only where the extra `analysis` is installed."""

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa

from services.catalog.exports import Rows
from services.export.columns import Column, ColumnType
from services.export.tables import ExportTable

_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.TEXTS: pa.list_(pa.string()),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.FLAG: pa.bool_(),
    ColumnType.MOMENT: pa.timestamp("us", "UTC"),
    ColumnType.STRENGTHS: pa.map_(pa.string(), pa.float64()),
}


def schema_of(table: ExportTable) -> pa.Schema:
    """Return the Arrow schema of a table; the metadata of a field has its meaning, unit and range."""
    types = _TYPES | {ColumnType.VECTOR: pa.list_(pa.float32(), table.dimension)}
    fields = [pa.field(each.name, types[each.type], metadata=_metadata(each)) for each in table.columns]
    return pa.schema(fields, metadata={"table": table.name, "meaning": table.meaning})


def record_batch(table: ExportTable, schema: pa.Schema, rows: Rows) -> pa.RecordBatch:
    """Return rows of a table as a record batch of its schema."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(table.columns)
    arrays = [
        _array(column.type, field.type, values)
        for column, field, values in zip(table.columns, schema, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def stream(table: ExportTable, batches: Iterable[Rows]) -> Iterator[bytes]:
    """Yield the parts of an Arrow IPC stream."""
    schema = schema_of(table)
    sink = BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for rows in batches:
            writer.write_batch(record_batch(table, schema, rows))
            yield _taken(sink)
    yield _taken(sink)


def _taken(sink: BytesIO) -> bytes:
    """Return what was written, and empty the buffer."""
    part = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return part


def _array(type_: ColumnType, stored: pa.DataType, values: tuple[Any, ...]) -> pa.Array:
    if type_ == ColumnType.VECTOR:
        numbers = np.frombuffer(b"".join(values), dtype="<f4").astype(np.float32, copy=False)
        return pa.FixedSizeListArray.from_arrays(pa.array(numbers), stored.list_size)
    if type_ == ColumnType.STRENGTHS:
        return _maps(values)
    if type_ == ColumnType.MOMENT:
        # Texts of SQLite have no zone. A conversion of the whole column takes less time than one of each value.
        return pa.array(values).cast(pa.timestamp("us")).cast(stored)
    return pa.array(values, type=stored)


def _maps(values: Iterable[Mapping[str, float] | None]) -> pa.Array:
    """Return an array of maps. Its keys and values are built at once, because tuples of them take much memory."""
    starts, keys, strengths = list[int | None](), list[str](), list[float]()
    for each in values:
        starts.append(None if each is None else len(keys))  # a start that is null makes the map null
        keys += each or ()
        strengths += each.values() if each else ()
    offsets = pa.array([*starts, len(keys)], pa.int32())
    return pa.MapArray.from_arrays(offsets, pa.array(keys, pa.string()), pa.array(strengths, pa.float64()))


def _metadata(column: Column) -> dict[str, str]:
    told = {"meaning": column.meaning}
    if column.unit is not None:
        told["unit"] = column.unit
    if column.range is not None:
        told["range"] = f"{column.range[0]:g} to {column.range[1]:g}"
    return told

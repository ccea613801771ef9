"""Read CSV and Parquet files with a column of track ids and columns of own features.

A file is read in parts, and errors name the row: of a CSV file the line in which it ends, so that an editor finds it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from services.catalog.database import is_storable
from services.domain.errors import InvalidRequest, NotConfigured
from services.domain.own_features import FLAGS, VALUE_MAX, FeatureType, Value, own_name
from services.storage.csv_files import CsvRowError, csv_rows

TRACK_COLUMNS = ("track_id", "id")
"""Names of the column with the id or an external id of the track."""

PARQUET_START = b"PAR1"
BATCH_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its place in the file, the track as the file names it, and the values that it has."""

    number: int
    track: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Source:
    """A file: the types of its features by name, and a function that reads its rows."""

    types: Mapping[str, FeatureType]
    rows: Callable[[], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a file.

    Attributes:
        track: The place of the column with the track.
        features: The names of the features by place.
        types: The types that are known before the values are read.
    """

    track: int
    features: Mapping[int, str]
    types: Mapping[str, FeatureType]


def open_source(path: Path, namespace: str, known: Mapping[str, FeatureType]) -> Source:
    """Open a file whose columns become features of a namespace; `known` has the types of those that exist.

    Raises:
        InvalidRequest: it is no such file, or its columns cannot be own features.
        NotConfigured: Parquet needs a package that is not installed.
    """
    with path.open("rb") as file:
        start = file.read(len(PARQUET_START))
    if not start:
        raise InvalidRequest(f"'{path.name}' is empty.")
    return (_parquet if start == PARQUET_START else _csv)(path, namespace, known)


def refuse(path: Path, row: int, problem: str) -> NoReturn:
    """Refuse a file because of a row.

    Raises:
        InvalidRequest: always.
    """
    raise InvalidRequest(f"'{path.name}', row {row}: {problem} Nothing was imported.")


def _columns(path: Path, names: Sequence[str], namespace: str, known: Mapping[str, FeatureType]) -> _Columns:
    """Return the columns that headings name; `energy:text` names a type."""
    track = next((names.index(name) for name in TRACK_COLUMNS if name in names), None)
    if track is None:
        raise InvalidRequest(f"'{path.name}' has no column 'track_id' with the ids or external ids of tracks.")
    if names.count(names[track]) > 1:
        raise InvalidRequest(f"'{path.name}' has two columns '{names[track]}'.")
    features, types = dict[int, str](), dict[str, FeatureType]()
    for place, heading in enumerate(names):
        if place == track:
            continue
        column, _, type_ = heading.partition(":")
        name = own_name(namespace, column)
        if name in features.values():
            raise InvalidRequest(f"'{path.name}' has two columns for '{name}'.")
        features[place] = name
        if type_ and type_ not in list(FeatureType):
            raise InvalidRequest(f"'{type_}' in the heading '{heading}' is no type. Types: {', '.join(FeatureType)}.")
        if type_ or name in known:
            types[name] = FeatureType(type_) if type_ else known[name]
    if not features:
        raise InvalidRequest(f"'{path.name}' has no column besides the tracks. Is its separator a comma?")
    return _Columns(track, features, types)


def _csv(path: Path, namespace: str, known: Mapping[str, FeatureType]) -> Source:
    _, headings = next(_cells(path), (0, list[str]()))
    columns = _columns(path, [heading.strip() for heading in headings], namespace, known)
    types = dict(columns.types) | _seen_types(path, columns)

    def rows() -> Iterator[Row]:
        for number, row in _body(path):
            values = {
                name: _parsed(path, number, name, types[name], text)
                for place, name in columns.features.items()
                if (text := row[place].strip())
            }
            yield Row(number, row[columns.track].strip(), values)

    return Source(types, rows)


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file that are not empty, with the line in which each ends."""
    try:
        with path.open("rb") as file, closing(csv_rows(file)) as rows:
            yield from rows
    except CsvRowError as error:
        refuse(path, error.line, f"{error.why}.")


def _body(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the headings."""
    cells = _cells(path)
    _, names = next(cells)
    for number, row in cells:
        if len(row) != len(names):
            refuse(path, number, f"it has {len(row)} cells, and the headings are {len(names)}.")
        yield number, row


def _seen_types(path: Path, columns: _Columns) -> dict[str, FeatureType]:
    """Return the types of the columns whose type is not known: that of all of their values."""
    wanted = {place: name for place, name in columns.features.items() if name not in columns.types}
    found: dict[str, FeatureType] = {}
    for number, row in _body(path) if wanted else ():
        for place, name in wanted.items():
            if not (text := row[place].strip()):
                continue
            type_ = _type_of(text)
            if found.setdefault(name, type_) != type_:
                refuse(
                    path,
                    number,
                    f"'{text}' in the column of '{name}' is a {type_}, and the values above are of the type "
                    f"{found[name]}. Correct it, or name the type in the heading, such as "
                    f"'{name.partition('.')[2]}:text'.",
                )
    for name in wanted.values():
        if name not in found:
            raise InvalidRequest(f"The column of '{name}' in '{path.name}' has no values.")
    return found


def _type_of(text: str) -> FeatureType:
    if text.lower() in {"true", "false"}:
        return FeatureType.FLAG
    try:
        float(text)
    except ValueError:
        return FeatureType.TEXT
    return FeatureType.NUMBER


def _parsed(path: Path, row: int, name: str, type_: FeatureType, text: str) -> Value:
    if type_ == FeatureType.FLAG:
        if text.lower() not in FLAGS:
            refuse(path, row, f"'{text}' in the column of '{name}' is neither true nor false.")
        return FLAGS[text.lower()]
    if type_ == FeatureType.TEXT:
        return _text(path, row, name, text)
    try:
        return _number(path, row, name, float(text))
    except ValueError:
        refuse(path, row, f"'{text}' in the column of '{name}' is not a number.")


def _number(path: Path, row: int, name: str, value: float) -> float:
    if not math.isfinite(value):
        refuse(path, row, f"{value} in the column of '{name}' is not a finite number. Leave the cell empty instead.")
    return value


def _text(path: Path, row: int, name: str, value: str) -> str:
    if len(value) > VALUE_MAX:
        refuse(path, row, f"the text in the column of '{name}' has more than {VALUE_MAX} characters.")
    if not is_storable(value):
        refuse(path, row, f"the text in the column of '{name}' contains characters that cannot be stored.")
    return value


def _parquet(path: Path, namespace: str, known: Mapping[str, FeatureType]) -> Source:
    if find_spec("pyarrow") is None:
        raise NotConfigured("Parquet needs pyarrow: run `pip install 'segue[analysis]'`, or give a CSV file.")
    import pyarrow as pa  # noqa: PLC0415  an optional package
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise InvalidRequest(f"'{path.name}' is no complete Parquet file: {error} Nothing was imported.") from error
    columns = _columns(path, schema.names, namespace, known)
    types = {name: _type_of_field(schema.field(place), name) for place, name in columns.features.items()}

    def rows() -> Iterator[Row]:
        number = 0
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    tracks, *values = (column.to_pylist() for column in _in_order(batch.columns, columns))
                    for track, *row in zip(tracks, *values, strict=True):
                        number += 1
                        yield Row(number, str(track or "").strip(), _checked(path, number, types, row))
        except (pa.ArrowException, OSError) as error:
            refuse(path, number + 1, f"the rest of the Parquet file cannot be read: {error}")
        except UnicodeDecodeError:
            refuse(path, number + 1, "this or a later text is not encoded in UTF-8: the Parquet file is damaged.")

    return Source(types, rows)


def _in_order(found: Sequence[Any], columns: _Columns) -> list[Any]:
    return [found[columns.track], *(found[place] for place in columns.features)]


def _checked(path: Path, row: int, types: Mapping[str, FeatureType], found: Sequence[Any]) -> dict[str, Value]:
    """Return the values of a row that are not null."""
    values: dict[str, Value] = {}
    for (name, type_), value in zip(types.items(), found, strict=True):
        if value is None or value == "":
            continue
        if type_ == FeatureType.TEXT:
            values[name] = _text(path, row, name, value)
        else:
            values[name] = value if type_ == FeatureType.FLAG else _number(path, row, name, float(value))
    return values


def _type_of_field(field: Any, name: str) -> FeatureType:  # noqa: ANN401  a field of pyarrow
    from pyarrow import types  # noqa: PLC0415  an optional package

    found = field.type.value_type if types.is_dictionary(field.type) else field.type
    if types.is_boolean(found):
        return FeatureType.FLAG
    if types.is_integer(found) or types.is_floating(found) or types.is_decimal(found):
        return FeatureType.NUMBER
    if types.is_string(found) or types.is_large_string(found):
        return FeatureType.TEXT
    raise InvalidRequest(f"The column of '{name}' has the type {field.type}. Use numbers, booleans or texts.")

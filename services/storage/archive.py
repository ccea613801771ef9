"""The format of a backup: a ZIP archive of JSON, the same for SQLite and PostgreSQL.

`tables/<name>.jsonl` holds one JSON object per row, `settings.json` the settings without secrets, and `manifest.json`,
written last, the versions, the number of rows and the SHA-256 of each table. Bytes are encoded as base64, times as ISO
8601 in UTC. The tables are reflected from the database, so a new table needs no change here. `EXCLUDED_ROWS` lists the
rows that a backup omits.
"""

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic_core import from_json
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    LargeBinary,
    MetaData,
    Table,
    func,
    not_,
    select,
    text,
    true,
)

from services.catalog.database import ROWS_PER_STATEMENT, batched
from services.catalog.keys import SIGNING_SECRET
from services.domain.errors import ArchiveUnusable

FORMAT = 1
MANIFEST = "manifest.json"
SETTINGS = "settings.json"
REVISION_TABLE = "alembic_version"
EXCLUDED_ROWS: Mapping[str, Callable[[Table], ColumnElement[bool]]] = {
    "idempotency": lambda _: true(),  # stored responses, valid for hours
    "meta": lambda table: table.c.key == SIGNING_SECRET,  # it signs URLs
}
"""The condition for the rows of a table that a backup omits."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of `manifest.json`."""

    format: int
    segue: str
    revision: str
    made_at: str
    rows: dict[str, int]
    sha256: dict[str, str]


def write_archive(file: Path, connection: Connection, settings: Mapping[str, str], version: str) -> Manifest:
    """Write all tables as the transaction of the connection sees them, and the settings."""
    tables = _tables(connection)
    rows: dict[str, int] = {}
    sums: dict[str, str] = {}
    with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for table in tables:
            rows[table.name], sums[table.name] = _write_table(archive, connection, table)
        archive.writestr(SETTINGS, json.dumps(dict(settings), indent=2))
        manifest = Manifest(
            format=FORMAT,
            segue=version,
            revision=connection.execute(text(f"SELECT version_num FROM {REVISION_TABLE}")).scalar_one(),  # noqa: S608
            made_at=datetime.now(UTC).isoformat(),
            rows=rows,
            sha256=sums,
        )
        archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2))
    return manifest


class Archive:
    """A verified archive, open for reading; a context manager."""

    def __init__(self, file: Path) -> None:
        """Open an archive and verify the checksum of each table.

        Raises:
            ArchiveUnusable: the file is missing, not a backup, damaged, incomplete or of an unknown format.
        """
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
            self.manifest = self._checked()
            self.settings: dict[str, str] = from_json(self._zip.read(SETTINGS))
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, OSError) as error:
            raise ArchiveUnusable(f"'{file}' is not a backup made by Segue, or it is damaged: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def restore_into(self, connection: Connection) -> None:
        """Insert all rows in the transaction of the connection; the tables are empty and of the archive's revision.

        Raises:
            ArchiveUnusable: the archive does not have the tables or the rows that its manifest names.
        """
        tables = _tables(connection)
        if {table.name for table in tables} != set(self.manifest.rows):
            raise ArchiveUnusable(f"The tables in '{self._file}' are not those of revision {self.manifest.revision}.")
        for table in tables:
            for rows in batched(self._read(table), ROWS_PER_STATEMENT):
                connection.execute(table.insert(), rows)
            found = connection.execute(select(func.count()).select_from(table)).scalar_one()
            expected = self.manifest.rows[table.name]
            if found != expected:
                raise ArchiveUnusable(f"'{self._file}' has {found} rows in {table.name}; its manifest says {expected}.")
            _advance_sequences(connection, table)

    def _checked(self) -> Manifest:
        manifest = Manifest(**from_json(self._zip.read(MANIFEST)))
        if manifest.format != FORMAT:
            raise ValueError(f"its format is {manifest.format}, this version reads {FORMAT}")
        for name, expected in manifest.sha256.items():
            digest = hashlib.sha256()
            with self._zip.open(_member(name)) as stream:
                while data := stream.read(1 << 20):
                    digest.update(data)
            if digest.hexdigest() != expected:
                raise ValueError(f"the checksum of {_member(name)} is wrong")
        return manifest

    def _read(self, table: Table) -> Iterator[Row]:
        decoders = {column.name: _decoder(column) for column in table.columns}
        with self._zip.open(_member(table.name)) as stream:
            for line in stream:
                yield {name: _unless_null(decoders[name], value) for name, value in json.loads(line).items()}


def _tables(connection: Connection) -> list[Table]:
    """Reflect the tables of the database, in an order that satisfies foreign keys."""
    found = MetaData()
    found.reflect(connection)
    for column in (column for table in found.tables.values() for column in table.columns):
        if isinstance(column.type, JSON):
            column.type.none_as_null = True  # SQL NULL must not become JSON null
    return [table for table in found.sorted_tables if table.name != REVISION_TABLE]


def _write_table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> tuple[int, str]:
    encoders = {column.name: _encoder(column) for column in table.columns}
    digest, count = hashlib.sha256(), 0
    kept = not_(EXCLUDED_ROWS[table.name](table)) if table.name in EXCLUDED_ROWS else true()
    found = connection.execution_options(yield_per=ROWS_PER_STATEMENT).execute(
        select(table).where(kept).order_by(*table.primary_key.columns)
    )
    with archive.open(_member(table.name), "w", force_zip64=True) as stream:
        for row in found.mappings():
            values = {name: _unless_null(encoders[name], value) for name, value in row.items()}
            line = json.dumps(values, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            stream.write(line)
            count += 1
    return count, digest.hexdigest()


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


def _unless_null(convert: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401  any column's
    return None if value is None else convert(value)


def _encoder(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, LargeBinary):
        return lambda value: base64.b64encode(value).decode()
    if isinstance(column.type, DateTime):  # SQLite stores no time zone; the times are UTC
        return lambda value: (value.replace(tzinfo=value.tzinfo or UTC)).astimezone(UTC).isoformat()
    if isinstance(column.type, Float):
        return float
    return lambda value: value


def _decoder(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, LargeBinary):
        return base64.b64decode
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat
    return lambda value: value


def _advance_sequences(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows after the restored ones; SQLite does this by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        arguments = {"table": table.name, "column": column.name}
        sequence = connection.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), arguments).scalar()
        if sequence is not None:
            highest = connection.execute(select(func.max(column))).scalar() or 0
            connection.execute(
                text("SELECT setval(:sequence, :next, false)"), {"sequence": sequence, "next": highest + 1}
            )

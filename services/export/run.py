"""Write tables into a folder: one folder for each, in one snapshot, complete or not at all.

    DIR/export.json            what was written, when, and with which options
    DIR/export.lock            exists while an export writes
    DIR/tracks/part-00000.parquet
    DIR/tracks.part/           a table that is being written, or was when an export was interrupted

An export that was interrupted continues with the tables that it did not finish. They are of a later snapshot then, and
`export.json` has the time of each.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from portalocker import AlreadyLocked

from services.catalog import Catalogue
from services.catalog.exports import Rows, Selected
from services.domain.errors import AlreadyRunning, InvalidRequest, NotConfigured, StorageFull, StorageUnavailable
from services.export.tables import TABLES, ExportTable, Pseudonyms
from services.export.text import csv_head, csv_lines, json_lines
from services.storage.disk import DISK_FULL, sync
from services.storage.locks import acquire

MANIFEST, LOCK = "export.json", "export.lock"
ROW_GROUP_ROWS, ROW_GROUP_BYTES = 50_000, 20_000_000
"""Limits of a row group of Parquet, whose rows are in memory at once."""
FILE_ROWS = 1_000_000
"""Rows of a file. Readers take all files of a folder as one table, and may read several at once."""


class FileFormat(StrEnum):
    """The format of the files."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Options:
    """What to export."""

    tables: tuple[str, ...] = tuple(TABLES)
    format: FileFormat = FileFormat.PARQUET
    since: datetime | None = None
    pseudonymise: bool = False

    def check(self) -> None:
        """Check the options.

        Raises:
            InvalidRequest: a table does not exist.
            NotConfigured: the format needs a package that is not installed.
        """
        if unknown := [name for name in self.tables if name not in TABLES]:
            raise InvalidRequest(f"There is no table '{unknown[0]}'. The tables are: {', '.join(TABLES)}.")
        if self.format == FileFormat.PARQUET and find_spec("pyarrow") is None:
            raise NotConfigured(
                "Parquet needs pyarrow: run `pip install 'segue[analysis]'`, or choose --format csv or jsonl."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the options as the manifest has them."""
        return {**asdict(self), "since": self.since and self.since.isoformat(), "tables": list(self.tables)}


@dataclass(frozen=True, slots=True)
class Exported:
    """A table that was written."""

    name: str
    rows: int
    snapshot_at: str


def export(
    catalogue: Catalogue, folder: Path, options: Options, tell: Callable[[str, int], None] = lambda _name, _rows: None
) -> list[Exported]:
    """Write tables into a folder, and return them with those that an interrupted export had finished.

    Args:
        catalogue: The catalogue.
        folder: A new or empty folder, or that of an earlier export, which is replaced as a whole.
        options: What to write.
        tell: Called with the table and the number of its rows so far.

    Raises:
        InvalidRequest: there is no such table, or the folder contains something else.
        NotConfigured: the format needs a package that is not installed.
        AlreadyRunning: another export writes into the folder.
        CatalogueUnavailable: the database does not respond.
        StorageFull, StorageUnavailable: the folder cannot be written.
    """
    options.check()
    with _own(folder):
        done = _finished(folder, options)
        _write_tables(catalogue, folder, options, done, tell)
        for name in TABLES.keys() - set(options.tables):
            shutil.rmtree(folder / name, ignore_errors=True)
        _write_manifest(folder, options, done, is_complete=True)
    return [done[name] for name in options.tables]


@contextmanager
def _own(folder: Path) -> Iterator[None]:
    """Create and lock a folder, and translate what the operating system refuses.

    Raises:
        AlreadyRunning: another export writes into it.
        StorageFull, StorageUnavailable: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = acquire(folder / LOCK, exclusive=True)
        try:
            yield
        finally:
            (folder / LOCK).unlink(missing_ok=True)
            lock.release()
    except AlreadyLocked as error:
        raise AlreadyRunning(
            f"Another export writes into '{folder}'. Wait for it, or choose another folder."
        ) from error
    except OSError as error:
        problem = f"'{folder}' cannot be written: {error.strerror or error}."
        if error.errno in DISK_FULL:
            raise StorageFull(f"{problem} Free some space; the same command then continues.") from error
        raise StorageUnavailable(f"{problem} Choose a folder that you may write to.") from error


def _write_tables(
    catalogue: Catalogue,
    folder: Path,
    options: Options,
    done: dict[str, Exported],
    tell: Callable[[str, int], None],
) -> None:
    """Write the tables that are not done, and add them to `done`."""
    pseudonyms = Pseudonyms(catalogue.installation.signing_secret()) if options.pseudonymise else None
    _write_manifest(folder, options, done, is_complete=False)
    with catalogue.exports.snapshot() as snapshot:
        moment = datetime.now(UTC).isoformat()
        for name in options.tables:
            if name in done:
                continue
            table = TABLES[name].at(snapshot)
            batches = table.rows(snapshot, Selected(options.since), pseudonyms)
            rows = _write_table(folder, table, options.format, batches, tell)
            done[name] = Exported(name, rows, moment)
            _write_manifest(folder, options, done, is_complete=False)


def _finished(folder: Path, options: Options) -> dict[str, Exported]:
    """Return the tables that an interrupted export with the same options has finished."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        if any(file.name != LOCK for file in folder.iterdir()):
            raise InvalidRequest(f"'{folder}' is not empty and contains no export. Choose another folder.") from None
        return {}
    except ValueError as error:
        raise InvalidRequest(
            f"'{folder / MANIFEST}' is damaged: {error}. Delete the folder, or choose another."
        ) from error
    if manifest["complete"] or manifest["options"] != options.to_json():
        return {}
    return {name: Exported(**told) for name, told in manifest["tables"].items()}


def _write_manifest(folder: Path, options: Options, done: dict[str, Exported], *, is_complete: bool) -> None:
    tables = {name: asdict(told) for name, told in done.items()}
    told = {"complete": is_complete, "options": options.to_json(), "tables": tables}
    part = folder / f"{MANIFEST}.part"
    part.write_text(json.dumps(told, indent=2) + "\n")
    sync(part)
    part.replace(folder / MANIFEST)


def _write_table(
    folder: Path,
    table: ExportTable,
    file_format: FileFormat,
    batches: Iterable[Rows],
    tell: Callable[[str, int], None],
) -> int:
    """Write a table beside the old one and replace it; return the number of its rows."""
    part, place, old = folder / f"{table.name}.part", folder / table.name, folder / f"{table.name}.old"
    for left in (part, old):
        shutil.rmtree(left, ignore_errors=True)
    part.mkdir()
    count = 0
    for number, rows in enumerate(_files(batches)):
        with _writer(file_format, part / f"part-{number:05}.{file_format}", table) as write:
            for batch in rows:
                write(batch)
                count += len(batch)
                tell(table.name, count)
    for file in part.iterdir():
        sync(file)
    if place.exists():
        place.replace(old)
    part.replace(place)
    sync(folder)
    shutil.rmtree(old, ignore_errors=True)
    return count


def _files(batches: Iterable[Rows]) -> Iterator[Iterator[Rows]]:
    """Split batches into files of about `FILE_ROWS` rows; there is at least one file, so that the columns are known."""
    remaining = iter(batches)
    pending: Rows | None = next(remaining, [])

    def one_file() -> Iterator[Rows]:
        nonlocal pending
        written = 0
        while pending is not None and written < FILE_ROWS:
            batch, pending = pending, next(remaining, None)
            written += len(batch)
            yield batch

    while pending is not None:
        yield one_file()


Write = Callable[[Rows], None]


def _writer(file_format: FileFormat, path: Path, table: ExportTable) -> AbstractContextManager[Write]:
    return _parquet_file(path, table) if file_format == FileFormat.PARQUET else _text_file(path, table, file_format)


@contextmanager
def _text_file(path: Path, table: ExportTable, file_format: FileFormat) -> Iterator[Write]:
    is_csv = file_format == FileFormat.CSV
    lines = csv_lines if is_csv else json_lines
    with path.open("w", encoding="utf-8", newline="") as file:
        if is_csv:
            file.write(csv_head(table))

        def write(rows: Rows) -> None:
            file.write(lines(table, rows))

        yield write


@contextmanager
def _parquet_file(path: Path, table: ExportTable) -> Iterator[Write]:
    """Open a file with row groups of at most `ROW_GROUP_ROWS`, compressed by zstd."""
    import pyarrow as pa  # noqa: PLC0415  an optional package
    import pyarrow.parquet as pq  # noqa: PLC0415

    from services.export.arrow import record_batch, schema_of  # noqa: PLC0415

    schema = schema_of(table)
    waiting: list[pa.RecordBatch] = []
    count = size = 0

    def flush() -> None:
        nonlocal count, size
        file.write_table(pa.Table.from_batches(waiting, schema), row_group_size=ROW_GROUP_ROWS)
        waiting.clear()
        count = size = 0

    def write(rows: Rows) -> None:
        nonlocal count, size
        waiting.append(record_batch(table, schema, rows))
        count, size = count + len(rows), size + waiting[-1].get_total_buffer_size()
        if count >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            flush()

    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        yield write
        flush()

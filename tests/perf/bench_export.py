"""Measure `segue export` at a million tracks and ten million listens, and the queries of docs/tables.md on its tables.

    python tests/perf/bench_export.py [--tracks 1000000] [--listens 10000000] [--folder DIR]

A library of that size takes 14 GB and some twenty minutes to write; `--folder` keeps it for the next run. Speed is
judged by processor time, because other programs and the disk change the time that passes.
"""

import argparse
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from tests.perf.catalogues import written
from tests.perf.vectors import identifier
from tests.perf.verdicts import at_least, at_most, show

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
AIMS = {"tracks": 50_000, "embeddings": 50_000, "features": 10_000}
"""Rows per second of processor time."""
AIM_MIB = 300
OF_LISTENER = 20_000
ROWS = 10_000
SKIPPED, OFTEN = 0.2, 0.5
LIKED_EVERY = 50


class Cost(NamedTuple):
    """What the export of a table takes."""

    rows: int
    seconds: float
    processor: float
    mib: float
    size_mb: float


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=1_000_000)
    parser.add_argument("--listens", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as temporary:
        library = given.folder or Path(temporary) / "library"
        library.mkdir(parents=True, exist_ok=True)
        # In a process of its own: the kernel counts the peak of a process for those that it starts.
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            process.submit(write, library, given.tracks, given.listens).result()
        tables = Path(temporary) / "tables"
        costs = {name: export(library, tables / name, name) for name in (*AIMS, "listens", "verdicts")}
        export(library, tables / "rest", "recommendations,playlists")
        rows = [(name, *_shown(name, cost)) for name, cost in costs.items()]
        head = ("table", "rows", "rows/s of processor time", "rows/s", "peak MiB", "MB")
        show(f"export of {given.tracks:,} tracks and {given.listens:,} listens", head, rows)
        timed = [(title, f"{seconds:.1f}") for title, seconds in queries(tables)]
        show("queries of docs/tables.md, seconds", ("query", "time"), timed)


def _shown(name: str, cost: Cost) -> tuple[str, ...]:
    speed = cost.rows / cost.processor
    return (
        f"{cost.rows:,}",
        at_least(speed, AIMS[name]) if name in AIMS else f"{speed:,.0f}",
        f"{cost.rows / cost.seconds:,.0f}",
        at_most(cost.mib, AIM_MIB),
        f"{cost.size_mb:.0f}",
    )


def export(library: Path, folder: Path, tables: str) -> Cost:
    """Export tables by the command, and return what that takes with the start of Python."""
    command = [sys.executable, "-m", "services.cli.main", "export", str(folder), "--tables", tables]
    begun = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, "SEGUE_DATA_DIR": str(library)}, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    if status:
        sys.exit(f"The export of {tables} failed.")
    files = list(folder.rglob("*.parquet"))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    size = sum(file.stat().st_size for file in files) / 1e6
    return Cost(rows, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, size)


def queries(tables: Path) -> Iterator[tuple[str, float]]:
    """Run the queries of the page on the exported tables, and yield how long each takes."""
    together = tables / "all"
    together.mkdir()
    for folder in tables.glob("*/*"):
        if folder.is_dir():
            shutil.move(folder, together / folder.name)
    os.chdir(together)
    for title, query in re.findall(r"([^\n]+):\n\n```sql\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        begun = time.monotonic()
        duckdb.connect().sql(query).fetchall()
        yield title, time.monotonic() - begun


def write(library: Path, tracks: int, listens: int) -> None:
    """Write the library if it is not there."""
    written(library, tracks)
    write_listens(library / "catalogue.db", tracks, listens)


def write_listens(file: Path, tracks: int, count: int) -> None:
    """Add listens until there are `count`, in the order of the database's indexes."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        [(stored,)] = connection.execute("SELECT count(*) FROM listens")
        if stored >= count:
            return
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'listens' AND sql IS NOT NULL"
        ).fetchall()
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("DELETE FROM listens")
        columns = "listener, identity, track_id, kind, at, played_ms, names"
        statement = f"INSERT INTO listens ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  own names
        for first in range(0, count, ROWS):
            connection.executemany(statement, _listens(first, min(first + ROWS, count), tracks))
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _listens(first: int, end: int, tracks: int) -> Iterator[tuple[Any, ...]]:
    """Yield listens; half of them are of a hundredth of the tracks, as of what a listener hears again and again."""
    random = np.random.default_rng(first)
    many = np.where(random.random(end - first) < OFTEN, max(1, tracks // 100), tracks)
    heard = (random.random(end - first) * many).astype(int).tolist()
    skipped = (random.random(end - first) < SKIPPED).tolist()
    for number, track, is_skip in zip(range(first, end), heard, skipped, strict=True):
        kind = "like" if number % LIKED_EVERY == 0 else "skip" if is_skip else "play"
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=3 * (number % OF_LISTENER))
        listener = f"listener {number // OF_LISTENER:06}"
        played = 20_000 if is_skip else 180_000
        yield listener, f"{number:032x}", identifier(track), kind, f"{at:%Y-%m-%d %H:%M:%S.%f}", played, "[]"


if __name__ == "__main__":
    main()

"""Measure how long a scan of a library takes in which nothing has changed.

    python tests/perf/bench_rescan.py [--files 100000]

It writes empty files, ten in a folder, and a catalogue in which all of them are analysed. Then it runs the scan as a
worker does, twice, and a listing as the watcher does on network mounts.
"""

import argparse
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from services.catalog import Catalogue
from services.catalog.tables import LocationRow, TrackRow
from services.domain.job import JobKind
from services.domain.track import TAGS_VERSION, TrackStatus
from services.ingest.covers import NOTHING
from services.ingest.listing import list_audio
from services.ingest.scan import ScanRules, run_scan
from services.settings import Settings
from tests.fakes.queue import RecordingQueue
from tests.perf.verdicts import at_most, show

FILES_IN_A_FOLDER = 10
AIM_SECONDS = 20.0
ROWS_AT_ONCE = 1000


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        music = Path(folder) / "music"
        catalogue = Catalogue.open(f"sqlite+pysqlite:///{folder}/catalogue.db")
        catalogue.migrate()
        paths = write_files(music, count)
        for start in range(0, count, ROWS_AT_ONCE):
            add_known(catalogue, str(music), paths[start : start + ROWS_AT_ONCE])
        rules = ScanRules.of(Settings())
        scans = [seconds(lambda: scan(catalogue, str(music), rules, count)) for _ in range(2)]
        listing = seconds(lambda: list_audio(str(music), None, rules.choice))
        catalogue.close()
    rows = [("scan", at_most(max(scans), AIM_SECONDS)), ("listing alone", f"{listing:.2f}")]
    show(f"{count} unchanged files, seconds", ("step", "time"), rows)


def write_files(music: Path, count: int) -> list[str]:
    """Write the files and return their paths."""
    paths = []
    for number in range(count):
        folder = music / f"Artist {number // 100}" / f"Album {number // FILES_IN_A_FOLDER}"
        if number % FILES_IN_A_FOLDER == 0:
            folder.mkdir(parents=True)
        path = folder / f"{number:06d} Title of a song.mp3"
        path.touch()
        paths.append(str(path))
    return paths


def add_known(catalogue: Catalogue, root: str, paths: list[str]) -> None:
    """Add files to the catalogue as they are, each with a track that is ready."""
    tracks, files = [], []
    for path in paths:
        track_id, found = str(uuid.uuid4()), os.stat(path)  # noqa: PTH116
        tracks.append(
            {
                "id": track_id,
                "title": Path(path).stem,
                "sort_key": path,
                "status": TrackStatus.READY,
                "added_at": datetime.now(UTC),
                "cover_seen": NOTHING,
            }
        )
        file = {"track_id": track_id, "path": path, "root": root, "tags_version": TAGS_VERSION}
        files.append(file | {"size": found.st_size, "mtime_ns": found.st_mtime_ns})
    with catalogue.database.write() as session:
        session.execute(insert(TrackRow), tracks)
        session.execute(insert(LocationRow), files)


def scan(catalogue: Catalogue, folder: str, rules: ScanRules, count: int) -> None:
    """Run a scan and check that it found nothing new."""
    job_id = catalogue.jobs.create(JobKind.SCAN, folder)
    queue = RecordingQueue()
    run_scan(catalogue, queue, job_id, rules)
    job = catalogue.jobs.get(job_id)
    if (job.done, job.failed, queue.analyses) != (count, 0, []):
        sys.exit(f"The scan found changes: {job}")


def seconds(work: Callable[[], object]) -> float:
    """Return how long a function takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()

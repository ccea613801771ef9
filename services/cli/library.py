"""Commands that use the running service: scans."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import segue_client
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from segue_client import Segue
from segue_client.models import Job

from services.cli import output
from services.cli.lookup import connect
from services.domain.errors import SegueError
from services.settings import load_settings

# Number of tracks that an error message lists when a name is ambiguous.
CANDIDATES_SHOWN = 5
POLL_SECONDS = 0.25
# The index is up to date within 2 s of an analysis, but a rebuild takes longer and is not worth waiting for.
INDEX_TIMEOUT_SECONDS = 30.0
# A worker starts a scan within seconds of loading its encoder.
WORKER_NOTICE_SECONDS = 60.0


def scan_picture_folder(folder: Path, *, as_json: bool) -> Job:
    """Scan a folder for pictures, show the progress and print the result, which is returned.

    Raises:
        SegueError: the scan failed as a whole.
    """
    with connect(load_settings()) as client:
        job = follow_scan(client, client.scan_pictures(folder.absolute()))
    _print_scan(job, folder, as_json=as_json)
    return job


def scan_folder(folder: Path, *, as_json: bool) -> Job:
    """Scan a folder, show the progress and print the result, which is returned.

    Raises:
        SegueError: the scan failed as a whole.
    """
    with connect(load_settings()) as client:
        job = follow_scan(client, request_scan(client, folder))
        wait_for_index(client)
    _print_scan(job, folder, as_json=as_json)
    return job


def _print_scan(job: Job, folder: Path, *, as_json: bool) -> None:
    if as_json:
        output.print_json(job)
    else:
        output.print_job(job)
    if job.state == "failed":
        raise SegueError(job.reason or f"The scan of {folder} failed.")


def request_scan(client: Segue, folder: Path) -> Job:
    """Request a scan of a path, which may be relative or start with ~.

    Raises:
        PathNotScannable: the path is not a readable folder or audio file, or outside the library roots.
    """
    return client.scan(folder.absolute())


def follow_scan(client: Segue, job: Job, tick: Callable[[], None] = lambda: None) -> Job:
    """Show a progress bar until a job ends and return the finished job; call `tick` on each poll."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
    )
    notice_at = time.monotonic() + WORKER_NOTICE_SECONDS
    with Progress(*columns, console=output.messages) as progress:
        bar = progress.add_task("Listing files", total=None, failed="")
        while True:
            listing = job.total == 0 and job.state != "done"
            progress.update(
                bar,
                description="Listing files" if listing else "Analysing",
                total=None if listing else job.total,
                completed=job.done + job.failed,
                failed=f"{failed} failed" if (failed := job.failed - job.left_out) else "",
            )
            if job.state in {"done", "failed"}:
                return job
            if job.state == "queued" and time.monotonic() > notice_at:
                notice_at = math.inf
                output.print_message("No worker has started the scan. See logs/worker.log in the data directory.")
            time.sleep(POLL_SECONDS)
            tick()
            job = _refresh(client, job)


def wait_for_index(client: Segue, tick: Callable[[], None] = lambda: None) -> None:
    """Wait until the index is up to date, at most `INDEX_TIMEOUT_SECONDS`."""
    deadline = time.monotonic() + INDEX_TIMEOUT_SECONDS
    while client.status().index.pending and time.monotonic() < deadline:
        tick()
        time.sleep(POLL_SECONDS)


def _refresh(client: Segue, job: Job) -> Job:
    try:
        return client.job(job.id)
    except segue_client.Unavailable:
        return job  # a service that restarts continues the job

"""Asking a running service for a scan and showing how far it is."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.api.schemas import Job
from services.client import SegueClient
from services.commands import output
from services.domain.errors import Unavailable
from services.domain.job import JobState

POLL_SECONDS = 0.25
# The index takes an analysis in within 2 s; one that is being rebuilt needs longer, and no one should wait for that.
INDEX_PATIENCE_SECONDS = 30.0
# A worker begins within seconds, as soon as it has loaded its encoder.
SILENCE_SECONDS = 60.0


def request_scan(client: SegueClient, folder: Path) -> Job:
    """Ask for a scan of a path as the user wrote it.

    Raises:
        PathNotScannable: there is nothing to read at that path.
    """
    return client.scan(folder.expanduser().absolute())


def follow_scan(client: SegueClient, job: Job, tick: Callable[[], None] = lambda: None) -> Job:
    """Show a job's progress until it ends; `tick` is called all along."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
    )
    silent_until = time.monotonic() + SILENCE_SECONDS
    with Progress(*columns, console=output.messages) as progress:
        bar = progress.add_task("", total=None, failed="")
        while True:
            listing = job.total == 0 and job.state != JobState.DONE
            progress.update(
                bar,
                description="Listing files" if listing else "Analysing",
                total=None if listing else job.total,
                completed=job.done + job.failed,
                failed=f"{job.failed} failed" if job.failed else "",
            )
            if job.state in {JobState.DONE, JobState.FAILED}:
                return job
            if job.state == JobState.QUEUED and time.monotonic() > silent_until:
                silent_until = math.inf
                output.note("No worker has begun yet. Its log says why: logs/worker.log in the data directory.")
            time.sleep(POLL_SECONDS)
            tick()
            job = _job_now(client, job)


def _job_now(client: SegueClient, job: Job) -> Job:
    try:
        return client.job(job.id)
    except Unavailable:
        return job  # a service that is being restarted goes on with it


def wait_for_index(client: SegueClient, tick: Callable[[], None] = lambda: None) -> None:
    """Wait, but not for ever, until the index has taken everything in."""
    deadline = time.monotonic() + INDEX_PATIENCE_SECONDS
    while client.status().index.pending and time.monotonic() < deadline:
        tick()
        time.sleep(POLL_SECONDS)

"""Asking a running service for a scan and showing how far it is."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.api.schemas import Job
from services.client import SegueClient
from services.commands import output
from services.domain.job import JobState

POLL_SECONDS = 0.25
# The index takes a recorded analysis in within 2 s; one that is rebuilt may need longer, and no one should wait for that.
INDEX_PATIENCE_SECONDS = 30.0
# A worker that has loaded its encoder begins at once.
SILENCE_SECONDS = 60.0


def request_scan(client: SegueClient, folder: Path) -> str:
    """Ask for a scan of a path as the user wrote it; answers the job's id.

    Raises:
        PathNotScannable: there is nothing to read at that path.
    """
    return client.scan(str(folder.expanduser().absolute())).id


def follow_scan(client: SegueClient, job_id: str, tick: Callable[[], None] = lambda: None) -> Job:
    """Show a job's progress until it ends; `tick` is called all along."""
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
    )
    patience = time.monotonic() + SILENCE_SECONDS
    with Progress(*columns, console=output.messages) as progress:
        bar = progress.add_task("Listing files", total=None, failed="")
        while True:
            tick()
            job = client.job(job_id)
            progress.update(
                bar,
                description="Listing files" if job.total == 0 else "Analysing",
                total=job.total or None,
                completed=job.done + job.failed,
                failed=f"{job.failed} failed" if job.failed else "",
            )
            if job.state in {JobState.DONE, JobState.FAILED}:
                return job
            if job.state == JobState.QUEUED and time.monotonic() > patience:
                patience = float("inf")
                output.note("No worker has begun yet. If one should be running, its log says why: logs/worker.log")
            time.sleep(POLL_SECONDS)


def wait_for_index(client: SegueClient, tick: Callable[[], None] = lambda: None) -> None:
    """Wait, but not for ever, until the index has taken everything in."""
    deadline = time.monotonic() + INDEX_PATIENCE_SECONDS
    while client.status().index.pending and time.monotonic() < deadline:
        tick()
        time.sleep(POLL_SECONDS)

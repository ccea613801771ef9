"""Commands that use the running service: scans, recommendations, and the import and export of listens."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import segue_client
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from segue_client import Segue, models
from segue_client.models import Annotations, Corrections, Job

from services.api.schemas.exports import ExportHead
from services.api.schemas.listens import ListenIn, listener_named
from services.api.schemas.moods import StartRequest
from services.cli import output
from services.cli.lookup import connect
from services.domain.errors import InvalidRequest, SegueError
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


def export_listens(listener: str) -> None:
    """Print everything that is stored of a listener as lines of JSON, listens newest first."""
    with connect(load_settings()) as client:
        sys.stdout.buffer.write(client.export(listener_named(listener)).encode())


def import_listens(listener: str, file: Path, *, as_json: bool) -> None:
    """Validate all lines of a file, then send the listens in batches, the corrections, stars, ratings and the start.

    Raises:
        InvalidRequest: the file cannot be read or a line is not a listen; nothing was sent.
    """
    text = sys.stdin.read() if str(file) == "-" else _read(file)
    lines = text.split("\n")
    head = parse_head(lines[0])
    listens = list(parse_listens(["", *lines[1:]] if head else lines))
    listener = listener_named(listener)
    with connect(load_settings()) as client:
        answer = client.listen(listener, listens)
        if head is not None:
            told = head.model_dump(mode="json")
            client.correct(listener, Corrections.model_validate(told))
            client.annotate(listener, Annotations.model_validate(told))
            if head.start is not None:
                _send_start(client, listener, head.start)
    if as_json:
        counts = {"recorded": answer.recorded, "duplicates": answer.duplicates, "unknown": answer.unknown}
        output.print_json(counts)
    else:
        output.print_message(
            f"Imported {answer.recorded} listens and skipped {answer.duplicates} that were already recorded. "
            f"Listens of tracks that are not in the library: {answer.unknown}."
        )


def _send_start(client: Segue, listener: str, start: StartRequest) -> None:
    try:
        client.start(listener, moods=start.moods, artists=start.artists, tracks=start.tracks, at=start.at)
    except segue_client.InvalidRequest as error:  # the library has none of these tracks
        output.print_message(f"The start was not imported. {error.detail}")


def parse_head(line: str) -> ExportHead | None:
    """Return what an export has besides listens, if its first line has it."""
    try:
        return ExportHead.model_validate_json(line)
    except ValidationError:
        return None


def parse_listens(lines: Iterable[str]) -> Iterator[models.ListenIn]:
    """Parse lines of JSON; empty lines are skipped.

    Raises:
        InvalidRequest: a line is not a listen or has no time; the message has its number.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            listen = ListenIn.model_validate_json(line)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, wrong["loc"])) or "the line"
            raise InvalidRequest(f"Line {number} is not a listen: {where}: {wrong['msg']}.") from error
        if listen.at is None and listen.undated_plays is None:
            raise InvalidRequest(f"Line {number} has no time: add the field `at`.")
        yield models.ListenIn.model_validate_json(line)


def _refresh(client: Segue, job: Job) -> Job:
    try:
        return client.job(job.id)
    except segue_client.Unavailable:
        return job  # a service that restarts continues the job


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidRequest(f"'{file}' cannot be read: {reason}.") from error

"""What the commands print: answers on stdout, everything else on stderr."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.api.schemas.radio import PathTrack
from services.api.schemas.service import Status
from services.api.schemas.tracks import Job, SimilarTrack, Track
from services.domain.track import TrackStatus

answers = Console(highlight=False)
messages = Console(stderr=True, highlight=False)

# A screenful; the job has the rest.
FAILURES_SHOWN = 20


def note(text: str) -> None:
    """Say something to the person who watches."""
    messages.print(escape(text), soft_wrap=True)


def print_json(answer: BaseModel | Mapping[str, Any]) -> None:
    """An answer for a script."""
    content = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
    answers.out(json.dumps(content, ensure_ascii=False))


def show_recommended(tracks: Sequence[SimilarTrack]) -> None:
    """Tracks with their scores, best first."""
    table = Table("score", "title", "artist", "album", box=None)
    table.add_column("id", no_wrap=True)  # to be copied
    for track in tracks:
        table.add_row(f"{track.score:.3f}", *_names(track), track.id)
    answers.print(table)


def show_path(tracks: Sequence[PathTrack]) -> None:
    """Tracks in order, each with its similarity to the one before."""
    table = Table("step", "similarity", "title", "artist", "album", box=None)
    table.add_column("id", no_wrap=True)  # to be copied
    for step, track in enumerate(tracks, start=1):
        table.add_row(str(step), f"{track.similarity:.3f}", *_names(track), track.id)
    answers.print(table)


def show_status(status: Status, *, running: bool, refused: bool = False) -> None:
    """What Segue has, where it keeps it and whether it runs."""
    table = Table(show_header=False, box=None)
    table.add_row("data directory", escape(status.data_dir or "known to admin keys only"))
    table.add_row("service", f"running at {status.url}" if running else "not running: start it with `segue up`")
    table.add_row("version", status.version)
    table.add_row("model version", escape(status.model_version or "none yet"))
    for name, count in status.tracks.items():
        if count or name == TrackStatus.READY:
            table.add_row(f"tracks {name}", str(count))
    if refused:
        table.add_row("index", "unknown: set `SEGUE_API_KEY` to a key with the `read` scope")
    elif running:
        table.add_row("index", f"{status.index.points} points, {status.index.pending} pending ({status.index.kind})")
    answers.print(table)
    if status.quarantined:
        _show_quarantined(status)


def _show_quarantined(status: Status) -> None:
    table = Table("file", "reason", title="Quarantined: `segue retry` tries them once more", title_justify="left")
    table.add_column("id", no_wrap=True)  # to be copied
    for track in status.quarantined:
        table.add_row(escape(track.path or track.title), escape(track.reason or ""), track.id)
    answers.print(table)
    if (more := status.tracks[TrackStatus.QUARANTINED] - len(status.quarantined)) > 0:
        answers.print(f"… and {more} more: GET /v1/tracks?status=quarantined")


def show_failures(job: Job) -> None:
    """How a scan ended, and which files gave no track and why."""
    if job.reason:
        note(f"The scan failed: {job.reason}")
        return
    note(f"{job.done} of {job.total} files are ready, {job.failed} failed.")
    if not job.failures:
        return
    table = Table("file", "reason", title="Not analysed")
    for failure in job.failures[:FAILURES_SHOWN]:
        table.add_row(escape(failure.path), escape(failure.reason))
    messages.print(table)
    if job.failed > FAILURES_SHOWN:
        note(f"… and {job.failed - FAILURES_SHOWN} more: GET /v1/jobs/{job.id}")


def show_example(seed: Track, tracks: Sequence[SimilarTrack]) -> None:
    """A first recommendation from the listener's own library."""
    note(f"For example, after {described(seed)} play:")
    for place, track in enumerate(tracks, start=1):
        note(f"  {place}. {described(track)}  {track.score:.2f}")


def _names(track: Track) -> tuple[str, str, str]:
    return escape(track.title), escape(track.artist or ""), escape(track.album or "")


def described(track: Track) -> str:
    """A track in a sentence; an untagged one is told from the others by its folder."""
    folder = str(PurePosixPath(track.path or "").parent)
    names = ", ".join(name for name in (track.artist, track.album) if name) or folder.removeprefix(".")
    return f"“{track.title}” ({names})" if names else f"“{track.title}”"

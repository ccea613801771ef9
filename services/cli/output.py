"""What the commands print: results to stdout, messages and progress to stderr."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from segue_client.model import Model
from segue_client.models import Analysis, FailurePage, IndexBuild, Job, SimilarTrack, Status, Track

from models.ffmpeg import install_command
from services.cli.tables import Column, id_column, printable, table_of
from services.domain.access import ApiKey
from services.domain.own_features import OwnFeature
from services.domain.picture import PictureStatus
from services.domain.spaces import SpaceRole
from services.domain.track import TrackStatus

if TYPE_CHECKING:
    from services.catalog.index_builds import BuildProgress
    from services.storage.backup import Restored  # it imports the database libraries

answers = Console(highlight=False, emoji=False)
messages = Console(stderr=True, highlight=False, emoji=False)

# `segue status --failed` prints the others.
FAILURES_SHOWN = 20
FAILED = (TrackStatus.FAILED, TrackStatus.QUARANTINED)
BUILD_PHASES = {
    "fill": "writing points",
    "cells": "sorting points into cells",
    "graph": "building the graph",
    "swap": "taking over",
}
INDEX_NAMES = {"embedded": "embedded", "server": "Qdrant server"}


def print_message(text: str) -> None:
    """Print a message to stderr."""
    messages.print(escape(text), soft_wrap=True)


def print_lines(*lines: str) -> None:
    """Print lines of a result to stdout; the terminal continues long ones on its next line."""
    for line in lines:
        answers.print(escape(printable(line)), soft_wrap=True)


def print_json(answer: Model | Mapping[str, Any]) -> None:
    """Print a result as one line of JSON; numbers that JSON does not have, such as infinity, become null."""
    content = answer.as_json() if isinstance(answer, Model) else answer
    answers.out(json.dumps(_finite(content), ensure_ascii=False))


def _finite(value: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def print_status(status: Status, *, running: bool, refused: bool = False, is_ours: bool = True) -> None:
    """Print the status; `refused` means that the service runs but needs another key.

    Unless `is_ours`, it may be the service of another data directory.
    """
    alien = "" if is_ours else ", perhaps on another data directory"
    table = Table(show_header=False, box=None)
    table.add_row("data directory", escape(status.data_dir or "shown to keys with the scope `admin` only"))
    table.add_row(
        "service", f"running at {escape(status.url)}{alien}" if running else "not running; start it with `segue up`"
    )
    table.add_row("version", status.version)
    versions = [space_line(space.as_json()) for space in status.spaces] or [status.model_version or "none yet"]
    table.add_row("model version", escape("\n".join(versions)))
    for name, count in status.tracks.items():
        if name == TrackStatus.READY or (count and name not in FAILED):  # failed ones are counted as files
            table.add_row(f"{name} tracks", str(count))
    if pictures := status.pictures[PictureStatus.READY]:
        table.add_row("pictures", str(pictures))
    for name, count in (("failed files", status.failures - status.left_out), ("left out files", status.left_out)):
        if count:
            table.add_row(name, f"{count}; `segue status --failed` lists them with reasons")
    table.add_row("analysis", _progress(status.analysis))
    if refused:
        table.add_row("index", "unknown; set `SEGUE_API_KEY` to a key with the scope `read`")
    elif running:
        index = status.index
        points = "an unknown number of" if index.points is None else index.points
        table.add_row("index", f"{INDEX_NAMES[index.kind]}, {points} points, {index.pending} pending")
        if build := index.build:
            table.add_row("index build", escape(build.problem or build_line(build)))
        if index.silent_nodes:
            table.add_row("silent nodes", escape(", ".join(index.silent_nodes)))
        running_questions = status.question_processes
        unknown = "unknown; the broker does not respond"
        table.add_row("workers", unknown if status.workers is None else str(len(status.workers)))
        table.add_row("question processes", unknown if running_questions is None else str(running_questions))
        table.add_row("folders", unknown if status.watched is None else "watched" if status.watched else "not watched")
    table.add_row("ffmpeg", escape(status.ffmpeg or f"none; only ffmpeg reads M4A and others: {install_command()}"))
    answers.print(table)


def build_line(build: "IndexBuild | BuildProgress") -> str:
    """Return how far the build of an index is, and how long it still takes if that is known."""
    text = f"{build.collection}: {BUILD_PHASES[build.phase]}, {build.done:,} of {build.total:,}"
    return text if build.seconds_left is None else f"{text}, about {_time(build.seconds_left)} left"


def space_line(space: Mapping[str, Any]) -> str:
    """Return what a space is for, and how far it is."""
    parts = [f"{space['model_version']}: {space['role']}", f"{space['ready']:,} tracks"]
    if space["waiting"]:
        parts.append(f"{space['waiting']:,} wait")
        if space["seconds_left"] is not None:
            parts.append(f"about {_time(space['seconds_left'])} left")
    elif not space["is_indexed"]:
        parts.append("its index is being built")
    elif space["role"] == SpaceRole.FILLING:
        parts.append("complete; `segue model switch` serves it")
    if space["failed"]:
        parts.append(f"{space['failed']:,} cannot be analysed")
    return ", ".join(parts)


def _progress(analysis: Analysis) -> str:
    if analysis.paused:
        why = " for quiet hours" if analysis.paused_by == "quiet_hours" else ""
        return f"paused{why} since {format_time(analysis.paused_at)}; `segue resume` continues it"
    if not analysis.waiting and not analysis.unread:
        return "complete"
    if analysis.per_minute is None or analysis.seconds_left is None:
        return "running; its speed is not known yet"
    return f"running, {analysis.per_minute:g} tracks a minute, about {_time(analysis.seconds_left)} left"


def _time(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004  a minute
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def print_failures(page: FailurePage) -> None:
    """Print the files that cannot be used: path, reason and what to do, one below the other, because paths are long."""
    if not page.failures:
        print_message("There are no failed files.")
        return
    _print_failures(
        answers, [((failure.path, *failure.copies), failure.reason, failure.what_to_do) for failure in page.failures]
    )
    left_out = sum(1 + len(each.copies) for each in page.failures if each.kind == "left_out")
    aside = f", {left_out} of them left out, which is no fault" if left_out else ""
    print_message(f"{count_files(page.files)} cannot be used{aside}. `segue retry` tries them again.")


def _print_failures(console: Console, failures: Iterable[tuple[Sequence[str], str, str]]) -> None:
    """Print paths, and below those that failed for the same reason, reason and advice once."""
    grouped: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for paths, reason, what_to_do in failures:
        grouped[reason, what_to_do] += paths
    for sentences, paths in grouped.items():
        for path in paths:
            console.print(escape(printable(path)), style="bold", soft_wrap=True)
        for sentence in sentences:
            console.print(Padding(escape(printable(sentence)), (0, 0, 0, 2), expand=False))


def print_job(job: Job) -> None:
    """Print how a scan ended, and the files that failed with the reasons."""
    if job.reason:
        print_message(f"The scan failed: {job.reason}")
        return
    left_out = f", {job.left_out} left out" if job.left_out else ""
    print_message(f"{job.done} of {job.total} files are ready, {job.failed - job.left_out} failed{left_out}.")
    if not job.failures:
        return
    shown = job.failures[:FAILURES_SHOWN]
    _print_failures(messages, [([failure.path], failure.reason, failure.what_to_do) for failure in shown])
    if job.failed > FAILURES_SHOWN:
        print_message(f"… and {job.failed - FAILURES_SHOWN} more: `segue status --failed` lists all.")


def print_example(seed: Track, tracks: Sequence[SimilarTrack]) -> None:
    """Print recommendations for one track of the library."""
    print_message(f"For example, after {describe(seed)} play:")
    for place, track in enumerate(tracks, start=1):
        print_message(f"  {place}. {describe(track)}  {track.score:.2f}")


def print_keys(keys: Sequence[ApiKey]) -> None:
    """Print API keys."""
    if not keys:
        print_message("There are no API keys.")
        return
    columns = [
        Column("name", [key.name for key in keys], weight=2, wraps=True),
        Column("scopes", [" ".join(sorted(key.scopes)) for key in keys], weight=1, wraps=True),
        Column("listeners", [_listeners(key) for key in keys], weight=1, wraps=True),
        Column("libraries", [", ".join(sorted(key.libraries or ())) for key in keys], weight=1),
        Column("created", [_format_date(key.created_at) for key in keys]),
        Column("last used", [_format_date(key.last_used_at) for key in keys]),
        Column("revoked", [_format_date(key.revoked_at) for key in keys]),
        id_column([key.id for key in keys]),
    ]
    answers.print(table_of([column for column in columns if any(column.cells)], answers.width))


def print_own_features(features: Sequence[OwnFeature]) -> None:
    """Print own features of tracks."""
    if not features:
        print_message("There are no own features. `segue import-features FILE` imports some.")
        return
    ranges = ["" if each.low is None else f"{each.low:g} to {each.high:g}" for each in features]
    columns = [
        Column("name", [each.name for each in features]),
        Column("type", [each.type.value for each in features]),
        Column("tracks", [f"{each.tracks:,}" for each in features]),
        Column("range", ranges, weight=1),
        Column("imported", [_format_date(each.imported_at) for each in features]),
    ]
    answers.print(table_of(columns, answers.width))


def _listeners(key: ApiKey) -> str:
    return "all" if key.listeners is None else ", ".join(sorted(key.listeners))


def print_restored(restored: "Restored") -> None:
    """Print what a restore did and what remains to do."""
    rows = sum(restored.manifest.rows.values())
    made_at = format_time(datetime.fromisoformat(restored.manifest.made_at))
    print_message(f"Restored the catalogue from the backup of {made_at} ({rows} rows).")
    if restored.kept is not None:
        print_message(f"The previous catalogue is kept: {restored.kept}")
    if restored.revoked is None:
        print_message("No previous catalogue shows which keys were revoked since. Check `segue keys list`.")
    elif restored.revoked:
        print_message(f"Keys that were revoked since the backup and stay revoked: {restored.revoked}.")
    if restored.settings_file is not None:
        print_message(
            f"The settings of the backup differ from yours. They are in {restored.settings_file}, which Segue does "
            "not read."
        )
    print_message("Segue rebuilds the index when it starts.")


def count_files(count: int) -> str:
    """Format a number of files."""
    return f"{count} file{'' if count == 1 else 's'}"


def count_tracks(count: int) -> str:
    """Format a number of tracks."""
    return f"{count} track{'' if count == 1 else 's'}"


def describe(track: Track) -> str:
    """Format a track for a sentence; a track without tags is described by its folder."""
    folder = str(PurePosixPath(track.path or "").parent)
    names = ", ".join(name for name in (track.artist, track.album) if name) or folder.removeprefix(".")
    return f"“{track.title}” ({names})" if names else f"“{track.title}”"


def format_time(moment: datetime | None) -> str:
    """Format a time in the local time zone, to the minute."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _format_date(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d}"

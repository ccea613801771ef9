"""What the commands print: results to stdout, messages and progress to stderr."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.api.schemas.media import MatchedTrack, SeenPicture
from services.api.schemas.moods import Mood
from services.api.schemas.pictures import ScoredPicture
from services.api.schemas.playlists import Playlist, PlaylistSummary
from services.api.schemas.radio import PathTrack
from services.api.schemas.status import Analysis, FailurePage, Status
from services.api.schemas.tracks import Job, SimilarTrack, Track
from services.api.schemas.words import FoundTrack, Understood
from services.domain.access import ApiKey
from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS
from services.domain.picture import PictureStatus
from services.domain.track import TrackStatus

if TYPE_CHECKING:
    from services.storage.backup import Restored  # it imports the database libraries

answers = Console(highlight=False)
messages = Console(stderr=True, highlight=False)

# `segue status --failed` prints the others.
FAILURES_SHOWN = 20
INDEX_NAMES = {"edge": "Qdrant Edge", "server": "Qdrant server"}


def print_message(text: str) -> None:
    """Print a message to stderr."""
    messages.print(escape(text), soft_wrap=True)


def print_json(answer: BaseModel | Mapping[str, Any]) -> None:
    """Print a result as one line of JSON."""
    content = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
    answers.out(json.dumps(content, ensure_ascii=False))


def print_seen(picture: SeenPicture) -> None:
    """Print what was understood of a picture in one line."""
    shows = f"shows {', '.join(picture.shows)}; " if picture.shows else ""
    print_message(
        f"Understood: {shows}looks {picture.looks}; valence {picture.valence:.2f}, energy {picture.energy:.2f}."
    )


def print_tracks(tracks: Sequence[SimilarTrack | MatchedTrack]) -> None:
    """Print tracks with their scores."""
    if not tracks:
        print_message("No track matches.")
        return
    table = Table("score", "title", "artist", "album", box=None)
    table.add_column("id", no_wrap=True)  # ids are copied
    for track in tracks:
        table.add_row(f"{track.score:.3f}", *_names(track), track.id)
    answers.print(table)


def print_playlists(playlists: Sequence[PlaylistSummary]) -> None:
    """Print playlists with what they contain."""
    if not playlists:
        print_message("There are no playlists.")
        return
    table = Table("name", "owner", "tracks", "refreshed", box=None)
    table.add_column("id", no_wrap=True)
    for each in playlists:
        refreshed = "" if each.refreshed_at is None else f"{each.refreshed_at:%Y-%m-%d %H:%M}"
        table.add_row(escape(each.name), escape(each.owner or ""), str(each.tracks), refreshed, each.id)
    answers.print(table)


def print_playlist(playlist: Playlist) -> None:
    """Print the tracks of a playlist in their order."""
    table = Table("", "title", "artist", "album", box=None)
    table.add_column("id", no_wrap=True)
    for place, item in enumerate(playlist.items, start=1):
        table.add_row(str(place), *_names(item.track), "no file" if item.missing else item.track.id)
    answers.print(table)


def print_understood(texts: Sequence[Understood]) -> None:
    """Print what was understood of each text in one line, and its warnings."""
    for text in texts:
        facts = [
            f"{name} {_interval(ends)}" for name, ends in text.filters.model_dump(include=set(RANGE_FIELDS)).items()
        ]
        facts += [f"{name} {', '.join(values)}" for name in KEYWORD_FIELDS if (values := getattr(text.filters, name))]
        facts += [f"not by {artist}" for artist in text.exclude_artists]
        facts += [f"{name} about {value:g}" for name, value in text.targets.model_dump().items()]
        facts += [f"like {track_id}" for track_id in text.like] + [f"less “{phrase}”" for phrase in text.less]
        parts = [f"“{text.rest}”"] if text.rest is not None else []
        print_message(f"Understood: {'; '.join([*parts, *facts]) or 'nothing'}.")
        for warning in text.warnings:
            print_message(warning)


def print_moods(moods: Sequence[Mood]) -> None:
    """Print mood presets with their titles and words."""
    table = Table("mood", "English", "German", "words", box=None)
    for mood in moods:
        words = (each.text if each.weight > 0 else f"less: {each.text}" for each in mood.words)
        table.add_row(mood.id, mood.titles["en"], mood.titles["de"], "; ".join(words))
    answers.print(table)


def _interval(ends: Mapping[str, float]) -> str:
    low, high = ends.get("min"), ends.get("max")
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def print_found(tracks: Sequence[FoundTrack]) -> None:
    """Print the tracks of a search with the reason why each was found."""
    if not tracks:
        print_message("No track matches.")
        return
    table = Table("match", "score", "title", "artist", "album", box=None)
    table.add_column("id", no_wrap=True)  # ids are copied
    for track in tracks:
        score = "" if track.score is None else f"{track.score:.3f}"
        table.add_row(track.match, score, *_names(track), track.id)
    answers.print(table)


def print_pictures(pictures: Sequence[ScoredPicture]) -> None:
    """Print pictures with their scores."""
    if not pictures:
        print_message("No picture matches.")
        return
    table = Table("score", "path", "shows", "looks", box=None)
    table.add_column("id", no_wrap=True)  # ids are copied
    for picture in pictures:
        shown = (picture.path, ", ".join(picture.shows), picture.looks or "")
        table.add_row(f"{picture.score:.3f}", *map(escape, shown), picture.id)
    answers.print(table)


def print_path(tracks: Sequence[PathTrack]) -> None:
    """Print the tracks of a path, each with its similarity to the previous one."""
    table = Table("step", "score", "title", "artist", "album", box=None)
    table.add_column("id", no_wrap=True)  # ids are copied
    for step, track in enumerate(tracks, start=1):
        table.add_row(str(step), f"{track.similarity:.3f}", *_names(track), track.id)
    answers.print(table)


def print_status(status: Status, *, running: bool, refused: bool = False) -> None:
    """Print the status; `refused` means that the service runs but needs another key."""
    table = Table(show_header=False, box=None)
    table.add_row("data directory", escape(status.data_dir or "shown to keys with the scope `admin` only"))
    table.add_row("service", f"running at {status.url}" if running else "not running; start it with `segue up`")
    table.add_row("version", status.version)
    table.add_row("model version", escape(status.model_version or "none yet"))
    for name, count in status.tracks.items():
        if count or name == TrackStatus.READY:
            table.add_row(f"{name} tracks", str(count))
    if pictures := status.pictures[PictureStatus.READY]:
        table.add_row("pictures", str(pictures))
    if status.failures:
        table.add_row("failed files", f"{status.failures}; `segue status --failed` lists them with reasons")
    table.add_row("analysis", _progress(status.analysis))
    if refused:
        table.add_row("index", "unknown; set `SEGUE_API_KEY` to a key with the scope `read`")
    elif running:
        index = status.index
        points = "an unknown number of" if index.points is None else index.points
        table.add_row("index", f"{INDEX_NAMES[index.kind]}, {points} points, {index.pending} pending")
        running_questions = status.question_processes
        unknown = "unknown; the broker does not respond"
        table.add_row("workers", unknown if status.workers is None else str(len(status.workers)))
        table.add_row("question processes", unknown if running_questions is None else str(running_questions))
    answers.print(table)


def _progress(analysis: Analysis) -> str:
    if analysis.paused:
        return f"paused since {format_time(analysis.paused_at)}; `segue resume` continues it"
    if not analysis.waiting:
        return "complete"
    if analysis.per_minute is None or analysis.seconds_left is None:
        return "running; its speed is not known yet"
    minutes = max(1, round(analysis.seconds_left / 60))
    return f"running, {analysis.per_minute:g} tracks a minute, about {minutes} min left"


def print_failures(page: FailurePage) -> None:
    """Print the files that cannot be used: path, reason and what to do, one below the other, because paths are long."""
    if not page.failures:
        print_message("There are no failed files.")
        return
    for failure in page.failures:
        for path in (failure.path, *failure.copies):
            answers.print(escape(path), style="bold", soft_wrap=True)
        answers.print(f"  {escape(failure.reason)}", soft_wrap=True)
        answers.print(f"  {escape(failure.what_to_do)}", soft_wrap=True)
    print_message(f"{count_files(page.total)} cannot be used. `segue retry` tries them again.")


def print_job(job: Job) -> None:
    """Print how a scan ended, and the files that failed with the reasons."""
    if job.reason:
        print_message(f"The scan failed: {job.reason}")
        return
    print_message(f"{job.done} of {job.total} files are ready, {job.failed} failed.")
    if not job.failures:
        return
    table = Table("file", "reason", box=None)
    for failure in job.failures[:FAILURES_SHOWN]:
        table.add_row(escape(failure.path), escape(failure.reason))
    messages.print(table)
    more = f"… and {job.failed - FAILURES_SHOWN} more. " if job.failed > FAILURES_SHOWN else ""
    print_message(f"{more}`segue status --failed` says what to do about each.")


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
    table = Table("name", "scopes", "listeners", "created", "last used", "revoked", box=None)
    table.add_column("id", no_wrap=True)  # ids are copied
    for key in keys:
        table.add_row(
            escape(key.name),
            " ".join(sorted(key.scopes)),
            "all" if key.listeners is None else escape(", ".join(sorted(key.listeners))),
            *(_format_date(moment) for moment in (key.created_at, key.last_used_at, key.revoked_at)),
            key.id,
        )
    answers.print(table)


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


def _names(track: Track) -> tuple[str, str, str]:
    return escape(track.title), escape(track.artist or ""), escape(track.album or "")

"""What `segue link` prints: tables to stdout, explanations to stderr."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.cli import output
from services.cli.tables import Column, table_of
from services.domain.links import RULE_NAMES, Link, LinkCounts, LinkRun
from services.links.guessing import Guess
from services.links.syncing import Synced

UNMATCHED_SHOWN = 20
"""Songs that `segue link sync` shows; `segue link unmatched` shows all."""

MS_PER_SECOND, SECONDS_PER_MINUTE = 1000, 60


def print_links(links: Sequence[tuple[Link, LinkCounts]], pushes: Mapping[str, LinkRun | None]) -> None:
    """Print links with the number of their songs, and what failed; `pushes` are the last pushes of mixes, by link."""
    if not links:
        output.print_message("There are no links. `segue link add` adds one.")
    for link, counts in links:
        output.print_lines(
            f"{link.name} ({link.kind})",
            f"  address   {link.url}",
            f"  user      {link.user}, the listener {link.listener}",
            f"  songs     {counts.songs}, {counts.unmatched} of them no tracks",
            f"  listed    {_day(link)}",
        )
    for link, _ in links:
        if link.failure is not None:
            output.print_message(f"The last sync of '{link.name}' failed: {link.failure}")
        if (pushed := pushes[link.name]) is not None and pushed.failure is not None:
            output.print_message(f"The last push of mixes to '{link.name}' failed: {pushed.failure}")


def run_as_json(run: LinkRun | None) -> Mapping[str, Any] | None:
    """Return the last push of mixes as JSON has it; None if there was none."""
    if run is None:
        return None
    return {"pushed_at": None if run.ended_at is None else run.ended_at.isoformat(), "failure": run.failure}


def print_synced(link: Link, synced: Synced) -> None:
    """Print how many songs of a link are tracks, by rule, and what its user heard and judged."""
    counts, heard = synced.counts, synced.heard
    matched = counts.songs - counts.unmatched
    found = "1 of them is a track of the library:" if matched == 1 else f"{matched} of them are tracks of the library:"
    if not matched:
        found = "None of them is a track of the library."
    output.print_message(f"'{link.name}' has {_songs(counts.songs)}. {found}")
    for rule, count in counts.matched.items():
        output.print_message(f"  {count} by {RULE_NAMES[rule]}")
    if synced.gone:
        output.print_message(f"{_songs(synced.gone)} gone from the server lost their ids.")
    if heard.plays or heard.opinions:
        output.print_message(f"New from there: {heard.plays} plays, and stars or ratings of {_songs(heard.opinions)}.")
    if heard.undated:
        output.print_message(f"Plays without a time, which count as old ones: those of {_songs(heard.undated)}.")
    if link.download and (left := counts.unmatched - counts.refused):
        output.print_message(f"Workers download the songs that are no tracks, to analyse them. Left: {_songs(left)}.")
    if link.download and counts.refused:
        output.print_message(
            f"Downloads that failed: {counts.refused}. Workers try them again now, unless their tracks were deleted."
        )


def print_guesses(guesses: Sequence[Guess]) -> None:
    """Print songs that are no tracks, each with the track that is most like it."""
    columns = [
        Column("song", [_named(each.song.artist, each.song.title) for each in guesses], weight=2, wraps=True),
        Column("album", [each.song.album or "" for each in guesses], weight=1),
        Column("length", [_length(each.song.duration_ms) for each in guesses]),
        Column(
            "nearest track",
            [_named(each.track.artist, each.track.title) if each.track else "" for each in guesses],
            weight=2,
            wraps=True,
        ),
        Column("its album", [(each.track.album or "") if each.track else "" for each in guesses], weight=1),
        Column("length", [_length(each.track.duration_ms) if each.track else "" for each in guesses]),
    ]
    if not guesses:
        output.print_message("All songs are tracks of the library.")
        return
    output.print_message("Songs that are no tracks, each with the track that is most like it:")
    output.answers.print(table_of(columns, output.answers.width))
    if refused := [each.song for each in guesses if each.song.reason]:
        output.print_lines("Their downloads failed:")
        output.print_lines(*(f"  {_named(song.artist, song.title)}: {song.reason}" for song in refused))


def guess_as_json(guess: Guess) -> Mapping[str, Any]:
    """Return a song that is no track, and its guess, as JSON has it."""
    song, track = guess.song, guess.track
    named = {"id": song.id, "title": song.title, "artist": song.artist, "album": song.album}
    nearest = None if track is None else track._asdict()
    return named | {"duration_ms": song.duration_ms, "reason": song.reason, "nearest": nearest}


def _named(artist: str | None, title: str) -> str:
    return f"{artist} – {title}" if artist else title


def _songs(count: int) -> str:
    return "1 song" if count == 1 else f"{count} songs"


def _length(duration_ms: int | None) -> str:
    if duration_ms is None:
        return ""
    minutes, seconds = divmod(round(duration_ms / MS_PER_SECOND), SECONDS_PER_MINUTE)
    return f"{minutes}:{seconds:02d}"


def _day(link: Link) -> str:
    return "never" if link.synced_at is None else f"{link.synced_at.astimezone():%Y-%m-%d %H:%M}"

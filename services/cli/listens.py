"""Commands about the listens of a listener: export, import, and what the library does not have.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.arguments import AsJson, path_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segue_client import Segue

    from services.api.schemas.exports import ExportHead
    from services.api.schemas.listens import ListenIn
    from services.api.schemas.moods import StartRequest
    from services.imports.importing import Counts, Imported
    from services.imports.sources import Source

TOLD_EVERY = 100_000
"""Listens between two messages."""

LEFT_OUT = {
    "podcast_or_audiobook": "podcasts, audiobooks and videos",
    "private_session": "streams of private sessions",
    "interrupted": "streams that ended by themselves within 30 seconds",
    "nameless": "entries without artist and title",
    "still_playing": "tracks that were playing when the file was written",
    "invalid": "invalid entries",
}

Listener = Annotated[str, typer.Argument(help="Name of the listener.")]


def export_listens(listener: Listener) -> None:
    """Print all listens of a listener as JSON lines, newest first."""
    from services.api.schemas.listens import listener_named
    from services.cli.lookup import connect
    from services.settings import load_settings

    with connect(load_settings()) as client:
        sys.stdout.buffer.write(client.export(listener_named(listener)).encode())


def import_listens(
    files: Annotated[
        list[Path],
        path_argument(
            "Exports of ListenBrainz, Spotify, Last.fm or Segue; folders and ZIP files too. - is stdin.", "FILE..."
        ),
    ],
    *,
    user: Annotated[str, typer.Option(help="Name of the listener, who may be new.")],
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave out entries that cannot be read, and list them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import listens from exports of ListenBrainz, Spotify, Last.fm or Segue; those that are recorded are skipped.

    All files are checked first: if an entry cannot be read, nothing is imported.
    """
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.lookup import connect
    from services.imports.importing import import_listens as run
    from services.settings import load_settings

    listener = listener_named(user)

    def tell(done: int, total: int | None) -> None:
        if done % TOLD_EVERY == 0:
            output.print_message(f"checked {done:,}" if total is None else f"imported {done:,} of {total:,}")

    with _sources(files) as sources, connect(load_settings()) as client:
        imported = run(sources, lambda batch: _send(client, listener, batch), skip_invalid=skip_invalid, tell=tell)
        if imported.head is not None:
            _send_head(client, listener, imported.head)
    if as_json:
        counts, tally = imported.counts, imported.tally
        output.print_json(
            {"recorded": counts.recorded, "duplicates": counts.duplicates, "unknown": counts.unknown}
            | {"left_out": dict(tally.left_out), "invalid": tally.invalid}
        )
    else:
        _print_imported(listener, imported)


def unmatched(
    listener: Listener,
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Number of recordings.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what a listener heard that is not in the library, most often heard first."""
    from services.api.schemas.listens import listener_named
    from services.cli import listings, output
    from services.cli.lookup import connect
    from services.settings import load_settings

    with connect(load_settings()) as client:
        found = client.unmatched(listener_named(listener), limit=limit)
    if as_json:
        output.print_json({"recordings": [each.model_dump(mode="json") for each in found]})
    else:
        listings.print_unmatched(found)


@contextmanager
def _sources(files: list[Path]) -> "Iterator[list[Source]]":
    """Yield the files with listens; standard input is kept in a temporary file, because it is read twice."""
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    from services.imports.sources import sources_of

    with TemporaryDirectory(prefix="segue-import-") as folder:
        paths = []
        for path in files:
            if str(path) == "-":
                path = Path(folder, "stdin")  # noqa: PLW2901  the copy takes its place
                with path.open("wb") as copy:
                    copyfileobj(sys.stdin.buffer, copy)
            paths.append(path)
        yield [source for path in paths for source in sources_of(path)]


def _send(client: "Segue", listener: str, batch: "list[ListenIn]") -> "Counts":
    from segue_client import models

    from services.imports.importing import Counts

    sent = [models.ListenIn.model_validate(each.model_dump(mode="json", exclude_defaults=True)) for each in batch]
    answer = client.listen(listener, sent)
    return Counts(answer.recorded, answer.duplicates, answer.unknown)


def _send_head(client: "Segue", listener: str, head: "ExportHead") -> None:
    from segue_client.models import Annotations, Corrections

    told = head.model_dump(mode="json")
    client.correct(listener, Corrections.model_validate(told))
    client.annotate(listener, Annotations.model_validate(told))
    if head.start is not None:
        _send_start(client, listener, head.start)


def _send_start(client: "Segue", listener: str, start: "StartRequest") -> None:
    import segue_client

    from services.cli import output

    try:
        client.start(listener, moods=start.moods, artists=start.artists, tracks=start.tracks, at=start.at)
    except segue_client.InvalidRequest as error:  # the library has none of these tracks
        output.print_message(f"The start was not imported. {error.detail}")


def _print_imported(listener: str, imported: "Imported") -> None:
    from services.cli import output

    counts, tally = imported.counts, imported.tally
    output.print_message(
        f"Imported {counts.recorded:,} listens and skipped {counts.duplicates:,} that were already recorded."
    )
    if counts.unknown:
        output.print_message(
            f"{counts.unknown:,} of them are of tracks that are not in the library. They count as soon as the tracks "
            f"are there. `segue unmatched {listener}` lists them."
        )
    for why, number in tally.left_out.items():
        output.print_message(f"Left out {number:,} {LEFT_OUT[why]}.")
    for message in tally.invalid:
        output.print_message(f"  {message}")

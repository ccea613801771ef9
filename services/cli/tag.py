"""The command `segue tag`. It imports its code when it runs, as in `services.cli.main`."""

# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from services.cli import arguments
from services.cli.arguments import AsJson
from services.domain.notation import Notation


def tag(  # noqa: PLR0913  each is an option
    paths: Annotated[
        list[Path] | None,
        typer.Argument(parser=arguments.path, metavar="PATH...", help="Files or folders of the library."),
    ] = None,
    *,
    bpm: Annotated[bool, typer.Option("--bpm", help="Write the tempo.")] = False,
    key: Annotated[bool, typer.Option("--key", help="Write the key.")] = False,
    mood: Annotated[bool, typer.Option("--mood", help="Write the mood, such as “calm, sad”.")] = False,
    notation: Annotated[Notation, typer.Option(help="Notation of the key.")] = Notation.NAME,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out tempo and key of a lower confidence.")
    ] = 0.1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace values that a file has.")] = False,
    keep_time: Annotated[bool, typer.Option("--keep-time", help="Keep the modification time of files.")] = False,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Write NAME.segue.json beside each file instead of into it.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(parser=arguments.path, metavar="FILE", help="Write a table for DJs instead; - prints it."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write measured tempo, key and mood into the files of the library, or as a table for DJs."""
    from services.cli import tagging
    from services.writeback.values import Choice

    if csv is not None:
        tagging.write_csv(paths or [], csv, min_confidence)
        return
    fields = {name for name, chosen in (("bpm", bpm), ("key", key), ("mood", mood)) if chosen}
    if not fields or not paths:
        raise typer.BadParameter("Name what to write (--bpm, --key, --mood) and at least one file or folder.")
    choice = Choice(frozenset(fields), notation, min_confidence, overwrite=overwrite, keep_time=keep_time)
    if not tagging.write_tags(paths, choice, sidecar=sidecar, dry_run=dry_run, as_json=as_json):
        raise typer.Exit(1)

"""`segue export`: tables of the library as files, for analysts.

The command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

import gc
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli.arguments import AsJson, path_argument, time_option

TOLD_EVERY = 100_000
"""Rows between two messages."""


def export(  # noqa: PLR0913  each parameter is an option
    folder: Annotated[Path, path_argument("Folder for the tables; it is created.", "DIR")],
    *,
    tables: Annotated[
        str | None, typer.Option(help="Names of tables, separated by commas.", show_default="all")
    ] = None,
    since: Annotated[
        datetime | None, time_option("Only what was added, analysed, heard or changed at this time in UTC or later.")
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help="`parquet`, `csv` or `jsonl`.")] = "parquet",
    pseudonymise: Annotated[
        bool,
        typer.Option(
            "--pseudonymise", help="Replace the names of listeners and playlists with codes that stay the same."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the tables of the library into a folder, as they are now. See docs/tables.md.

    If the export is interrupted, the same command continues it.
    """
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.domain.errors import InvalidRequest
    from services.export.run import FileFormat, Options
    from services.export.run import export as run
    from services.export.tables import TABLES
    from services.settings import load_settings

    if file_format not in list(FileFormat):
        raise InvalidRequest(f"'{file_format}' is no format. The formats are: {', '.join(FileFormat)}.")
    names = tuple(TABLES) if tables is None else tuple(dict.fromkeys(tables.split(",")))
    options = Options(names, FileFormat(file_format), since and since.replace(tzinfo=UTC), pseudonymise)

    def tell(table: str, rows: int) -> None:
        if rows and rows % TOLD_EVERY == 0:
            output.print_message(f"{table}: {rows:,} rows")

    gc.disable()  # rows have no cycles, and the collector would visit millions of them
    with open_catalogue(load_settings()) as catalogue:
        written = run(catalogue, folder, options, tell)
    if as_json:
        output.print_json({"folder": str(folder), "tables": {each.name: each.rows for each in written}})
        return
    for each in written:
        output.print_message(f"{each.name}: {each.rows:,} rows")
    output.print_message(f"Wrote {len(written)} tables to {folder}.")

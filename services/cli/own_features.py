"""`segue import-features` and `segue features`: values that an analyst attaches to tracks.

The commands import their code when they run, as in `services.cli.main`. They open the catalogue, so they work whether
the service runs or not.
"""

# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from services.cli.arguments import AsJson, file, path_argument
from services.domain.own_features import NAMESPACE

TOLD_EVERY = 100_000
"""Rows between two messages."""

features = typer.Typer(help="List and remove own features of tracks.", no_args_is_help=True)


def import_features(
    path: Annotated[Path, path_argument("CSV or Parquet file with a column track_id.", "FILE", file)],
    *,
    namespace: Annotated[str, typer.Option(help="First part of the names: `mine.energy`.")] = NAMESPACE,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out rows of tracks that the library does not have.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Attach the columns of a file to tracks, for filters, the page and exports. See docs/own-features.md.

    A column replaces the own feature of the same name. An error in any row refuses the whole file.
    """
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.own_features.importing import import_features as run
    from services.settings import load_settings

    def tell(rows: int) -> None:
        if rows % TOLD_EVERY == 0:
            output.print_message(f"{rows:,} rows")

    with open_catalogue(load_settings()) as catalogue:
        imported = run(catalogue, path, namespace, skip_unknown=skip_unknown, tell=tell)
    if as_json:
        output.print_json(
            {"features": imported.features, "tracks": imported.tracks, "unknown_tracks": imported.unknown}
        )
        return
    skipped = f" Rows of unknown tracks that were left out: {imported.unknown:,}." if imported.unknown else ""
    output.print_message(f"Imported {', '.join(imported.features)} for {imported.tracks:,} tracks.{skipped}")


@features.command("list")
def list_features(*, as_json: AsJson = False) -> None:
    """List all own features with their types, ranges and numbers of tracks."""
    from services.api.schemas.own_features import OwnFeatures
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        found = catalogue.own_features.all()
    if as_json:
        output.print_json(OwnFeatures.of(found).model_dump(mode="json"))
    else:
        output.print_own_features(found)


@features.command("remove")
def remove_features(
    name: Annotated[str, typer.Argument(help="A name such as `mine.energy`, or a namespace with all of its features.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Remove an own feature, or all of a namespace."""
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        removed = catalogue.own_features.remove(name)
    if as_json:
        output.print_json({"removed": removed})
    else:
        output.print_message(f"Removed {', '.join(removed)}.")

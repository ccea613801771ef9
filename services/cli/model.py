"""`segue model`: see which model versions the library is analysed with, compare them, and change the one that answers.

They act on the catalogue itself, as `segue keys` does.
"""

# ruff: noqa: PLC0415  a command imports its code when it runs

import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.arguments import AsJson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.catalog import Catalogue
    from services.domain.spaces import Space

model = typer.Typer(help="Compare model versions, and change the one that answers.", no_args_is_help=True)

Version = Annotated[str, typer.Argument(metavar="VERSION", help="Model version, as `segue model status` shows it.")]

POLL_SECONDS = 0.5
COMPARE_SECONDS = 60.0


@model.command()
def status(*, as_json: AsJson = False) -> None:
    """List the model versions that the library is analysed with, and how far each is."""
    with _catalogue() as catalogue:
        _show(catalogue, as_json=as_json)


@model.command()
def compare(
    version: Version,
    *,
    again: Annotated[bool, typer.Option("--again", help="Compare again; the service must run.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print how a model version differs from the one that answers."""
    from services.cli import output
    from services.domain.errors import InvalidRequest

    with _catalogue() as catalogue:
        space = catalogue.space_store.get(version)
        if again:
            catalogue.space_store.compared(version, None)
            deadline = time.monotonic() + COMPARE_SECONDS
            while (space := catalogue.space_store.get(version)).comparison is None and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
    if space.comparison is None:
        raise InvalidRequest(f"The space {version} is not compared yet: that happens once it is complete.")
    if as_json:
        output.print_json(space.comparison)
    else:
        output.print_lines(*_comparison(space))


@model.command()
def switch(version: Version, *, as_json: AsJson = False) -> None:
    """Let another model version answer, once every track is analysed with it."""
    with _catalogue() as catalogue:
        catalogue.space_store.serve(version)
        _show(catalogue, as_json=as_json, served=version)


@model.command()
def rollback(*, as_json: AsJson = False) -> None:
    """Let the previous model version answer again."""
    with _catalogue() as catalogue:
        version = catalogue.space_store.previous()
        catalogue.space_store.serve(version)
        _show(catalogue, as_json=as_json, served=version)


@model.command()
def drop(version: Version, *, as_json: AsJson = False) -> None:
    """Delete the analyses of a model version that does not answer. It is not begun again by itself."""
    from services.composition import drop_space
    from services.settings import load_settings

    with _catalogue() as catalogue:
        drop_space(load_settings(), catalogue, version)
        _show(catalogue, as_json=as_json)


@model.command()
def begin(version: Version, *, as_json: AsJson = False) -> None:
    """Analyse the library with a model version that was dropped; a worker must have its weights."""
    with _catalogue() as catalogue:
        catalogue.spaces.begin(version, again=True)
        _show(catalogue, as_json=as_json)


@contextmanager
def _catalogue() -> "Iterator[Catalogue]":
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        catalogue.spaces.refresh()
        yield catalogue


def _show(catalogue: "Catalogue", *, as_json: bool, served: str | None = None) -> None:
    from services.cli import output

    spaces = catalogue.space_store.all()
    if as_json:
        output.print_json({"spaces": [_as_json(space) for space in spaces]})
        return
    if served is not None:
        output.print_message(f"Model version {served} answers now; a service that runs follows within a second.")
        output.print_lines(*_losses(next(space for space in spaces if space.model_version == served)))
    output.print_lines(*(output.space_line(asdict(space)) for space in spaces))
    if not spaces:
        output.print_message("No track is analysed yet.")


def _as_json(space: "Space") -> dict[str, Any]:
    times = {name: moment and moment.isoformat() for name, moment in asdict(space).items() if name.endswith("_at")}
    return asdict(space) | times


def _comparison(space: "Space") -> list[str]:
    from services.index.comparing import NEIGHBOURS

    found = space.comparison or {}
    other = found["with_space"]
    lines = [f"Compared with {other} on {found['tracks']} tracks, {found['compared_at'][:16].replace('T', ' ')} UTC:"]
    if found["overlap"] is not None:
        lines.append(f"  overlap@{NEIGHBOURS}: {found['overlap']:.2f} of the nearest {NEIGHBOURS} tracks are the same")
    for name in (other, space.model_version):
        share, took = found["album_share"].get(name), found["milliseconds"].get(name)
        same = "no albums" if share is None else f"{share:.3f} of the nearest tracks are of the same album"
        lines.append(f"  {name}: {same}, {'no query' if took is None else f'{took:.1f} ms a query'}")
    return [*lines, *(f"  {line}" for line in _losses(space))]


def _losses(space: "Space") -> list[str]:
    """Return what is not carried over into a space, a sentence each."""
    lines = []
    if space.failed:
        lines.append(f"{space.failed} tracks have no analysis in it; after a switch they wait for one.")
    comparison = space.comparison or {}
    if comparison and not comparison["carries_words"]:
        cosine = comparison["mapping_cosine"]
        why = (
            "too few tracks are analysed with both versions" if cosine is None else f"the map's cosine is {cosine:.2f}"
        )
        lines.append(f"Words and pictures cannot be carried over: {why}.")
    return lines

"""`segue forget`: delete all that is stored of a listener.

The command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from typing import Annotated

import typer

from services.cli.arguments import AsJson


def forget(
    name: Annotated[str, typer.Argument(metavar="USER", help="Name of the listener.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete all that is stored of a listener: listens, playlists, account, keys, linked servers and the rest.

    Tracks that were downloaded from a linked server of the listener become missing, as with `segue link remove`.
    """
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.links.removing import remove_link
    from services.settings import load_settings

    settings, listener = load_settings(), listener_named(name)
    with open_catalogue(settings) as catalogue:
        found = catalogue.listeners.traces(listener)
        links = [each.name for each in catalogue.links.all() if each.listener == listener]
        if found and not yes:
            question = f"Delete all that is stored of {listener}: {_counted(found)}?"
            typer.confirm(question, abort=True, err=True)
        for link in links:
            remove_link(catalogue, settings, link)
        catalogue.listeners.forget(listener)
    if as_json:
        output.print_json({"forgotten": listener, "rows": found, "links": links})
    elif found:
        output.print_message(f"Deleted all that was stored of {listener}. Backups and earlier exports still have it.")
    else:
        output.print_message(f"Nothing is stored of {listener}. `segue users list` lists the accounts.")


def _counted(rows: dict[str, int]) -> str:
    """Return the numbers of rows by table: `listens 1,204, playlists 3`."""
    return ", ".join(f"{table.replace('_', ' ')} {count:,}" for table, count in rows.items())

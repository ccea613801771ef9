"""`segue people`: who has signed in with the OpenID Connect provider, in the catalogue itself, as `segue keys` does.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from typing import Annotated

import typer

from services.cli.arguments import AsJson

people = typer.Typer(help="List and remove people who have signed in with your provider.", no_args_is_help=True)


@people.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List everybody who has signed in, with the listener whose history is theirs."""
    from services.api.schemas.sessions import People, Person
    from services.cli import listings, output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        found = catalogue.people.all()
    if as_json:
        output.print_json(People(people=[Person.of(each) for each in found]).model_dump(mode="json"))
    else:
        listings.print_people(found)


@people.command()
def remove(
    user: Annotated[str, typer.Argument(metavar="USER", help="The listener of the person.")], *, as_json: AsJson = False
) -> None:
    """End the sessions of a person. They can sign in again; what is stored of the listener stays."""
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    listener = listener_named(user)
    with open_catalogue(load_settings()) as catalogue:
        catalogue.people.remove(listener)
    if as_json:
        output.print_json({"removed": listener})
    else:
        output.print_message(f"Ended the sessions of {listener}.")

"""`segue users`: add, list and remove accounts, in the catalogue itself, as `segue keys` does.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from services.cli.arguments import AsJson
from services.cli.passwords import PasswordFile, ask_password, read_password

users = typer.Typer(help="Add, list and remove accounts, with which players sign in.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the listener.")]

Prompt = Annotated[bool, typer.Option("--prompt", help="Ask for the password instead of generating one.")]


@users.command()
def add(name: Name, *, prompt: Prompt = False, password_file: PasswordFile = None, as_json: AsJson = False) -> None:
    """Create an account and print its password, which Segue generates. The listener may be new."""
    _set_password(name, password_file, prompt=prompt, is_new=True, as_json=as_json)


@users.command()
def password(
    name: Name, *, prompt: Prompt = False, password_file: PasswordFile = None, as_json: AsJson = False
) -> None:
    """Give an account another password and print it. Players must then sign in again."""
    _set_password(name, password_file, prompt=prompt, is_new=False, as_json=as_json)


@users.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List all accounts."""
    from services.cli import listings, output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        found = catalogue.accounts.all()
    if as_json:
        output.print_json(
            {"users": [{"name": each.listener, "created_at": each.created_at.isoformat()} for each in found]}
        )
    else:
        listings.print_accounts(found)


@users.command()
def remove(name: Name, *, as_json: AsJson = False) -> None:
    """Remove an account. Its listens, likes and playlists stay."""
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    listener = listener_named(name)
    with open_catalogue(load_settings()) as catalogue:
        catalogue.accounts.remove(listener)
    if as_json:
        output.print_json({"removed": listener})
    else:
        output.print_message(f"Removed the account of {listener}. Listens, likes and playlists stay.")


def _set_password(name: str, file: Path | None, *, prompt: bool, is_new: bool, as_json: bool) -> None:
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.domain.accounts import check_password, new_password
    from services.settings import load_settings

    listener, given = listener_named(name), _given_password(file, prompt=prompt)
    chosen = new_password() if given is None else given
    check_password(chosen)
    with open_catalogue(load_settings()) as catalogue:
        (catalogue.accounts.add if is_new else catalogue.accounts.change)(listener, chosen)
    shown = {} if given is not None else {"password": chosen}
    if as_json:
        output.print_json({"name": listener, **shown})
        return
    done = f"Created the account of {listener}." if is_new else f"{listener} has another password."
    output.print_message(f"{done} Save the password now; it cannot be shown again." if shown else done)
    if shown:
        output.answers.out(chosen)


def _given_password(file: Path | None, *, prompt: bool) -> str | None:
    """Return the password that the user chose; None to generate one.

    Raises:
        InvalidRequest: both ways are requested, the file cannot be read, or there is no terminal.
    """
    from services.domain.errors import InvalidRequest

    if file is not None and prompt:
        raise InvalidRequest("Use either --prompt or --password-file.")
    if file is not None:
        return read_password(file)
    return ask_password("Give it with --password-file.", twice=True) if prompt else None

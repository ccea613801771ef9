"""Passwords that commands read; never from arguments, which other users of the machine can see."""

import warnings
from getpass import GetPassWarning
from pathlib import Path
from typing import Annotated

import typer

from services.cli.arguments import path
from services.domain.errors import InvalidRequest

PasswordFile = Annotated[
    Path | None,
    typer.Option(parser=path, metavar="FILE", help="Read the password from the first line of a file; - is stdin."),
]


def read_password(file: Path) -> str:
    """Return the first line of a file, or of standard input for `-`.

    Raises:
        InvalidRequest: the file cannot be read.
    """
    try:
        text = typer.get_text_stream("stdin").readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The file '{file}' cannot be read: {error}") from error
    return text.splitlines()[0] if text else ""


def ask_password(otherwise: str, *, twice: bool = False) -> str:
    """Ask for a password at the terminal. `otherwise` says what to do if there is none.

    Raises:
        InvalidRequest: there is no terminal on which the password stays hidden.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)
            return str(typer.prompt("Password", hide_input=True, confirmation_prompt=twice))
    except GetPassWarning as error:
        typer.echo()  # ends the line of the question
        raise InvalidRequest(f"There is no terminal to ask for the password. {otherwise}") from error

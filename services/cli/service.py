"""`segue service`: run `segue up` at every login, by systemd or launchd.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.arguments import path_argument
from services.local.units import Manager

if TYPE_CHECKING:
    from services.local.units import Service

service = typer.Typer(help="Run Segue in the background, from login on.", no_args_is_help=True)

ManagerOption = Annotated[
    Manager, typer.Option("--manager", help="Service manager.", show_default="that of this system")
]
DEFAULT_MANAGER = Manager.LAUNCHD if sys.platform == "darwin" else Manager.SYSTEMD
COMMAND_SECONDS = 60


@service.command()
def install(
    folder: Annotated[
        Path | None, path_argument("Folder of music to scan and watch; without it the existing library.", "[FOLDER]")
    ] = None,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on, as of `segue up`.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on, as of `segue up`.")] = None,
    print_only: Annotated[bool, typer.Option("--print", help="Print the file, and change nothing.")] = False,
    manager: ManagerOption = DEFAULT_MANAGER,
) -> None:
    """Install Segue as a service of this user, and start it now and at every login.

    The service gets the SEGUE_ variables that are set now.
    """
    from services.cli import output
    from services.domain.errors import AlreadyRunning, PathNotScannable
    from services.local.units import start_commands, unit_content, unit_path
    from services.settings import load_settings
    from services.storage.locks import running_url

    if folder is not None and not folder.exists():
        raise PathNotScannable(f"'{folder}' does not exist.")
    options = [f"--host={host}"] * (host is not None) + [f"--port={port}"] * (port is not None)
    content = unit_content(manager, _service(folder, options))
    if print_only:
        sys.stdout.buffer.write(content)
        return
    path = unit_path(manager, Path.home())
    url = running_url(load_settings())
    if url is not None and not path.exists():
        raise AlreadyRunning(f"Segue is already running at {url}. Stop it first with Ctrl-C in its terminal.")
    _write(path, content)
    output.print_message(f"Wrote {path}.")
    _run(start_commands(manager, path, os.getuid()))
    output.print_message("Segue runs now and after every login. `segue status` shows its state.")
    if manager == Manager.SYSTEMD:
        output.print_message("To run it without a login too: loginctl enable-linger")


@service.command()
def uninstall(*, manager: ManagerOption = DEFAULT_MANAGER) -> None:
    """Stop the service and remove it. The data directory stays."""
    from services.cli import output
    from services.domain.errors import NotFound
    from services.local.units import stop_commands, unit_path

    path = unit_path(manager, Path.home())
    if not path.exists():
        raise NotFound(f"No service is installed: there is no {path}.")
    try:
        _run(stop_commands(manager, path, os.getuid()))
    finally:
        path.unlink()
    output.print_message(f"Stopped the service and removed {path}.")


def _service(folder: Path | None, options: list[str]) -> "Service":
    from services.local.units import Service
    from services.settings import given_variables, load_settings

    folders = [] if folder is None else [str(folder.absolute())]
    command = [sys.executable, "-P", "-m", "services.cli.main", "up", *options, *folders]
    return Service(command, given_variables(), load_settings().data_path / "logs" / "service.log")


def _write(path: Path, content: bytes) -> None:
    from services.domain.errors import InvalidRequest

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # the variables may be secrets
        path.chmod(0o600)
        path.write_bytes(content)
    except OSError as error:
        raise InvalidRequest(f"'{path}' cannot be written: {error.strerror}.") from error


def _run(commands: list[list[str]]) -> None:
    """Run commands of the service manager.

    Raises:
        Unavailable: one fails; the message has all, to be run by hand.
    """
    from services.domain.errors import Unavailable

    for command in commands:
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS)  # noqa: S603
            failure = (ran.stderr or ran.stdout).strip() if ran.returncode else None
        except (OSError, subprocess.TimeoutExpired) as error:
            failure = str(error)
        if failure is not None:
            by_hand = " && ".join(" ".join(each) for each in commands)
            raise Unavailable(f"`{' '.join(command)}` failed: {failure}\nRun by hand: {by_hand}")

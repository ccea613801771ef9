"""`segue libraries`: named libraries, their members and quotas, in the catalogue itself, as `segue keys` does.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.arguments import AsJson, path_argument

if TYPE_CHECKING:
    from services.domain.libraries import NamedLibrary

libraries = typer.Typer(help="Add, list and remove named libraries, their members and quotas.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the library.")]
User = Annotated[str, typer.Argument(metavar="USER", help="Name of the listener.")]


def _limit_option(help_text: str) -> Any:  # noqa: ANN401  typer's own type is private
    return typer.Option(metavar="NUMBER|none", help=help_text)


@libraries.command()
def add(
    name: Name,
    folders: Annotated[list[Path], path_argument("Folders of the library, with their subfolders.", "FOLDER...")],
    *,
    user: Annotated[
        list[str] | None, typer.Option(help="Listener who gets tracks of this library only; repeat it for more.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a library, or add folders and listeners to one. Files that are known need no scan."""
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.domain.errors import LibraryNotFound
    from services.domain.libraries import check_library
    from services.settings import load_settings

    roots = [os.path.realpath(folder) for folder in folders]  # as scans store paths
    check_library(name, roots)
    listeners = [listener_named(each) for each in user or []]
    with open_catalogue(load_settings()) as catalogue:
        try:
            before = catalogue.libraries.get(name)
            roots, listeners = [*before.roots, *roots], [*before.listeners, *listeners]
        except LibraryNotFound:
            pass
        found = catalogue.libraries.put(name, dict.fromkeys(roots).keys(), set(listeners))
    if as_json:
        output.print_json(_as_json(found))
        return
    output.print_message(f"The library '{found.name}' has {output.count_tracks(found.tracks)}.")
    if not found.tracks:
        output.print_message(f"Scan it with `segue scan {found.roots[-1]}`.")


@libraries.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List all libraries with their folders and listeners."""
    from services.cli import listings, output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        found = catalogue.libraries.all()
    if as_json:
        output.print_json({"libraries": [_as_json(each) for each in found]})
    else:
        listings.print_libraries(found)


@libraries.command()
def remove(name: Name, *, as_json: AsJson = False) -> None:
    """Remove a library. Its tracks stay. Listeners of no other library get no tracks until you say otherwise."""
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        alone = catalogue.libraries.remove(name)
    if as_json:
        output.print_json({"removed": name, "without_library": alone})
        return
    output.print_message(f"Removed the library '{name}'. Its tracks stay.")
    if alone:
        output.print_message(
            f"No tracks for {', '.join(alone)} now. Add them to a library "
            "(`segue libraries add-member NAME USER`), or give them all tracks (`segue libraries allow-all USER`)."
        )


@libraries.command("add-member")
def add_member(name: Name, user: User, *, as_json: AsJson = False) -> None:
    """Make a listener a member of a library. They get the tracks of their libraries only."""
    _change_member(name, user, joins=True, as_json=as_json)


@libraries.command("remove-member")
def remove_member(name: Name, user: User, *, as_json: AsJson = False) -> None:
    """Remove a listener from a library. After the last one they get no tracks until you say otherwise."""
    _change_member(name, user, joins=False, as_json=as_json)


@libraries.command("allow-all")
def allow_all(user: User, *, as_json: AsJson = False) -> None:
    """Give a listener the tracks of all libraries. They are then a member of none."""
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    listener = listener_named(user)
    with open_catalogue(load_settings()) as catalogue:
        catalogue.libraries.allow_all(listener)
    if as_json:
        output.print_json({"user": listener, "libraries": None})
    else:
        output.print_message(f"{listener} gets the tracks of all libraries.")


@libraries.command()
def quota(  # noqa: PLR0913  an option for each limit
    name: Name,
    *,
    tracks: Annotated[str | None, _limit_option("Most tracks with a file in it.")] = None,
    upload_bytes: Annotated[str | None, _limit_option("Most bytes of uploads into it.")] = None,
    requests: Annotated[str | None, _limit_option("Most requests of its keys and people a day.")] = None,
    analysis_minutes: Annotated[str | None, _limit_option("Most minutes of analysis a day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a library uses and its quota, or set limits. Requests and minutes of analysis are those of a day."""
    from services.api.schemas.quotas import LibraryUsage
    from services.cli import listings, output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    given = {
        "tracks": tracks,
        "upload_bytes": upload_bytes,
        "requests": requests,
        "analysis_minutes": analysis_minutes,
    }
    limits = {resource: _limit(value) for resource, value in given.items() if value is not None}
    settings = load_settings()
    with open_catalogue(settings) as catalogue:
        found = replace(catalogue.quotas.get(name), **limits)
        if limits:
            catalogue.quotas.put(name, found)
        usage = catalogue.quotas.usage(name, settings.uploads_path)
    if as_json:
        output.print_json(LibraryUsage.of(usage, found).model_dump(mode="json"))
    else:
        listings.print_quota(usage, found)


def _change_member(name: str, user: str, *, joins: bool, as_json: bool) -> None:
    from services.api.schemas.listens import listener_named
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    listener = listener_named(user)
    with open_catalogue(load_settings()) as catalogue:
        change = catalogue.libraries.add_member if joins else catalogue.libraries.remove_member
        change(name, listener)
        joined = catalogue.libraries.of_listener(listener)
        names = (
            None if joined is None else [each.name for each in catalogue.libraries.all() if listener in each.listeners]
        )
    if as_json:
        output.print_json({"user": listener, "libraries": names})
    elif names is None:
        output.print_message(f"{listener} was no member of '{name}', and gets the tracks of all libraries.")
    else:
        output.print_message(f"{listener} gets {'the tracks of ' + ', '.join(names) if names else 'no tracks now'}.")


def _limit(value: str) -> int | None:
    if value == "none":
        return None
    if not value.isdecimal():
        raise typer.BadParameter(f"'{value}' is neither a number nor 'none'.")
    return int(value)


def _as_json(library: "NamedLibrary") -> dict[str, Any]:
    from services.api.schemas.libraries import Library

    return Library.of(library, with_roots=True, with_users=True).model_dump()

"""`segue playlists`: list, show, create, export and import playlists of the running service, and push mixes.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments
from services.cli.arguments import AsJson, path_argument

if TYPE_CHECKING:
    from segue_client import Segue
    from segue_client.models import Playlist, PlaylistSummary

playlists = typer.Typer(help="List, create, export and import playlists.", no_args_is_help=True)

Owner = Annotated[str | None, typer.Option("--owner", help="Listener whose playlists they are.")]
Name = Annotated[
    str, typer.Argument(metavar="PLAYLIST", help="Name, id or its first characters; `segue playlists list` shows both.")
]


@playlists.command("list")
def list_all(*, owner: Owner = None, as_json: AsJson = False) -> None:
    """List all playlists, or those of a listener."""
    from services.cli import listings, output
    from services.cli.lookup import connect
    from services.settings import load_settings

    with connect(load_settings()) as client:
        found = client.playlists(owner)
    if as_json:
        output.print_json({"playlists": [each.as_json() for each in found]})
    else:
        listings.print_playlists(found)


@playlists.command()
def show(playlist: Name, *, as_json: AsJson = False) -> None:
    """List the tracks of a playlist."""
    from services.cli import output
    from services.cli.lookup import connect
    from services.settings import load_settings

    with connect(load_settings()) as client:
        found = client.playlist(_find(client, playlist).id)
    _print(found, as_json=as_json)
    if not as_json:
        output.print_message(f"{found.tracks} tracks, {found.missing} of them without a file.")


@playlists.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the new playlist.")],
    tracks: Annotated[list[str], typer.Argument(help="Tracks: ids, external ids, or quoted words.")],
    *,
    owner: Owner = None,
    as_json: AsJson = False,
) -> None:
    """Create a playlist of tracks."""
    from services.cli.lookup import connect, find_tracks
    from services.settings import load_settings

    with connect(load_settings()) as client:
        ids = [track.id for track in find_tracks(client, tracks)]
        made = client.create_playlist(name, ids, owner=owner)
    _print(made, as_json=as_json)


@playlists.command("export")
def write(
    playlist: Name,
    file: Annotated[Path, path_argument("File to write: .m3u8, .xspf or .jspf; - prints M3U8.", "FILE")],
    *,
    absolute: Annotated[bool, typer.Option(help="Write absolute paths; this needs the scope admin.")] = False,
) -> None:
    """Write a playlist to a file."""
    from services.cli import output
    from services.cli.lookup import connect
    from services.domain.errors import InvalidRequest
    from services.playlists.formats import PlaylistFormat
    from services.settings import load_settings

    suffix = file.suffix.lower().removeprefix(".")
    is_output = str(file) == "-"
    if not is_output and suffix not in list(PlaylistFormat):
        raise InvalidRequest(f"'{file}' must end in .m3u8, .xspf or .jspf.")
    kind = PlaylistFormat.M3U8 if is_output else PlaylistFormat(suffix)
    with connect(load_settings()) as client:
        found = _find(client, playlist)
        content = client.export_playlist(found.id, kind.value, absolute=absolute)
    if is_output:
        sys.stdout.buffer.write(content)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InvalidRequest(f"'{file}' cannot be written: {error.strerror}.") from error
    output.print_message(f"Wrote {found.tracks} tracks to {file}.")


@playlists.command("import")
def read(
    file: Annotated[Path, path_argument("M3U or M3U8 file.", "FILE", arguments.file)],
    *,
    name: Annotated[str | None, typer.Option(help="Name of the playlist. Default: that in the file.")] = None,
    owner: Owner = None,
    as_json: AsJson = False,
) -> None:
    """Create a playlist from a file, and list the lines that match no track."""
    from services.cli import output
    from services.cli.lookup import connect
    from services.settings import load_settings

    with connect(load_settings()) as client:
        made = client.import_playlist(file, name=name, owner=owner)
    if as_json:
        output.print_json(made)
        return
    output.print_message(f"Imported '{made.playlist.name}' with {made.playlist.tracks} tracks.")
    for line in made.unmatched:
        output.print_message(f"Line {line.line} matches no track: {line.text}")


@playlists.command()
def push(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the linked server; `segue link list` shows it.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Push no more every day. The playlists stay.")] = False,
    as_json: AsJson = False,
) -> None:
    """Push the mixes of a listener to a linked server, now and then every day."""
    from services.cli import mixes

    if dry_run and stop:
        raise typer.BadParameter("Use --dry-run or --stop, not both.")
    if stop:
        mixes.stop(name, as_json=as_json)
    else:
        mixes.push(name, dry_run=dry_run, as_json=as_json)


def _find(client: "Segue", name: str) -> "PlaylistSummary":
    """Return the playlist with this id or name.

    Raises:
        NotFound: there is none, or several have the name.
    """
    from services.cli.tables import ID_LENGTH
    from services.domain.errors import NotFound

    every = client.playlists()
    found = [each for each in every if name in {each.id, each.name}]
    if not found and len(name) >= ID_LENGTH:
        found = [each for each in every if each.id.startswith(name.lower())]
    if not found:
        raise NotFound(f"No playlist is named '{name}'. `segue playlists list` shows all.")
    if len(found) > 1:
        raise NotFound(f"{len(found)} playlists are named '{name}'. Use an id: {', '.join(each.id for each in found)}.")
    return found[0]


def _print(playlist: "Playlist", *, as_json: bool) -> None:
    from services.cli import listings, output

    if as_json:
        output.print_json(playlist)
    else:
        listings.print_playlist(playlist)

"""The `segue` command: its subcommands and their options.

Each command imports its code when it runs, so that `segue --help` is fast. The commands `analyse`, `demo-library` and
`worker` are entry points of the group `segue.commands`, because `services` must import neither `models` nor `workers`.
"""

# ruff: noqa: PLC0415  see above

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points, version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from services.cli import arguments, asking, listens
from services.cli.arguments import AsJson, path_argument
from services.cli.assistant import mcp
from services.cli.comparing import compare
from services.cli.evaluating import evaluate, replay
from services.cli.experiments import experiment
from services.cli.exporting import export
from services.cli.forgetting import forget
from services.cli.keys import keys
from services.cli.libraries import libraries
from services.cli.links import link
from services.cli.model import model
from services.cli.own_features import features, import_features
from services.cli.people import people
from services.cli.playlists import playlists
from services.cli.reporting import report
from services.cli.service import service
from services.cli.simulating import demo_listeners
from services.cli.tag import tag
from services.cli.users import users
from services.domain.errors import SegueError

if TYPE_CHECKING:
    from segue_client import SegueError as ServiceError
    from segue_client.models import Job

ENTRY_POINT_GROUP = "segue.commands"

# Another key may do what was refused.
KEY_PROBLEMS = {
    f"urn:segue:problem:{name}" for name in ("insufficient-scope", "library-not-allowed", "listener-not-allowed")
}


class CommandGroup(TyperGroup):
    """The commands of this module and of entry points; an entry point is imported when its command is used."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  Typer's context has no public type
        """Return the names of all commands."""
        return [*super().list_commands(ctx), *sorted(_entry_points())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """Return a command by its name; None if there is none."""
        own = super().get_command(ctx, cmd_name)
        entry = _entry_points().get(cmd_name)
        return own if own is not None or entry is None else _load_command(entry)


Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with status 1 if a file failed; files that are left out do not count.")
]

app = typer.Typer(
    name="segue",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; an expected error prints one line to stderr and exits with code 1."""
    with _errors_as_lines():
        app()


def _print_version(given: bool) -> None:  # noqa: FBT001  Typer's callback
    if given:
        typer.echo(f"segue {version('segue')}")
        raise typer.Exit


@app.callback()
def segue(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Self-hosted music recommendation: what to play next, by how the music feels."""


@app.command()
def up(
    folder: Annotated[
        Path | None,
        path_argument("Folder of music to scan; without it Segue serves the existing library.", "[FOLDER]"),
    ] = None,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: SEGUE_HOST or 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on. Default: SEGUE_PORT or 8765.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Exit after the scan, for scripts.")] = False,
) -> None:
    """Start all of Segue on this machine, scan a folder, and serve until Ctrl-C."""
    from services.cli.up import run
    from services.settings import load_settings

    given: dict[str, Any] = {"host": host, "port": port}
    overrides = {name: value for name, value in given.items() if value is not None}
    # Without SEGUE_URL, because this command reaches its own service directly and not through a proxy.
    run(load_settings(url=None, **overrides), folder, once=once)


@app.command()
def scan(
    folder: Annotated[Path, path_argument("Folder or audio file.", "PATH")],
    *,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Scan a folder and analyse its new files, through the running service."""
    from services.cli.library import scan_folder

    _check(scan_folder(folder, as_json=as_json), strict=strict)


@app.command()
def status(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="List the files that cannot be used, and why.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the data directory, the size of the library, and whether the service runs."""
    from services.cli.maintenance import show_status

    show_status(failed=failed, as_json=as_json)


for command in (asking.similar, asking.recommend, asking.search, asking.path, asking.radio, asking.moods):
    app.command()(command)


for command in (listens.export_listens, listens.import_listens, listens.unmatched):
    app.command()(command)


@app.command("map")
def show_map(
    *,
    refit: Annotated[
        bool, typer.Option("--refit", help="Request a new map; a worker fits it within a minute.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the state of the map, or request a new one."""
    from services.cli import maintenance

    maintenance.show_map(refit=refit, as_json=as_json)


@app.command()
def reindex(
    *,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until the new index is served.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild the vector index from the catalogue, without decoding files."""
    from services.cli.reindexing import reindex as request

    request(wait=not no_wait, as_json=as_json)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Check the installation, and say what is wrong and what to do about it."""
    from services.cli.doctor import run

    if not run(as_json=as_json):
        raise typer.Exit(1)


@app.command()
def retry(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Failed files, folders with failed files, or ids. Default: all.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Try files again that `segue status --failed` lists."""
    from services.cli import maintenance

    maintenance.retry([str(arguments.path(each)) for each in paths or []], as_json=as_json)


app.command()(tag)


@app.command()
def watch(
    *, check: Annotated[bool, typer.Option("--check", help="Exit with 0 if a watcher is alive, else with 1.")] = False
) -> None:
    """Watch the library folders, and take new and changed files at once. `segue up` does this itself."""
    from services.cli.lookup import is_watched
    from services.ingest.watch import run
    from services.settings import load_settings

    settings = load_settings()
    if not check:
        run(settings)
    elif not is_watched(settings):
        raise typer.Exit(1)


@app.command()
def migrate() -> None:
    """Bring the tables of the catalogue to this version; the service does so itself when it starts."""
    from services.cli.maintenance import migrate as run

    run()


@app.command()
def pause(*, as_json: AsJson = False) -> None:
    """Pause the analysis of tracks and pictures; searches and recommendations still work."""
    from services.cli.maintenance import set_pause

    set_pause(paused=True, as_json=as_json)


@app.command()
def resume(*, as_json: AsJson = False) -> None:
    """Resume the analysis after a pause."""
    from services.cli.maintenance import set_pause

    set_pause(paused=False, as_json=as_json)


@app.command()
def backup(
    file: Annotated[
        Path, path_argument("File to write, which must not exist yet; - writes to standard output.", "FILE")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Write the catalogue and the settings to a file; Segue may run meanwhile."""
    from services.cli.backups import write_backup

    write_backup(file, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, path_argument("File written by `segue backup`; - reads standard input.", "FILE")],
    *,
    as_json: AsJson = False,
) -> None:
    """Replace the catalogue with a backup; stop Segue first."""
    from services.cli.backups import restore_backup

    restore_backup(file, as_json=as_json)


pictures = typer.Typer(help="Scan and search pictures that go with music.", no_args_is_help=True)
app.add_typer(pictures, name="pictures")


@pictures.command("scan")
def scan_pictures(
    folder: Annotated[Path, path_argument("Folder or picture.", "PATH")],
    *,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Scan a folder and read its new pictures, through the running service."""
    from services.cli.library import scan_picture_folder

    _check(scan_picture_folder(folder, as_json=as_json), strict=strict)


@pictures.command("search")
def search_pictures(
    text: Annotated[list[str], typer.Argument(help="Description, such as “calm and spacious”.")],
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Number of pictures.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List pictures that go with a description of music."""
    from services.cli.answers import search_picture

    search_picture(" ".join(text), limit, as_json=as_json)


app.add_typer(playlists, name="playlists")
app.add_typer(experiment, name="experiment")
app.add_typer(libraries, name="libraries")
app.add_typer(link, name="link")
app.add_typer(service, name="service")
app.add_typer(users, name="users")
app.add_typer(people, name="people")
app.add_typer(keys, name="keys")
app.add_typer(model, name="model")
app.add_typer(compare, name="compare")
app.add_typer(features, name="features")
app.command()(mcp)
app.command()(export)
app.command()(import_features)
app.command()(report)
app.command()(forget)
app.command()(evaluate)
app.command("demo-listeners")(demo_listeners)
app.command()(replay)


def _check(job: "Job", *, strict: bool) -> None:
    if strict and job.failed > job.left_out:
        raise typer.Exit(1)


def _entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def _load_command(entry: EntryPoint) -> Any:  # noqa: ANN401  Typer's command has no public type
    group = typer.Typer(add_completion=False)
    group.command(entry.name)(entry.load())
    return typer.main.get_command(group)


@contextmanager
def _errors_as_lines() -> Iterator[None]:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may not have every letter of a title
    try:
        yield
    except SegueError as error:
        sys.stderr.write(f"segue: {error.detail}\n")
        sys.exit(1)
    except UnicodeEncodeError:
        sys.stderr.write("segue: An argument has bytes that are not UTF-8. For a file, name its folder instead.\n")
        sys.exit(1)
    except BrokenPipeError:  # the reader of the output, for example `head`, has closed it
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        from segue_client import SegueError as ServiceError

        if not isinstance(error, ServiceError):
            raise
        sys.stderr.write(f"segue: {_explained(error)}\n")
        sys.exit(1)


def _explained(error: "ServiceError") -> str:
    """Return the message of the service; if an API key is missing or wrong, it names the setting."""
    from segue_client import KeyRequired

    if isinstance(error, KeyRequired):
        from services.settings import load_settings

        if load_settings().client_key is None:
            return "The service needs an API key. Set SEGUE_API_KEY to one; `segue keys create NAME` creates one."
        return "The API key in SEGUE_API_KEY is wrong or revoked. `segue keys create NAME` creates another one."
    if error.problem is not None and error.problem.type in KEY_PROBLEMS:
        return f"{error.detail} Set SEGUE_API_KEY to another key."
    return error.detail


if __name__ == "__main__":
    main()

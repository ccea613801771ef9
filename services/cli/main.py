"""The `segue` command.

Each command imports what it needs when it runs, so that `segue --help` stays quick. Commands of other packages
(`analyse`, `demo-library`, `worker`) come from the entry-point group `segue.commands`: services imports neither.
"""

# ruff: noqa: PLC0415  see above

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from services.domain.access import Scope
from services.domain.errors import NotConfigured, SegueError

ENTRY_POINT_GROUP = "segue.commands"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many tracks to answer.")]


class CommandsOfAllPackages(TyperGroup):
    """The commands below and those that entry points name; the latter are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  Typer's context has no public type
        """Every command's name."""
        return [*super().list_commands(ctx), *sorted(_mounted())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """A command by its name; None if there is none."""
        own = super().get_command(ctx, cmd_name)
        entry = _mounted().get(cmd_name)
        return own if own is not None or entry is None else _load(entry)


app = typer.Typer(
    name="segue",
    cls=CommandsOfAllPackages,
    help="Self-hosted music recommendation: history in, next tracks out, by how the music feels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; an expected error is one line on stderr and exit code 1."""
    with _errors_as_lines():
        app()


@app.command()
def up(
    folder: Annotated[Path | None, typer.Argument(help="Music to analyse; without it what is known is served.")] = None,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; SEGUE_HOST, else 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port; SEGUE_PORT, else 8765.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when the folder is analysed; for scripts.")] = False,
) -> None:
    """Start everything on this machine, analyse a folder, and serve until Ctrl-C."""
    from services.cli.up import run
    from services.settings import load_settings

    # Without SEGUE_URL: what is started here is reached directly, not through the proxy that it may name.
    given: dict[str, Any] = {"host": host, "port": port}
    overrides = {name: value for name, value in given.items() if value is not None}
    run(load_settings(url=None, **overrides), folder, once=once)


@app.command()
def scan(
    folder: Annotated[Path, typer.Argument(help="A folder, or a single file.")], *, as_json: AsJson = False
) -> None:
    """Analyse what is new in a folder, through the running service."""
    from services.cli import library

    library.scan(folder, as_json=as_json)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show where Segue keeps its data, what it knows, and whether it runs."""
    from services.cli import library

    library.status(as_json=as_json)


@app.command()
def similar(
    track: Annotated[list[str], typer.Argument(help="An id, an external id (isrc:…), or words of artist and title.")],
    *,
    limit: Limit = 10,
    as_json: AsJson = False,
) -> None:
    """List the tracks that feel most like one track."""
    from services.cli import library

    library.similar(" ".join(track), limit, as_json=as_json)


@app.command()
def recommend(
    tracks: Annotated[list[str], typer.Argument(help="What was played: ids, external ids, or quoted words.")],
    *,
    limit: Limit = 10,
    as_json: AsJson = False,
) -> None:
    """List what to play after some tracks."""
    from services.cli import library

    library.recommend(tracks, limit, as_json=as_json)


@app.command()
def path(
    start: Annotated[str, typer.Argument(metavar="FROM", help="An id, an external id, or quoted words.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="Likewise.")],
    *,
    steps: Annotated[int, typer.Option(min=2, max=100, help="Tracks of the whole path.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List a smooth path from one track to another."""
    from services.cli import library

    library.path(start, end, steps, as_json=as_json)


@app.command()
def radio(
    seeds: Annotated[list[str], typer.Argument(help="Where to start: ids, external ids, or quoted words.")],
    *,
    limit: Limit = 10,
    as_json: AsJson = False,
) -> None:
    """Start an endless radio and list its first tracks."""
    from services.cli import library

    library.radio(seeds, limit, as_json=as_json)


@app.command()
def export_listens(user: Annotated[str, typer.Argument(help="A listener.")]) -> None:
    """Print everything that a listener did as JSON lines, newest first."""
    from services.cli import listens

    listens.export(user)


@app.command()
def import_listens(
    user: Annotated[str, typer.Argument(help="A listener, who need not exist yet.")],
    file: Annotated[Path, typer.Argument(help="JSON lines as `export-listens` prints them; - is standard input.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Take in what `export-listens` printed; what is there already stays as it is."""
    from services.cli import listens

    listens.take_in(user, file, as_json=as_json)


@app.command()
def reindex(*, as_json: AsJson = False) -> None:
    """Build the vector index anew from the catalogue; no file is decoded."""
    from services.cli import library

    library.reindex(as_json=as_json)


@app.command()
def retry(*, as_json: AsJson = False) -> None:
    """Analyse failed and quarantined tracks once more."""
    from services.cli import library

    library.retry(as_json=as_json)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")], *, as_json: AsJson = False
) -> None:
    """Write catalogue and settings into one file, while Segue runs or not."""
    from services.cli import backup as commands

    commands.backup(file, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `segue backup` wrote.")], *, as_json: AsJson = False
) -> None:
    """Put a backup in the place of the catalogue; Segue must not run."""
    from services.cli import backup as commands

    commands.restore(file, as_json=as_json)


keys = typer.Typer(help="API keys: who may ask the service for what.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is, for the list.")],
    *,
    scope: Annotated[list[Scope] | None, typer.Option(help="May be repeated; read and listen unless given.")] = None,
    user: Annotated[list[str] | None, typer.Option(help="Bind it to this listener; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it; it is shown this once."""
    from services.cli import keys as command

    command.create(name, scope or [Scope.READ, Scope.LISTEN], user or [], as_json=as_json)


@keys.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List all keys with what they may and when they were last used."""
    from services.cli import keys as command

    command.show(as_json=as_json)


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `segue keys list` shows it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Put a key out of force."""
    from services.cli import keys as command

    command.revoke(key_id, as_json=as_json)


def _mounted() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def _load(entry: EntryPoint) -> Any:  # noqa: ANN401  Typer's command has no public type
    alone = typer.Typer(add_completion=False)
    alone.command(entry.name)(_imported(entry))
    return typer.main.get_command(alone)


def _imported(entry: EntryPoint) -> Callable[..., None]:
    try:
        command: Callable[..., None] = entry.load()
    except ModuleNotFoundError as error:
        missing = error.name

        def unavailable() -> NoReturn:
            """Not installed here."""
            raise NotConfigured(f"`segue {entry.name}` needs {missing}: install 'segue[worker]'.")

        return unavailable
    return command


@contextmanager
def _errors_as_lines() -> Iterator[None]:
    try:
        yield
    except SegueError as error:
        sys.stderr.write(f"segue: {error.detail}\n")
        sys.exit(1)
    except BrokenPipeError:  # whoever read the output, `head` say, has seen enough
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()

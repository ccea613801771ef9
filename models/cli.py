"""The commands `segue analyse` and `segue demo-library`, which `segue` loads by entry point.

Each command imports the worker packages when it runs: `segue --help` loads this module and must not wait for torch, and
an installation without these packages can still show its help.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from models.analysis import TrackAnalysis

PITCH_CLASSES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
SHOWN_TAGS = 6
BAR_WIDTH = 20


def path(text: str) -> Path:
    """Return a path; `~` at its start is a home folder."""
    if not text:
        raise typer.BadParameter("The path is empty.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise typer.BadParameter(f"'{text}': there is no such user, or no home folder.") from error


def analyse(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", parser=path, help="Music files.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, for scripts.")] = False,
) -> None:
    """Analyse music files and show their attributes, descriptors and tags."""
    with _worker_packages("segue analyse"):
        from models.analysis import analyse as analyse_file  # noqa: PLC0415  see the module's docstring
        from models.checkpoint import CheckpointError  # noqa: PLC0415
        from models.errors import AnalysisError, SandboxUnavailable  # noqa: PLC0415

    console = Console()
    failures = 0
    for path in files:
        try:
            analysis = analyse_file(path)
        except AnalysisError as error:
            failures += 1
            _show_failure(console, path, str(error), as_json=as_json)
        except (CheckpointError, SandboxUnavailable) as error:
            Console(stderr=True).print(f"[red]{escape(str(error))}")
            raise typer.Exit(2) from error
        else:
            _show(console, path, analysis, as_json=as_json)
    if failures:
        raise typer.Exit(1)


def demo_library(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            parser=path,
            help="Folder for the music. Default: ~/.cache/segue/demo.",
            show_default=False,
        ),
    ] = None,
    *,
    synthesised: Annotated[bool, typer.Option("--synthesised", help="Synthesise the music; needs no network.")] = False,
) -> None:
    """Download freely licensed music to try Segue with, and print its folder."""
    try:
        ready = _write_demo(folder, synthesised=synthesised)
    except OSError as error:
        Console(stderr=True).print(f"The folder cannot be written: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    typer.echo(ready)


def _write_demo(folder: Path | None, *, synthesised: bool) -> Path:
    with _worker_packages("segue demo-library"):
        from models.corpus.demo import DemoUnavailable, fetch_demo  # noqa: PLC0415  see the module's docstring
        from models.corpus.synthesis import write_library  # noqa: PLC0415

    console = Console(stderr=True)
    if not synthesised:
        try:
            return fetch_demo(folder or _cache_folder("demo"), console)
        except DemoUnavailable as error:
            console.print(
                f"[yellow]Cannot download demo music from Debian packages:[/] {escape(str(error))}", highlight=False
            )
            console.print("To use your own music, run [bold]make up MUSIC=~/Music[/]")
    ready = folder or _cache_folder("demo-synthesised")
    with console.status("Synthesising 18 short pieces …"):
        write_library(ready)
    console.print("Synthesised a library of 18 pieces in 4 moods, free to use.")
    return ready


@contextmanager
def _worker_packages(command: str) -> Iterator[None]:
    """Exit with one sentence if an import fails because a worker package is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in {"models", "services"}:
            raise
        Console(stderr=True).print(
            f"`{command}` needs the worker packages ({error.name} is missing): install 'segue[worker]'.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(1) from error


def _cache_folder(name: str) -> Path:
    return Path.home() / ".cache" / "segue" / name


def _show_failure(console: Console, path: Path, reason: str, *, as_json: bool) -> None:
    if as_json:
        _write_line({"path": str(path), "error": reason})
    else:
        console.print(f"[red]✗[/] [bold]{escape(str(path))}[/]: {escape(reason)}", highlight=False, soft_wrap=True)


def _show(console: Console, path: Path, analysis: "TrackAnalysis", *, as_json: bool) -> None:
    if as_json:
        _write_line({"path": str(path)} | analysis.to_json())
        return
    table = Table(title=escape(str(path)), title_justify="left", show_header=False, box=None)
    for name, value in _rows(analysis):
        table.add_row(f"[dim]{name}", value)
    console.print(table)


def _write_line(content: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(content, allow_nan=False) + "\n")
    sys.stdout.flush()


def _rows(analysis: "TrackAnalysis") -> list[tuple[str, str]]:
    measured = analysis.descriptors
    mode = "major" if measured["mode"] else "minor"
    key = f"{PITCH_CLASSES[measured['key']]} {mode}" if measured["key"] >= 0 else "not detected"
    tempo = f"{measured['tempo']:.1f} BPM" if measured["tempo"] is not None else "not detected"
    tags = sorted(analysis.tags, key=analysis.tags.__getitem__, reverse=True)[:SHOWN_TAGS]
    return [
        ("duration", f"{int(measured['duration'] // 60)}:{int(measured['duration'] % 60):02d}"),
        ("tempo", f"{tempo} ({measured['tempo_confidence']:.0%} confidence)"),
        ("key", f"{key} ({measured['key_confidence']:.0%} confidence)"),
        ("loudness", f"{measured['loudness']:.1f} LUFS"),
        ("brightness", f"{measured['brightness']:.0f} Hz"),
        ("onsets", f"{measured['onset_rate']:.1f} per second"),
        *((name, _bar(value)) for name, value in analysis.attributes.items()),
        ("tags", ", ".join(dict.fromkeys(tag.split(":")[-1].lower() for tag in tags))),
        ("analysis time", f"{analysis.seconds.total:.2f} s"),
        ("model version", analysis.model_version),
    ]


def _bar(value: float | None) -> str:
    if value is None:
        return "unknown"
    filled = round(value * BAR_WIDTH)
    return f"{'█' * filled}{'░' * (BAR_WIDTH - filled)} {value:.2f}"

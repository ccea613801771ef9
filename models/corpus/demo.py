"""Demo music: real soundtracks out of Debian packages, laid out as a folder that Segue can scan."""

import csv
import os
import shutil
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.corpus.debian import PackageError

CREDITS = "CREDITS.csv"


class DemoUnavailable(Exception):  # noqa: N818  "Error" would say less than the name does
    """No package could be fetched here; the message says why."""


def fetch_demo(folder: Path, console: Console, cache_dir: Path = DEFAULT_CACHE) -> Path:
    """Put the `[demo]` packages' music into a folder, a subfolder each, and show whose music it is.

    Args:
        folder: Created if it is missing; holds only music and `CREDITS.csv`.
        console: Where progress and credits are shown.
        cache_dir: Where unpacked packages are kept.

    Returns:
        The folder.

    Raises:
        DemoUnavailable: Not one package could be fetched.
    """
    tracks = _fetch(console, cache_dir)
    rows = [(_place(track, folder, root), track) for track, root in _with_roots(tracks)]
    _write_credits(folder / CREDITS, rows)
    _show_credits(console, tracks, folder / CREDITS)
    return folder


def _fetch(console: Console, cache_dir: Path) -> list[CorpusTrack]:
    """Fetch package by package: one that a mirror lacks does not cost the others."""
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
    """Each track with the deepest folder that all tracks of its package share."""
    parents: dict[str, list[Path]] = {}
    for track in tracks:
        parents.setdefault(track.package, []).append(track.path.parent)
    roots = {package: Path(os.path.commonpath(folders)) for package, folders in parents.items()}
    return [(track, roots[track.package]) for track in tracks]


def _place(track: CorpusTrack, folder: Path, root: Path) -> Path:
    """Link or copy one track, and return where it is now."""
    target = folder / track.package / track.path.relative_to(root)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        partial.unlink(missing_ok=True)
        try:
            os.link(track.path, partial)  # no second copy of 100 MB where both lie on one disk
        except OSError:
            shutil.copyfile(track.path, partial)
        partial.replace(target)
    return target


def _write_credits(target: Path, rows: list[tuple[Path, CorpusTrack]]) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "title", "author", "licence", "package"))
        for path, track in rows:
            file = path.relative_to(target.parent).as_posix()
            writer.writerow((file, track.title, track.author, track.licence, track.package))


def _show_credits(console: Console, tracks: list[CorpusTrack], file: Path) -> None:
    table = Table("Package", "Tracks", "By", "Licence", title="Demo music", title_justify="left")
    for package in dict.fromkeys(track.package for track in tracks):
        own = [track for track in tracks if track.package == package]
        authors = ", ".join(dict.fromkeys(track.author for track in own))
        table.add_row(package, str(len(own)), authors, ", ".join(dict.fromkeys(track.licence for track in own)))
    console.print(table)
    console.print(f"Each track's credit: {file}", highlight=False, soft_wrap=True)

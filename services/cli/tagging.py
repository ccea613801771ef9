"""`segue tag`: write measured tempo, key and mood into files, beside them, or as a table for DJs."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from services.catalog import Catalogue
from services.catalog.files import MeasuredFile
from services.cli import output
from services.cli.catalogue import open_catalogue
from services.domain.errors import InvalidRequest
from services.ingest.roots import configured_roots, contains
from services.settings import load_settings
from services.writeback.copies import NotWritten
from services.writeback.replacing import Written, write_into, write_sidecar
from services.writeback.tables import write_table
from services.writeback.values import Choice


@dataclass(slots=True)
class Result:
    """What was written, what was refused and why, and how many files have the values already."""

    written: list[Written] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0


def write_tags(paths: Sequence[Path], choice: Choice, *, sidecar: bool, dry_run: bool, as_json: bool) -> bool:
    """Write values into all analysed files at or below the paths; return whether none was refused."""
    settings, result = load_settings(), Result()
    roots, uploads = configured_roots(settings), (os.path.realpath(settings.uploads_path),)
    write = write_sidecar if sidecar else write_into
    with open_catalogue(settings) as catalogue:
        for file in _files(catalogue, paths):
            if contains(uploads, os.path.realpath(file.root)):
                continue  # uploads are Segue's own files
            try:
                done = write(file, choice, roots, dry_run=dry_run)
            except NotWritten as reason:
                result.refused.append((file.path, str(reason)))
                continue
            if done is None:
                result.unchanged += 1
                continue
            result.written.append(done)
            if done.tags is not None and done.stamp is not None:
                catalogue.library.register(file.track_id, done.tags, done.stamp)
    _print(result, sidecar=sidecar, dry_run=dry_run, as_json=as_json)
    return not result.refused


def write_csv(paths: Sequence[Path], target: Path, min_confidence: float) -> None:
    """Write a table of the analysed files at or below the paths, or of all; `-` prints it."""
    with open_catalogue(load_settings()) as catalogue, _opened(target) as stream:
        count = write_table(_files(catalogue, paths), stream, min_confidence)
    if str(target) != "-":
        output.print_message(f"{target} has {output.count_files(count)}.")


def _files(catalogue: Catalogue, paths: Sequence[Path]) -> list[MeasuredFile]:
    """Return the analysed files at or below the paths.

    Raises:
        InvalidRequest: there are none at one of the paths.
    """
    if not paths:
        return list(catalogue.files.measured(()))
    found = list[MeasuredFile]()
    for path in [str(each.absolute()) for each in paths]:
        below = list(catalogue.files.measured({path, os.path.realpath(path)}))
        if not below:
            raise InvalidRequest(f"'{path}' has no analysed files of the library. Scan it first: segue scan FOLDER.")
        found += below
    return list(dict.fromkeys(found))


def _print(result: Result, *, sidecar: bool, dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.print_json(
            {
                "written": [
                    {"path": _shown(each.path), **each.values.as_dict(), "left_out": each.left_out}
                    for each in result.written
                ],
                "refused": [{"path": _shown(path), "reason": reason} for path, reason in result.refused],
                "unchanged": result.unchanged,
                "dry_run": dry_run,
            }
        )
        return
    for each in result.written:
        kept = f" (the format has no place for: {', '.join(each.left_out)}; use --sidecar)" if each.left_out else ""
        output.answers.out(f"{_shown(each.path)}: {', '.join(each.values.as_dict().values())}{kept}")
    for path, reason in result.refused:
        output.answers.out(f"{_shown(path)}: not written. {reason}")
    verb, kind = "Would write" if dry_run else "Wrote", "sidecars" if sidecar else "tags"
    output.print_message(
        f"{verb} {kind} of {output.count_files(len(result.written))}. {len(result.refused)} refused; "
        f"{result.unchanged} unchanged (they have the values, or none was measured)."
    )


@contextmanager
def _opened(target: Path) -> Iterator[TextIO]:
    if str(target) == "-":
        yield sys.stdout
        return
    try:
        with target.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        raise InvalidRequest(f"'{target}' cannot be written: {error.strerror}.") from error


def _shown(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

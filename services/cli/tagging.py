"""`segue tag`: write measured tempo, key and mood into files, beside them, or as a table for DJs."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TextIO

from services.catalog import Catalogue
from services.catalog.files import MeasuredFile
from services.cli import output
from services.cli.maintenance import open_catalogue
from services.domain.errors import InvalidRequest
from services.ingest.roots import Roots, configured_roots, contains
from services.settings import load_settings
from services.writeback.copies import NotWritten
from services.writeback.replacing import Written, missing_values, write_into, write_sidecar
from services.writeback.tables import write_table
from services.writeback.values import Choice


class Target(Enum):
    """Where values are written."""

    FILES = "files"
    SIDECARS = "sidecars"
    NOWHERE = "nowhere"

    @classmethod
    def of(cls, *, sidecar: bool, dry_run: bool) -> "Target":
        """Return the target that options ask for."""
        return cls.NOWHERE if dry_run else cls.SIDECARS if sidecar else cls.FILES


def write_tags(paths: Sequence[Path], choice: Choice, target: Target, *, as_json: bool) -> bool:
    """Write values into all analysed files at or below the paths; return whether none was refused."""
    settings = load_settings()
    written, refused, unchanged = list[Written](), list[tuple[str, str]](), 0
    roots, uploads = configured_roots(settings), (os.path.realpath(settings.uploads_path),)
    with open_catalogue(settings) as catalogue:
        for file in _files(catalogue, paths):
            if contains(uploads, os.path.realpath(file.root)):
                continue  # uploads are Segue's own files
            try:
                done = _write(catalogue, file, choice, roots, target)
            except NotWritten as reason:
                refused.append((file.path, str(reason)))
                continue
            if done is None:
                unchanged += 1
            else:
                written.append(done)
    _print(written, refused, unchanged, target, as_json=as_json)
    return not refused


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


def _write(catalogue: Catalogue, file: MeasuredFile, choice: Choice, roots: Roots, target: Target) -> Written | None:
    if target is Target.NOWHERE:
        values = missing_values(file, choice, roots)
        return Written(file.path, values) if values else None
    if target is Target.SIDECARS:
        return write_sidecar(file, choice, roots)
    done = write_into(file, choice, roots)
    if done is not None and done.tags is not None and done.stamp is not None:
        catalogue.library.register(file.track_id, done.tags, done.stamp)
    return done


def _print(
    written: Sequence[Written], refused: Sequence[tuple[str, str]], unchanged: int, target: Target, *, as_json: bool
) -> None:
    if as_json:
        output.print_json(
            {
                "written": [{"path": _shown(each.path), **each.values.as_dict()} for each in written],
                "refused": [{"path": _shown(path), "reason": reason} for path, reason in refused],
                "unchanged": unchanged,
                "dry_run": target is Target.NOWHERE,
            }
        )
        return
    for each in written:
        output.answers.out(f"{_shown(each.path)}: {', '.join(each.values.as_dict().values())}")
    for path, reason in refused:
        output.answers.out(f"{_shown(path)}: not written. {reason}")
    verb = "Would write" if target is Target.NOWHERE else "Wrote"
    sidecars = " beside them" if target is Target.SIDECARS else ""
    output.print_message(
        f"{verb} tags of {output.count_files(len(written))}{sidecars}; {unchanged} have them already or nothing was "
        f"measured; {len(refused)} refused."
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

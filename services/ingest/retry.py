"""Try files again that could not be used: analyse tracks again, and scan the folders of all others."""

import os
from collections.abc import Iterable
from pathlib import Path

from services.catalog import Catalogue
from services.catalog.failures import FilesToScan, Reset
from services.catalog.tracks import readable
from services.domain.failure import FailedFile
from services.domain.libraries import is_in

ID_LENGTH = 8
"""The fewest characters of an id that name it, as in the tables of the command line."""


def retry_failures(catalogue: Catalogue, ids: list[str] | None = None) -> Reset:
    """Reset the failures with these ids, or all, and create a scan for those that are no tracks.

    Nothing is sent to the workers: they find the work in the catalogue within a minute, or at once if
    `TaskQueue.resend` asks them to look.
    """
    reset = catalogue.failures.reset(ids)
    for scan in reset.scans:
        catalogue.jobs.create(scan.kind, folder_to_scan(scan), is_sent=False)
    return reset


def failures_named(failures: Iterable[FailedFile], name: str) -> list[str]:
    """Return the ids of the failures that a user means by a file, a folder, or an id or its first characters."""
    path = os.path.realpath(os.path.abspath(name))  # noqa: PTH100  a name with ~ is expanded already
    shown = readable(path)
    return [each.id for each in failures if _has_id(each, name) or any(is_in(file, shown) for file in each.files)]


def _has_id(failure: FailedFile, name: str) -> bool:
    return failure.id == name or (len(name) >= ID_LENGTH and failure.id.partition(":")[2].startswith(name.lower()))


def folder_to_scan(scan: FilesToScan) -> str:
    """Return the lowest readable folder, or file, below the root that contains all files."""
    path = Path(os.path.commonpath(scan.paths))
    root = Path(scan.root)
    while path != root and path.is_relative_to(root) and not _can_be_scanned(path):
        path = path.parent
    return str(path)


def _can_be_scanned(path: Path) -> bool:
    # A scan of a link would take the files that it leads to for files of this library.
    return not path.is_symlink() and os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0))

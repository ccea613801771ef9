"""Try files again that could not be used: analyse tracks again, and scan the folders of all others."""

import os
from pathlib import Path

from services.catalog import Catalogue
from services.catalog.failures import FilesToScan, Reset


def retry_failures(catalogue: Catalogue, ids: list[str] | None = None) -> Reset:
    """Reset the failures with these ids, or all, and create a scan for those that are no tracks.

    Nothing is sent to the workers: they find the work in the catalogue within a minute, or at once if
    `TaskQueue.resend` asks them to look.
    """
    reset = catalogue.failures.reset(ids)
    for scan in reset.scans:
        catalogue.jobs.create(scan.kind, folder_to_scan(scan), is_sent=False)
    return reset


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

"""Which folders a client of the API may have scanned: those that the operator named, never a neighbour's home."""

import os
from pathlib import Path

from services.domain.errors import PathNotScannable
from services.settings import Settings

NO_ROOTS = "SEGUE_LIBRARY_ROOTS is not set: where others than this machine can ask, it must name folders."
OUTSIDE = "lies outside of the folders that SEGUE_LIBRARY_ROOTS names."
PARTED = (
    f"has '{os.pathsep}' in its name, which parts the folders in SEGUE_LIBRARY_ROOTS: name a folder above it that has "
    "none, or rename it."
)

Roots = tuple[str, ...] | None
"""Real paths of folders; None where any may be scanned."""


def library_roots(settings: Settings) -> Roots:
    """The folders that may be scanned: any, where nobody needs a key and none are named."""
    return _real(settings) if settings.needs_keys or settings.library_roots else None


def named_roots(settings: Settings) -> Roots:
    """The folders that are named; any, where none are: a worker does not know where the API listens."""
    return _real(settings) or None


def readable_roots(settings: Settings) -> Roots:
    """Where a file must lie to be played or analysed: in the named folders, if there are any, or among the uploads.

    What the catalogue says is not enough: folders that were named when it was scanned need not be named any more.
    """
    named = named_roots(settings)
    return None if named is None else (*named, os.path.realpath(settings.uploads_path))


def holds(roots: Roots, real: str) -> bool:
    """Whether a real path is one of the roots or lies in one."""
    return roots is None or any(real == root or real.startswith(root.rstrip("/") + "/") for root in roots)


def check_inside(path: str, roots: Roots) -> None:
    """Refuse a path that no root holds, in the same words whether or not it exists.

    Raises:
        PathNotScannable: It leads elsewhere, through links or `..` perhaps.
    """
    if roots is None:
        return
    if not roots:
        raise PathNotScannable(NO_ROOTS)
    if not holds(roots, os.path.realpath(path)):
        raise PathNotScannable(f"'{path}' {OUTSIDE}")


def with_folder(settings: Settings, folder: Path) -> tuple[str, ...]:
    """The named folders and the one that the operator named himself where he started the service.

    Raises:
        PathNotScannable: Where folders have to be named, this one cannot be.
    """
    if library_roots(settings) is None:
        return ()
    named = str(folder.expanduser().absolute())
    if os.pathsep in named:  # the parts of Segue are told in SEGUE_LIBRARY_ROOTS
        raise PathNotScannable(f"'{named}' {PARTED}")
    return tuple(dict.fromkeys((*settings.library_roots, named)))


def _real(settings: Settings) -> tuple[str, ...]:
    return tuple(os.path.realpath(Path(folder).expanduser()) for folder in settings.library_roots)

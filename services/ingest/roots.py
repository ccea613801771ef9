"""The folders that may be scanned and read, and opening files so that no link leads out of them."""

import errno
import os
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from services.domain.errors import PathNotScannable
from services.settings import Settings

NO_ROOTS = "SEGUE_LIBRARY_ROOTS is not set: where keys are needed, it must name the folders that may be scanned."
OUTSIDE_ROOTS = "lies outside the folders in SEGUE_LIBRARY_ROOTS."
SEPARATOR_IN_NAME = (
    f"has '{os.pathsep}' in its name, which separates the folders in SEGUE_LIBRARY_ROOTS: rename it, or use a folder "
    "above it without that character."
)

OPEN_FILES = "/proc/self/fd"
MAX_PATH_ON_MACOS = 1024

Roots = tuple[str, ...] | None
"""Real paths of folders; None allows any folder."""


class OutsideLibrary(PermissionError):  # noqa: N818
    """The file lies outside the library: a link replaced it, or a folder above it."""


class NotARegularFile(OSError):  # noqa: N818
    """The path is a folder, a pipe, a socket or a device."""


def scannable_roots(settings: Settings) -> Roots:
    """Return the folders that a client may scan: any if no key is needed and none are configured."""
    return _real_paths(settings) if settings.needs_keys or settings.library_roots else None


def configured_roots(settings: Settings) -> Roots:
    """Return the configured folders, or any if there are none; for workers, which do not know where the API listens."""
    return _real_paths(settings) or None


def readable_roots(settings: Settings) -> Roots:
    """Return where a file must lie to be played or analysed: in the configured folders, if any, or among the uploads.

    Files that were scanned under an earlier configuration may lie elsewhere.
    """
    configured = configured_roots(settings)
    return None if configured is None else (*configured, os.path.realpath(settings.uploads_path))


def contains(roots: Roots, real_path: str) -> bool:
    """Return whether a real path is one of the roots or lies in one."""
    return roots is None or any(real_path == root or real_path.startswith(root.rstrip("/") + "/") for root in roots)


def check_inside(path: str, roots: Roots) -> None:
    """Refuse a path outside the roots, with the same message whether or not it exists.

    Raises:
        PathNotScannable: The path leads elsewhere, possibly through links or `..`.
    """
    if roots is None:
        return
    if not roots:
        raise PathNotScannable(NO_ROOTS)
    if not contains(roots, os.path.realpath(path)):
        raise PathNotScannable(f"'{path}' {OUTSIDE_ROOTS}")


def roots_with_folder(settings: Settings, folder: Path) -> tuple[str, ...]:
    """Return SEGUE_LIBRARY_ROOTS extended by the folder that `segue up` was started with; empty if any may be scanned.

    Raises:
        PathNotScannable: The folder's name contains the separator of SEGUE_LIBRARY_ROOTS.
    """
    if scannable_roots(settings) is None:
        return ()
    added = str(folder.expanduser().absolute())
    if os.pathsep in added:  # the processes of Segue receive the folders in SEGUE_LIBRARY_ROOTS
        raise PathNotScannable(f"'{added}' {SEPARATOR_IN_NAME}")
    return tuple(dict.fromkeys((*settings.library_roots, added)))


def open_inside(path: str, root: str, roots: Roots = None) -> tuple[BinaryIO, str]:
    """Open a regular file that lies under `root` and in one of `roots`; return it with its real path.

    The checks follow the opening, so they apply to the file that is read even if links change meanwhile.

    Raises:
        OutsideLibrary: The file lies elsewhere.
        NotARegularFile: The path is not a regular file; opening a pipe does not block.
        OSError: The file is missing or unreadable.
    """
    with ExitStack() as on_error:
        try:
            opened = on_error.enter_context(open(path, "rb", opener=_open_without_blocking))
        except IsADirectoryError as error:
            raise NotARegularFile(errno.EISDIR, "Not a regular file", path) from error
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise NotARegularFile(errno.EINVAL, "Not a regular file", path)
        real_path = _real_path(opened.fileno(), path)
        if not real_path.startswith(os.path.realpath(root).rstrip("/") + "/") or not contains(roots, real_path):
            raise OutsideLibrary(errno.EACCES, "The file lies outside the library", path)
        on_error.pop_all()
    return opened, real_path


def _open_without_blocking(path: str, flags: int) -> int:
    # Opening a pipe would block until another process opens it for writing.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _real_path(descriptor: int, path: str) -> str:
    """Return the real path of an open file, from the kernel where it reports it."""
    if sys.platform == "linux" and os.path.isdir(OPEN_FILES):  # noqa: PTH112  a Path for every file would be slower
        return os.readlink(f"{OPEN_FILES}/{descriptor}")  # noqa: PTH115
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(MAX_PATH_ON_MACOS)).rstrip(b"\0"))
    real_path = os.path.realpath(path)
    if not os.path.samestat(os.fstat(descriptor), os.lstat(real_path)):
        raise OutsideLibrary(errno.EACCES, "The file was replaced while it was opened", path)
    return real_path


def _real_paths(settings: Settings) -> tuple[str, ...]:
    return tuple(os.path.realpath(Path(folder).expanduser()) for folder in settings.library_roots)

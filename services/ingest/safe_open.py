"""Opening a file of the library so that no link leads out of it, whatever changes meanwhile."""

import errno
import os
import stat
import sys
from contextlib import ExitStack
from typing import BinaryIO

from services.ingest.roots import Roots, holds

LINUX_NAMES = "/proc/self/fd"
LONGEST_MAC_PATH = 1024


class LeadsOut(PermissionError):  # noqa: N818
    """A link took the place of a file, or of a folder above it, and leads out of the library."""


class NotRegular(OSError):  # noqa: N818
    """A folder, a pipe, a socket or a device."""


def open_inside(path: str, root: str, roots: Roots = None) -> tuple[BinaryIO, str]:
    """Open a regular file that lies under a root, and in one of the roots that may be read; answer its real path too.

    It is opened first and looked at afterwards: what is read is the very file whose place was checked.

    Raises:
        LeadsOut: The file lies elsewhere.
        NotRegular: It is no regular file; a pipe is not waited for.
        OSError: It is gone or unreadable.
    """
    with ExitStack() as undone:
        try:
            opened = undone.enter_context(open(path, "rb", opener=_without_blocking))
        except IsADirectoryError as error:
            raise NotRegular(errno.EISDIR, "Not a regular file", path) from error
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise NotRegular(errno.EINVAL, "Not a regular file", path)
        real = _real_path(opened.fileno(), path)
        if not real.startswith(os.path.realpath(root).rstrip("/") + "/") or not holds(roots, real):
            raise LeadsOut(errno.EACCES, "The file lies outside of the library", path)
        undone.pop_all()
    return opened, real


def _without_blocking(path: str, flags: int) -> int:
    # A pipe in a file's place would hold the reader until someone writes into it.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _real_path(descriptor: int, path: str) -> str:
    """Where an open file lies: the kernel knows, and no link can be changed in between."""
    if sys.platform == "linux" and os.path.isdir(LINUX_NAMES):  # noqa: PTH112  a Path for every file would cost more
        return os.readlink(f"{LINUX_NAMES}/{descriptor}")  # noqa: PTH115
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(LONGEST_MAC_PATH)).rstrip(b"\0"))
    real = os.path.realpath(path)
    if not os.path.samestat(os.fstat(descriptor), os.lstat(real)):
        raise LeadsOut(errno.EACCES, "The file was replaced while it was opened", path)
    return real

"""Checks of free space and write access, and durable writes.

The checks run before a write, so that a full disk stops Segue without leaving half-written files.
"""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from services.domain.errors import StorageFull, StorageUnavailable

# Below this `/readyz` fails and indexing and uploads stop. A build of the index needs
# more, and says how much (`services.index.build_cost`).
MIN_FREE_BYTES = 64 * 1024 * 1024
PROBE = b"segue\n"
BLOCK_BYTES = 512
"""The unit of `st_blocks`, whatever the file system's."""

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def check_storage(folder: Path) -> None:
    """Check that a folder is writable and that its disk has free space.

    Raises:
        StorageUnavailable: the folder is read-only, missing or not accessible.
        StorageFull: less than `MIN_FREE_BYTES` are free.
    """
    with storage_errors(folder):
        check_free_space(folder)
        with tempfile.TemporaryFile(dir=folder, prefix=".probe-") as probe:
            probe.write(PROBE)


def check_free_space(folder: Path) -> None:
    """Check that the disk of a folder has free space.

    Raises:
        StorageFull: less than `MIN_FREE_BYTES` are free.
    """
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise StorageFull(
            f"The disk of {folder} has {free >> 20} MiB free; Segue needs {MIN_FREE_BYTES >> 20} MiB. "
            "Free some space; Segue then continues by itself."
        )


def disk_usage(folder: Path) -> tuple[int, int]:
    """Return the size and the free bytes of the disk of a folder.

    Raises:
        StorageUnavailable: the folder cannot be read.
    """
    with storage_errors(folder):
        usage = shutil.disk_usage(folder)
        return usage.total, usage.free


def folder_bytes(folder: Path) -> int:
    """Return the size of the files in a folder and its subfolders; files that vanish meanwhile do not count."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(parent, name)).st_blocks * BLOCK_BYTES  # noqa: PTH118  fast
    return size


@contextlib.contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Convert an `OSError` raised while writing to a folder.

    Raises:
        StorageFull: the disk is full, or a quota or file size limit is reached.
        StorageUnavailable: any other error.
    """
    try:
        yield
    except OSError as error:
        problem = f"{folder} cannot be written: {os.strerror(error.errno) if error.errno else error}."
        if error.errno in DISK_FULL:
            raise StorageFull(f"{problem} Free some space; Segue then continues by itself.") from error
        raise StorageUnavailable(f"{problem} Segue continues once the folder is writable.") from error


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk.

    A file that was created or renamed survives a power failure only after its folder is flushed too.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

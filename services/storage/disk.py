"""Whether the data directory takes data: asked beforehand, so that a full disk stops Segue and spoils nothing."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from services.domain.errors import StorageFull, StorageUnavailable

# Below this Segue is not ready. Edge maps its files and writes into holes in them: a chunk of vectors, 32 MB, for which
# the disk then has no room would end the process (SIGBUS) where any other write gets an error.
ROOM_NEEDED_BYTES = 64 * 1024 * 1024
PROBE = b"segue\n"

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def check_storage(folder: Path) -> None:
    """Find out whether a folder can be written and has room.

    Raises:
        StorageUnavailable: it is read-only, gone, or not ours.
        StorageFull: it has no room.
    """
    with storage_errors(folder):
        check_room(folder)
        with tempfile.TemporaryFile(dir=folder, prefix=".probe-") as probe:
            probe.write(PROBE)


def check_room(folder: Path) -> None:
    """Find out whether there is room for what must not fail halfway.

    Raises:
        StorageFull: there is not.
    """
    free = shutil.disk_usage(folder).free
    if free < ROOM_NEEDED_BYTES:
        raise StorageFull(
            f"Only {free >> 20} MiB are free where {folder} lies, and Segue stops writing below "
            f"{ROOM_NEEDED_BYTES >> 20}. Make room; it goes on by itself."
        )


@contextlib.contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn what the operating system says about writing in a folder into an error that a client can be told."""
    try:
        yield
    except OSError as error:
        said = f"{folder} cannot be written: {os.strerror(error.errno) if error.errno else error}."
        if error.errno in FULL:
            raise StorageFull(f"{said} Make room; Segue goes on by itself.") from error
        raise StorageUnavailable(f"{said} It goes on by itself once it can.") from error

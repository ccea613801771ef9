"""Tell a folder that is away, because its disk is not mounted, from one that was deleted or renamed.

A folder is away if it is a library root that exists and holds no music any more, as a mount point does while nothing
is mounted there, or if the mount point that held it at its last scan is none now. Everything else was deleted.
"""

import os
from collections.abc import Collection, Iterable, Iterator

from services.ingest.listing import Listing
from services.ingest.roots import contains

NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2"}
    | {"smb3", "smbfs", "virtiofs", "vboxsf", "prl_fs"}
)
MOUNT_TABLE = "/proc/self/mountinfo"


def absent_folders(listing: Listing, root: str, known: Collection[str], mounts: Iterable[str]) -> list[str]:
    """Return the folders of a scan that are away, of those that hold known files.

    Args:
        listing: What the scan found.
        root: Its library root.
        known: The known files at or under the scanned folder.
        mounts: The mount points at the last scans.
    """
    if not known:
        return []
    unmounted = unmounted_of(mounts)
    holds_nothing = not listing.files and not listing.unreadable
    is_unmounted = any(contains((mount,), listing.folder) for mount in unmounted)
    if holds_nothing and (is_unmounted or _is_empty(root, listing)):
        return [listing.folder]
    return list(_inside(listing, known, unmounted))


def unmounted_of(mounts: Iterable[str]) -> tuple[str, ...]:
    """Return the mount points of the last scans that are none now."""
    return tuple(mount for mount in mounts if not os.path.ismount(mount))


def mounts_after(listing: Listing, root: str, before: Iterable[str], absent: Collection[str]) -> set[str]:
    """Return the mount points after a scan: those that it found, and of those before it what it did not walk over."""
    if listing.folder in absent:
        return set(before)
    kept = {mount for mount in before if not contains((listing.folder,), mount) or mount in absent}
    return kept | set(listing.mounts) | set(_mount_of(root))


def is_on_network(path: str) -> bool:
    """Return whether a path lies on a network mount or another one whose changes the kernel does not report."""
    try:
        with open(MOUNT_TABLE, encoding="utf-8", errors="surrogateescape") as table:  # noqa: PTH123
            lines = table.read().splitlines()
    except OSError:
        return False  # no Linux; FSEvents reports what it can
    best = ("", "")
    for line in lines:
        before, _, after = line.partition(" - ")
        mount, kind = _unescaped(before.split()[4]), after.split()[0]
        if contains((mount,), path) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1] in NETWORK_FILE_SYSTEMS or best[1].startswith("fuse.")


def _unescaped(path: str) -> str:
    return path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")


def _is_empty(root: str, listing: Listing) -> bool:
    """Return whether a library root exists and holds nothing, or no music if it is the folder that was scanned."""
    if listing.folder == root:
        return os.path.isdir(root)  # noqa: PTH112  a Path raises errors of disks that do not respond
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _inside(listing: Listing, known: Collection[str], unmounted: Iterable[str]) -> Iterator[str]:
    for mount in unmounted:
        prefix = f"{mount.rstrip('/')}/"
        if (
            mount != listing.folder
            and contains((listing.folder,), mount)
            and any(path.startswith(prefix) for path in known)
            and not any(path.startswith(prefix) for path in listing.files)
        ):
            yield mount


def _mount_of(path: str) -> Iterator[str]:
    """Yield the mount point that holds a path, unless it is that of the whole system."""
    while path != os.path.dirname(path):  # noqa: PTH120
        if os.path.ismount(path):
            yield path
            return
        path = os.path.dirname(path)  # noqa: PTH120

"""Find the cover of an audio file: the picture in it, or the one beside it."""

import hashlib
import os
import time
from dataclasses import dataclass
from functools import lru_cache

NAMES = ("cover", "folder", "front")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
"""Names of pictures that players show as the cover of a folder, first choice first. Their case does not matter."""

NOTHING = "-"
"""Recorded if no picture is beside the file."""
UNREADABLE = "?"
"""Recorded if no file of the track could be read; the next scan looks again."""

FOLDERS_KEPT = 256
# The clock of a file system is coarse: a folder that changed just now may change again without a new time.
SETTLED_NS = 2 * 10**9


@dataclass(frozen=True, slots=True)
class PictureBeside:
    """A picture beside an audio file, as the file system describes it."""

    path: str
    size: int
    mtime_ns: int

    @property
    def fingerprint(self) -> str:
        """A text that changes when the file is replaced or written."""
        told = f"{self.size}:{self.mtime_ns}:".encode() + os.fsencode(self.path)
        return hashlib.sha256(told).hexdigest()[:32]


def fingerprint_beside(path: str) -> str:
    """Return the fingerprint of the picture beside an audio file; `NOTHING` without one."""
    found = picture_beside(path)
    return NOTHING if found is None else found.fingerprint


def picture_beside(path: str) -> PictureBeside | None:
    """Return the picture beside an audio file that is its cover, or None."""
    folder = os.path.dirname(path)  # noqa: PTH120  Paths would take longer than the look-up
    try:
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
        is_settled = time.time_ns() - changed > SETTLED_NS
        names = _pictures(folder, changed) if is_settled else _listed(folder)
    except OSError:
        return None
    for name in names:
        candidate = os.path.join(folder, name)  # noqa: PTH118
        try:
            found = os.stat(candidate)  # noqa: PTH116
        except OSError:
            continue
        return PictureBeside(candidate, found.st_size, found.st_mtime_ns)
    return None


@lru_cache(maxsize=FOLDERS_KEPT)
def _pictures(folder: str, changed: int) -> tuple[str, ...]:
    """Return the candidates in a folder; `changed` is the time of its last change."""
    del changed
    return _listed(folder)


def _listed(folder: str) -> tuple[str, ...]:
    ranks = {f"{name}{suffix}": place for place, (name, suffix) in enumerate((n, s) for n in NAMES for s in SUFFIXES)}
    with os.scandir(folder) as entries:
        found = [(ranks[name.lower()], name) for name in (entry.name for entry in entries) if name.lower() in ranks]
    return tuple(name for _, name in sorted(found))


def cover_name(content: bytes) -> str:
    """Return the name under which the cover of this content is stored."""
    return hashlib.sha256(content).hexdigest()[:32]

"""Whether a library may take another track. What it may not take is left out, and taken when there is room again."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.quotas import has_all_tracks
from services.domain.errors import LibraryFull
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.domain.libraries import is_in, library_of
from services.domain.quotas import Resource

# A library that is full is counted again after this time, not for each file.
COUNT_EVERY_SECONDS = 5.0

# A scan takes what was left out when this share of the quota is free, or each track that leaves would cause a scan.
FREE_SHARE = 0.01

log = structlog.get_logger()


@dataclass(slots=True)
class Room:
    """How many tracks the libraries may still take, for the files of one job."""

    catalogue: Catalogue
    roots: dict[str, str] = field(default_factory=dict)
    """The id of the library of each folder."""
    quotas: dict[str, tuple[str, int]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    """The number of files that were left out, by the folder of their library."""
    _free: dict[str, int] = field(default_factory=dict)
    _counted_at: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, catalogue: Catalogue, folder: str) -> "Room":
        """Return the room that the libraries of a folder have."""
        quotas = catalogue.quotas.limited(Resource.TRACKS)
        folders = catalogue.libraries.by_folder() if quotas else {}
        near = {root: library for root, library in folders.items() if is_in(root, folder) or is_in(folder, root)}
        return cls(catalogue, near, quotas)

    def is_full(self, path: str) -> bool:
        """Return whether the library of a new file has no room; the file then counts as left out."""
        library = self._library_of(path)
        if library is None or self._count(library) > 0:
            return False
        self.left_out[max((root for root in self.roots if is_in(path, root)), key=len)] += 1
        return True

    def take(self, path: str) -> None:
        """Count a new track of the library of a file."""
        if (library := self._library_of(path)) is not None:
            self._free[library] = self._count(library) - 1

    def causes(self, folder: str) -> dict[str, Cause]:
        """Return why files were left out, by the folder of their library, or the job's folder if that is inside it."""
        found = {}
        for root, count in self.left_out.items():
            name, quota = self.quotas[self.roots[root]]
            reason = (
                f"{count} files are left out: the library '{name}' has the {quota} tracks of its quota. Segue takes "
                "them when there is room again."
            )
            found[root if is_in(root, folder) else folder] = Cause(reason, FailureKind.OVER_QUOTA)
        return found

    def _library_of(self, path: str) -> str | None:
        library = library_of(path, self.roots)
        return library if library in self.quotas else None

    def _count(self, library: str) -> int:
        free = self._free.get(library, 0)
        if free <= 0 and time.monotonic() - self._counted_at.get(library, -float("inf")) > COUNT_EVERY_SECONDS:
            free = self.quotas[library][1] - self.catalogue.quotas.count_tracks(library)
            self._free[library], self._counted_at[library] = free, time.monotonic()
        return free


def free_bytes(catalogue: Catalogue, library: str, uploads: Path) -> int:
    """Return the number of bytes that may be uploaded into a library; `uploads` is the folder of uploads.

    Raises:
        LibraryFull: it has no room for another track, or for another byte.
    """
    name, tracks = catalogue.quotas.limited(Resource.TRACKS).get(library, (library, None))
    if tracks is not None and catalogue.quotas.count_tracks(library) >= tracks:
        raise has_all_tracks(name, tracks)
    name, limit = catalogue.quotas.limited(Resource.UPLOAD_BYTES).get(library, (library, None))
    if limit is None:
        return sys.maxsize
    if (free := limit - catalogue.quotas.uploaded_bytes(library, uploads)) <= 0:
        raise LibraryFull(
            f"The uploads into the library '{name}' have the {limit} bytes of its quota. Remove some, or raise it."
        )
    return free


def take_again(catalogue: Catalogue) -> int:
    """Create scans of the folders whose files were left out and whose library has room again; return their number.

    The task that sends what is not sent runs them.
    """
    again = [path for path in catalogue.failures.over_quota() if _has_room(catalogue, path)]
    for path in again:
        catalogue.failures.forget(path, JobKind.SCAN, before=now())
        catalogue.jobs.create(JobKind.SCAN, path, is_sent=False)
        log.info("library_has_room", path=path)
    return len(again)


def _has_room(catalogue: Catalogue, path: str) -> bool:
    library = library_of(path, catalogue.libraries.by_folder())
    quotas = catalogue.quotas.limited(Resource.TRACKS)
    if library is None or library not in quotas:
        return True
    _, quota = quotas[library]
    return quota - catalogue.quotas.count_tracks(library) >= max(1, quota * FREE_SHARE)

"""The stored covers: a folder of pictures, each in three sizes, named after the hash of the original.

Workers write them and the API process sends them. They are derived from the library, so a backup does not contain them.
"""

import os
import re
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from services.storage.disk import check_free_space, storage_errors


class CoverSize(IntEnum):
    """Pixels of the longer side."""

    ROW = 96
    TILE = 320
    PAGE = 640


MEDIA_TYPE = "image/webp"
SUFFIX = ".webp"
DRAFT_SUFFIX = ".part"

# A cover is written before the catalogue knows about it, so younger files may still get a track.
UNUSED_AFTER_SECONDS = 3600.0

_NAME = re.compile(r"([0-9a-f]{32})-\d+")


@dataclass(frozen=True, slots=True)
class CoverFiles:
    """The folder of covers."""

    folder: Path

    def path(self, cover: str, size: int) -> Path:
        """Return where a cover is stored in one size."""
        return self.folder / cover[:2] / f"{cover}-{size}{SUFFIX}"

    def has(self, cover: str) -> bool:
        """Return whether a cover is stored in all sizes."""
        return all(self.path(cover, size).is_file() for size in CoverSize)

    def write(self, cover: str, pictures: Mapping[int, bytes]) -> None:
        """Store a cover by size. A file appears under its name when it is complete.

        Raises:
            StorageFull, StorageUnavailable: the files cannot be written.
        """
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            check_free_space(self.folder)
            for size, content in pictures.items():
                self._write(self.path(cover, size), content)

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=DRAFT_SUFFIX, delete=False) as draft:
            try:
                draft.write(content)
                draft.flush()
                Path(draft.name).replace(path)
            except BaseException:
                Path(draft.name).unlink(missing_ok=True)
                raise

    def sweep(self, used: Collection[str]) -> int:
        """Delete the files of covers that no track uses and drafts of processes that died; return their number."""
        latest = time.time() - UNUSED_AFTER_SECONDS
        count = 0
        with storage_errors(self.folder):
            for entry in self._entries():
                named = _NAME.match(entry.name)
                if (named is None or named[1] not in used) and entry.stat().st_mtime < latest:
                    Path(entry.path).unlink(missing_ok=True)
                    count += 1
        return count

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        if self.folder.is_dir():
            for group in self.folder.iterdir():
                with os.scandir(group) as entries:
                    yield from entries

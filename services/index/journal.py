"""The journal of an embedded index: the points written and deleted since its last build, on disk.

Each record is a header (length of the text, number of vectors, checksum), a JSON text and the vectors as float32. The
text has the points, the deleted ids, and the length of the vectors if it is not that of the shipped encoder. An
incomplete record at the end comes from a write that did not return; it is dropped when the journal is opened.
"""

import errno
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import numpy as np

from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Point

HEADER = Struct("<III")


class Change(NamedTuple):
    """Points that were written, and ids of points that were deleted, in one call."""

    points: Sequence[Point] = ()
    deleted: Sequence[str] = ()


class Journal:
    """A file to which changes are appended. They are on disk when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Open the journal.

        Raises:
            FileNotFoundError: it does not exist.
        """
        self._file = path.open("r+b", buffering=0)
        self._end = 0

    @classmethod
    def create(cls, path: Path) -> "Journal":
        """Create an empty journal."""
        path.touch(mode=0o600, exist_ok=False)
        return cls(path)

    def changes(self) -> Iterator[Change]:
        """Read all changes, and drop an incomplete one at the end."""
        self._file.seek(0)
        self._end = 0
        while (change := self._next()) is not None:
            self._end = self._file.tell()
            yield change
        self._file.truncate(self._end)

    def append(self, change: Change) -> None:
        """Append a change.

        Raises:
            OSError: it could not be written; what was written of it is dropped.
        """
        content = [[(point.id, dict(point.payload)) for point in change.points], list(change.deleted)]
        dimension = len(change.points[0].vector) if change.points else EMBEDDING_DIM
        told = [] if dimension == EMBEDDING_DIM else [dimension]
        text = json.dumps([*content, *told], separators=(",", ":")).encode()
        vectors = b"".join(point.vector.astype("<f4").tobytes() for point in change.points)
        checksum = zlib.crc32(vectors, zlib.crc32(text))
        record = HEADER.pack(len(text), len(change.points), checksum) + text + vectors
        try:
            self._file.seek(self._end)
            _write(self._file, record)
            os.fdatasync(self._file.fileno())
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(record)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _next(self) -> Change | None:
        header = self._file.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        length, count, checksum = HEADER.unpack(header)
        if length > self._left():
            return None
        text = self._file.read(length)
        try:
            written, deleted, *told = json.loads(text)
        except ValueError:
            return None
        dimension = told[0] if told else EMBEDDING_DIM
        if 4 * count * dimension > self._left():
            return None
        vectors = self._file.read(4 * count * dimension)
        if zlib.crc32(vectors, zlib.crc32(text)) != checksum:
            return None
        rows = np.frombuffer(vectors, dtype="<f4").reshape(count, dimension)
        return Change([Point(id_, row, payload) for (id_, payload), row in zip(written, rows, strict=True)], deleted)

    def _left(self) -> int:
        """Return the number of bytes after the current position."""
        return os.fstat(self._file.fileno()).st_size - self._file.tell()


def _write(file: FileIO, record: bytes) -> None:
    if (written := file.write(record)) != len(record):
        raise OSError(errno.ENOSPC, f"only {written} of {len(record)} bytes were written")

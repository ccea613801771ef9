"""A file as the readers of tags see it: positional reads, in bounded bytes and a bounded number of reads."""

import io
import os
from collections.abc import Iterator
from typing import BinaryIO, Self

MAX_BYTES = (
    16 * 1024 * 1024
)  # read of one file: the largest FLAC block; Ogg files have pictures in the packet of comments
# A tag of a real file takes some hundred reads, a Matroska file of ten hours several thousand. A read and what is done
# with it takes about 10 µs, so that the tags of no file take more than about a second of processor time.
MAX_READS = 50_000
PASSES = 4  # over bytes in memory: names, values, and pictures once more


class LimitExceeded(Exception):  # noqa: N818  it says what happened
    """Reading the tags needs more bytes or more reads than any real file."""


class Damaged(Exception):  # noqa: N818
    """A tag ends too early or contradicts itself."""


class Source:
    """A seekable file, read at absolute positions."""

    def __init__(self, stream: BinaryIO, max_bytes: int = MAX_BYTES, reads: Iterator[int] | None = None) -> None:
        self._stream = stream
        self._bytes_left = max_bytes
        self._reads = iter(range(MAX_READS)) if reads is None else reads
        self.size = stream.seek(0, os.SEEK_END)

    def within(self, content: bytes) -> Self:
        """Return a source of bytes that were read from this one. Reads of both count together."""
        return type(self)(io.BytesIO(content), PASSES * len(content), self._reads)

    def at(self, position: int, count: int) -> bytes:
        """Return the bytes at a position; fewer at the end of the file, none outside it.

        Raises:
            LimitExceeded: the file needs more bytes or reads than are allowed.
        """
        if not 0 <= position < self.size or count <= 0:
            return b""
        count = min(count, self.size - position)
        self._bytes_left -= count
        if next(self._reads, None) is None or self._bytes_left < 0:
            raise LimitExceeded
        self._stream.seek(position)
        return self._stream.read(count)

    def exactly(self, position: int, count: int) -> bytes:
        """Return the bytes at a position.

        Raises:
            Damaged: the file ends before.
            LimitExceeded: the file needs more bytes or reads than are allowed.
        """
        data = self.at(position, count)
        if len(data) < count:
            raise Damaged
        return data

    def big(self, position: int, count: int) -> int:
        """Return a big-endian number of `count` bytes; raises like `exactly`."""
        return int.from_bytes(self.exactly(position, count), "big")

    def little(self, position: int, count: int) -> int:
        """Return a little-endian number of `count` bytes; raises like `exactly`."""
        return int.from_bytes(self.exactly(position, count), "little")

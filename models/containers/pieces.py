"""A file that is read as pieces of another file, so that a decoder sees only what it decodes right."""

import os
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO


class Pieces:
    """Ranges of a file and other bytes, readable and seekable like a binary file.

    Args:
        stream: A seekable file; it must stay open while the result is read.
        pieces: Positions in the file, and bytes, in the order in which they are read; none is empty.
    """

    def __init__(self, stream: BinaryIO, pieces: Sequence[range | bytes]) -> None:
        self._stream = stream
        self._pieces = pieces
        self._starts = list(accumulate((len(piece) for piece in pieces), initial=0))
        self._position = 0

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Change the position, as in any binary file."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._starts[-1]}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def read(self, count: int) -> bytes:
        """Read up to `count` bytes."""
        parts = []
        while count > 0 and self._position < self._starts[-1]:
            index = bisect_right(self._starts, self._position) - 1
            piece = self._pieces[index]
            offset = self._position - self._starts[index]
            if isinstance(piece, bytes):
                content = piece[offset : offset + count]
            else:
                self._stream.seek(piece.start + offset)
                content = self._stream.read(min(count, len(piece) - offset))
            if not content:  # the file has become shorter
                break
            parts.append(content)
            self._position += len(content)
            count -= len(content)
        return b"".join(parts)

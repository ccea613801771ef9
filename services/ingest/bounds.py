"""How much of a stranger's file a parser may read, and how long it may think about it."""

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO

EVENTS_BETWEEN_LOOKS = 64  # asking the kernel for the time costs more than most calls that a parser makes


class BoundExceeded(Exception):  # noqa: N818  no ValueError: a parser would take it for a bad number and go on
    """A file asks for more bytes or more time than its like ever needs."""


class BoundedStream(io.RawIOBase):
    """A stream that raises once more than a bound was read of it; what a file claims to hold costs nothing."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes
        self._size = stream.seek(0, os.SEEK_END)
        stream.seek(0)

    def read(self, size: int = -1, /) -> bytes:
        """Read as a file does, within the bound.

        Raises:
            BoundExceeded: More is there and asked for than may still be read.
        """
        there = max(0, self._size - self._stream.tell())
        wanted = there if size < 0 else min(size, there)
        if wanted > self._left:
            raise BoundExceeded("More bytes are needed than a parser may read.")
        data = self._stream.read(wanted)
        self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place, as in a file."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        return self._stream.tell()


@contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """Let what runs in this thread and calls Python functions use so much processor time.

    A signal would reach the main thread only, and the API reads tags in others. The interpreter's profiling hook is a
    thread's own, and is called wherever a parser calls anything; what it raises is raised there.

    Raises:
        BoundExceeded: It used more.
    """
    until = time.thread_time() + seconds
    events = 0
    before = sys.getprofile()

    def look(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal events
        events += 1
        if events % EVENTS_BETWEEN_LOOKS == 0 and time.thread_time() > until:
            raise BoundExceeded("More processor time is needed than a parser may use.")

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)

"""Reading a part of a stream in bounded memory."""

from collections.abc import Callable
from typing import BinaryIO

READ_BYTES = 1 << 20


def feed_range(stream: BinaryIO, start: int, end: int, update: Callable[[bytes], None]) -> None:
    """Hash the bytes from `start` up to `end`."""
    stream.seek(start)
    left = end - start
    while left > 0 and (data := stream.read(min(READ_BYTES, left))):
        update(data)
        left -= len(data)

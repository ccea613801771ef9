"""File formats of audio and pictures, and the encoded audio in a file. Standard library only: `services` imports it."""

from collections.abc import Callable
from typing import BinaryIO

READ_BYTES = 1 << 20

Update = Callable[[bytes], None]
"""Takes the next bytes of the encoded audio, like a hash object's `update`."""


class UnsupportedContainer(Exception):  # noqa: N818  "Error" would say less than the name does
    """The file is not audio or a picture in a supported format; the message is one sentence for a person."""


def feed_range(stream: BinaryIO, start: int, end: int, update: Update) -> None:
    """Pass a range of a file to `update`, in blocks.

    Args:
        stream: A seekable file.
        start: Position of the first byte.
        end: Position after the last byte; the end of the file may come first.
        update: Receives the bytes, in order.
    """
    stream.seek(start)
    left = end - start
    while left > 0 and (data := stream.read(min(READ_BYTES, left))):
        update(data)
        left -= len(data)

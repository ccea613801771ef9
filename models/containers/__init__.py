"""File formats of audio and pictures, and the encoded audio in a file. Standard library only: `services` imports it."""

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

READ_BYTES = 1 << 20
# Twelve hours in packets of 20 ms are half of it; a file of empty packets would take hours to read.
MAX_PACKETS = 4_000_000
# The shortest packets, those of silence, have about this many bytes with their headers; a short file may have shorter.
PACKET_BYTES = 8
FEW_PACKETS = 100_000

Update = Callable[[bytes], None]
"""Takes the next bytes of the encoded audio, like a hash object's `update`."""


class UnsupportedContainer(Exception):  # noqa: N818  "Error" would say less than the name does
    """The file is not audio or a picture in a supported format; the message is one sentence for a person."""


def parts_in(size: int) -> Iterator[int]:
    """Return numbers, one for each packet or element that a real file of a size may have at most.

    A parser takes one for each, so that the time which a hostile file takes depends on its size.
    """
    return iter(range(min(MAX_PACKETS, FEW_PACKETS + size // PACKET_BYTES)))


class NotMusic(UnsupportedContainer):
    """The file is a playlist or a picture."""


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


def feed_ranges(stream: BinaryIO, ranges: Iterable[tuple[int, int]], size: int, update: Update) -> None:
    """Pass ranges of a file to `update`, in order; adjacent ones are read together.

    Args:
        stream: A seekable file.
        ranges: Positions of the first byte and after the last byte of each range. They may lie beyond the file.
        size: Size of the file in bytes.
        update: Receives the bytes, in order.

    Raises:
        UnsupportedContainer: The ranges are too many, or together larger than the file.
    """
    first, last, left = 0, 0, size
    for number, (start, end) in enumerate(ranges):
        if number >= MAX_PACKETS:
            raise UnsupportedContainer(f"The file has more than {MAX_PACKETS:,} audio packets: it is not a track")
        left -= max(0, end - start)
        if left < 0:
            raise UnsupportedContainer("The file is damaged: it declares more audio than it has bytes")
        if start != last:
            feed_range(stream, first, last, update)
            first = min(start, size)
        last = min(end, size)
    feed_range(stream, first, last, update)

"""The length of a FLAC that declares none, as encoders write to a pipe, or too much: the last frame says where it ends.

Source: RFC 9639.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO, Self

from models.containers.mpeg import end_of_audio, read_at, skip_id3v2
from models.containers.pieces import Pieces

MAGIC = b"fLaC"
BLOCK_HEADER_BYTES = 4
STREAMINFO_BYTES = 34
AUDIO_FOLLOWS = 0x80  # flag of the header of the last metadata block
LENGTH_OFFSET, LENGTH_BITS = 13, 36  # of the number of samples in STREAMINFO; it begins in the lower half of a byte

LAST_BYTES = 1 << 20  # at the end of the file; the largest frame of two channels and 65,535 samples fits
MAX_HEADERS = 16  # candidates for the last frame: a frame has a few bytes that look like a header
MIN_HEADER_BYTES, MAX_HEADER_BYTES = 6, 16
CRC_8, CRC_16 = 0x07, 0x8005


@dataclass(frozen=True, slots=True)
class _Frame:
    offset: int
    size: int
    """Samples per channel."""
    number: int
    variable: bool
    """Whether `number` counts samples, not frames."""

    @classmethod
    def at(cls, data: bytes, offset: int) -> Self | None:
        """Parse the header of a frame; return None if the bytes are none."""
        head = data[offset : offset + MAX_HEADER_BYTES]
        if len(head) < MIN_HEADER_BYTES or head[1] & 0xFE != 0xF8 or head[3] & 1:
            return None
        number, position = _coded_number(head)
        size_code, rate_code = head[2] >> 4, head[2] & 0x0F
        if number is None or not size_code or rate_code == 15 or head[3] >> 4 > 10:
            return None
        size = 192 if size_code == 1 else 576 << size_code - 2 if size_code < 6 else 256 << max(0, size_code - 8)
        if size_code in {6, 7}:
            length = size_code - 5
            size = int.from_bytes(head[position : position + length], "big") + 1
            position += length
        position += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
        if position >= len(head) or _crc(head[: position + 1], CRC_8, 8):
            return None
        return cls(offset, size, number, bool(head[1] & 1))


def with_length(stream: BinaryIO, size: int) -> Pieces | None:
    """Return a FLAC that declares no length, or more than it has, as if it declared the right one.

    Args:
        stream: A seekable FLAC file; it must stay open while the result is read.
        size: Size of the file in bytes.

    Returns:
        The file with the length in its header; None if it declares it already, or has no whole frame at its end.
    """
    start = skip_id3v2(stream)
    head = read_at(stream, start, len(MAGIC) + BLOCK_HEADER_BYTES + STREAMINFO_BYTES)
    info = head[len(MAGIC) + BLOCK_HEADER_BYTES :]
    if len(info) < STREAMINFO_BYTES:
        return None
    n_samples = _end_of_last_frame(stream, end_of_audio(stream, size), int.from_bytes(info[2:4], "big"))
    if n_samples is None or 0 < declared_length(info) <= n_samples:
        return None
    head = head[: -len(info)] + declaring(info, n_samples)
    return Pieces(stream, [head, range(start + len(head), size)])


def declared_length(info: bytes) -> int:
    """Return the samples per channel that a STREAMINFO block declares; 0 if it declares none."""
    field = info[LENGTH_OFFSET : LENGTH_OFFSET + LENGTH_BITS // 8 + 1]
    return int.from_bytes(field, "big") & ((1 << LENGTH_BITS) - 1)


def declaring(info: bytes, n_samples: int) -> bytes:
    """Return a STREAMINFO block that declares a number of samples per channel, and no checksum of them."""
    first = info[LENGTH_OFFSET] & 0xF0 | n_samples >> 32 & 0x0F
    return info[:LENGTH_OFFSET] + bytes((first,)) + (n_samples & 0xFFFFFFFF).to_bytes(4, "big") + bytes(16)


def _end_of_last_frame(stream: BinaryIO, end: int, block_size: int) -> int | None:
    """Return the number of samples up to the end of the last whole frame."""
    data = read_at(stream, max(0, end - LAST_BYTES), min(end, LAST_BYTES))
    later = len(data)
    for frame in _headers_from_the_end(data):
        # The frame ends where the next begins, or at the end if what looks like the next lies inside of it.
        if not all(_crc(data[frame.offset : end], CRC_16, 16) for end in (later, len(data))):
            return frame.size + frame.number * (1 if frame.variable else block_size)
        later = frame.offset
    return None


def _headers_from_the_end(data: bytes) -> Iterator[_Frame]:
    offset = len(data)
    for _ in range(MAX_HEADERS):
        frame = None
        while frame is None:
            offset = data.rfind(b"\xff", 0, offset)
            if offset < 0:
                return
            frame = _Frame.at(data, offset)
        yield frame


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    """Compute a checksum; it is 0 if the data ends with its own."""
    table = _crc_table(polynomial, bits)
    mask, shift, value = (1 << bits) - 1, bits - 8, 0
    for byte in data:
        value = (value << 8 & mask) ^ table[value >> shift ^ byte]
    return value


@cache
def _crc_table(polynomial: int, bits: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> bits - 1 & 1 else 0)
        table.append(value & (1 << bits) - 1)
    return tuple(table)


def _coded_number(head: bytes) -> tuple[int | None, int]:
    """Decode the number in the UTF-8 manner at byte 4; return it and the position after it."""
    first = head[4]
    length = next((index for index in range(8) if not first & 0x80 >> index), 8)
    if length == 0:
        return first, 5
    rest = head[5 : 4 + length]
    if length in {1, 8} or len(rest) < length - 1 or any(byte & 0xC0 != 0x80 for byte in rest):
        return None, 0
    number = first & 0x7F >> length
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, 4 + length

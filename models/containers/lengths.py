"""Lengths as containers declare them, for a first guess where to seek; what is shown is measured.

Source: ISO/IEC 14496-12 (MP4).
"""

import struct
from typing import BinaryIO

from models.containers.recognise import Container

MAX_BOXES = 256  # a real file has a dozen at each level


def declared_seconds(stream: BinaryIO, container: Container) -> float:
    """Return the length that a container declares in seconds; 0 if it declares none, or only ffmpeg can tell.

    Args:
        stream: The file, seekable.
        container: Its format.
    """
    return _movie_seconds(stream) if container.demuxer == "mov" else 0.0


def _movie_seconds(stream: BinaryIO) -> float:
    movie = _find_box(stream, 0, stream.seek(0, 2), b"moov")
    header = _find_box(stream, *movie, b"mvhd") if movie else None
    if header is None:
        return 0.0
    stream.seek(header[0])
    body = stream.read(32)
    if len(body) < 32:
        return 0.0
    scale, length = struct.unpack_from(">IQ", body, 20) if body[:1] == b"\1" else struct.unpack_from(">II", body, 12)
    return float(length / scale) if scale else 0.0


def _find_box(stream: BinaryIO, start: int, end: int, name: bytes) -> tuple[int, int] | None:
    """Return start and end of the content of the first box with this name."""
    for _ in range(MAX_BOXES):
        stream.seek(start)
        header = stream.read(16)
        if len(header) < 8 or start >= end:
            return None
        size, head = int.from_bytes(header[:4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(header[8:], "big"), 16
        elif size == 0:
            size = end - start
        if header[4:8] == name:
            return start + head, min(end, start + size)
        if size < head:
            return None
        start += size
    return None

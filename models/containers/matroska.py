"""Matroska and WebM: the packets of the first audio track. Source: RFC 9559 (Matroska), RFC 8794 (EBML)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from models.containers import UnsupportedContainer, Update, feed_range, parts_in

SEGMENT, CLUSTER, BLOCK_GROUP = 0x18538067, 0x1F43B675, 0xA0
SIMPLE_BLOCK, BLOCK = 0xA3, 0xA1
TRACKS, TRACK_ENTRY = 0x1654AE6B, 0xAE
TRACK_NUMBER, TRACK_TYPE, CODEC_ID, CODEC_PRIVATE = 0xD7, 0x83, 0x86, 0x63A2
ENCODINGS, ENCODING, COMPRESSION, ENCRYPTION = 0x6D80, 0x6240, 0x5034, 0x5035
ALGORITHM, SETTINGS = 0x4254, 0x4255
INFO, TIMESTAMP_SCALE, DURATION = 0x1549A966, 0x2AD7B1, 0x4489
DESCENDED = {SEGMENT, CLUSTER, BLOCK_GROUP}

NANOSECONDS_PER_MILLISECOND = 1_000_000
FLOATS = {4: ">f", 8: ">d"}
AUDIO = b"\x02"
STRIPPED_HEADERS = b"\x03"  # the bytes that all packets begin with are stored once
VORBIS = b"A_VORBIS"
XIPH_LACING, FIXED_LACING, EBML_LACING = 1, 2, 3
HEADER_BYTES = 12  # of an element: four of the id and eight of the size
LACING_BYTES = 2048  # 255 sizes of eight bytes
MAX_PRIVATE_BYTES = 1 << 20  # a Vorbis codebook has some kilobytes
MAX_PREFIX_BYTES = 255  # real ones have up to four


@dataclass(frozen=True, slots=True)
class _Element:
    kind: int
    start: int
    """Position of the content."""
    end: int


@dataclass(slots=True)
class _Track:
    number: bytes
    prefix: bytes
    """What each packet begins with and the blocks do not repeat."""
    opening: bytes
    """Header packets of the codec that belong to the sound and come before its first block."""


def feed(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the packets of the first audio track to `update`, in order.

    Args:
        stream: A seekable file.
        start: Position after leading ID3v2 tags.
        size: Size of the file in bytes.
        update: Receives the bytes, in order.

    Raises:
        UnsupportedContainer: The track is encrypted, or the file has too many elements.
    """
    track, parts = None, parts_in(size)
    for element in _elements(stream, parts, start, size, DESCENDED):
        if element.kind == TRACKS and track is None:
            track = _audio_track(stream, parts, element)
        elif element.kind in {SIMPLE_BLOCK, BLOCK} and track is not None:
            _feed_block(stream, element, track, update)


def seconds(stream: BinaryIO, start: int, size: int) -> float:
    """Return the length that the file declares; 0 if it declares none, like a recorded stream."""
    parts = parts_in(size)
    for element in _elements(stream, parts, start, size, {SEGMENT}):
        if element.kind == INFO:
            info = _content(stream, parts, element)
            scale = int.from_bytes(info.get(TIMESTAMP_SCALE, b""), "big") or NANOSECONDS_PER_MILLISECOND
            duration = info.get(DURATION, b"")
            return float(struct.unpack(FLOATS.get(len(duration), ""), duration)[0] * scale / 1e9) if duration else 0.0
        if element.kind == CLUSTER:
            break
    return 0.0


def _elements(
    stream: BinaryIO,
    parts: Iterator[int],
    position: int,
    end: int,
    descended: frozenset[int] | set[int] = frozenset(),
) -> Iterator[_Element]:
    """List elements, those inside of `descended` ones after them, which also covers ones of unknown size.

    Each element takes one of `parts`, which those of the whole file share.
    """
    for _ in parts:
        if position >= end:
            return
        stream.seek(position)
        header = stream.read(min(HEADER_BYTES, end - position))
        id_bytes = _width(header)
        size_bytes = _width(header[id_bytes:])
        if not id_bytes or not size_bytes or len(header) < id_bytes + size_bytes:
            return
        start = position + id_bytes + size_bytes
        length = _number(header[id_bytes : id_bytes + size_bytes])
        kind = int.from_bytes(header[:id_bytes], "big")
        after = end if length == (1 << 7 * size_bytes) - 1 else min(start + length, end)
        yield _Element(kind, start, after)
        position = start if kind in descended else after
    raise UnsupportedContainer("The Matroska file has more elements than a track of its size")


def _width(data: bytes) -> int:
    """Return how many bytes a number of variable length has; 0 if the data begins with none."""
    return 9 - data[0].bit_length() if data and data[0] else 0


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big") & (1 << 7 * len(data)) - 1


def _content(stream: BinaryIO, parts: Iterator[int], parent: _Element) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    limit = MAX_PRIVATE_BYTES
    for element in _elements(stream, parts, parent.start, parent.end):
        if element.kind not in found:
            stream.seek(element.start)
            found[element.kind] = stream.read(min(limit, element.end - element.start))
            limit -= len(found[element.kind])
    return found


def _audio_track(stream: BinaryIO, parts: Iterator[int], tracks: _Element) -> _Track | None:
    for entry in _elements(stream, parts, tracks.start, tracks.end):
        if entry.kind != TRACK_ENTRY:
            continue
        content = _content(stream, parts, entry)
        if content.get(TRACK_TYPE, b"").lstrip(b"\0") == AUDIO:
            vorbis = content.get(CODEC_ID, b"").startswith(VORBIS)
            return _Track(
                number=content.get(TRACK_NUMBER, b"").lstrip(b"\0"),
                prefix=_stripped_header(stream, parts, entry),
                opening=_vorbis_headers(content.get(CODEC_PRIVATE, b"")) if vorbis else b"",
            )
    return None


def _stripped_header(stream: BinaryIO, parts: Iterator[int], entry: _Element) -> bytes:
    for element in _elements(stream, parts, entry.start, entry.end, {ENCODINGS, ENCODING}):
        if element.kind == ENCRYPTION:
            raise UnsupportedContainer("The file is encrypted: Segue cannot decode it")
        if element.kind == COMPRESSION:
            content = _content(stream, parts, element)
            prefix = content.get(SETTINGS, b"") if content.get(ALGORITHM) == STRIPPED_HEADERS else b""
            if len(prefix) > MAX_PREFIX_BYTES:
                raise UnsupportedContainer("The Matroska file is damaged: its packets begin with too many equal bytes")
            return prefix
    return b""


def _vorbis_headers(private: bytes) -> bytes:
    """Return the first and the third header packet, as an Ogg file has them; the second holds the comments."""
    if private[:1] != b"\2":
        return b""
    position, sizes = 1, []
    for _ in range(2):
        size, position = _xiph_size(private, position)
        sizes.append(size)
    return private[position : position + sizes[0]] + private[position + sum(sizes) :]


def _feed_block(stream: BinaryIO, block: _Element, track: _Track, update: Update) -> None:
    stream.seek(block.start)
    head = stream.read(min(LACING_BYTES, block.end - block.start))
    width = _width(head)
    if not width or len(head) < width + 3 or _number(head[:width]) != int.from_bytes(track.number, "big"):
        return
    update(track.opening)
    track.opening = b""
    position = width + 3
    lacing = head[width + 2] >> 1 & 3
    n_packets = 1
    if lacing and position < len(head):
        n_packets = min(head[position] + 1, len(head))  # a packet has at least a byte
        position += 1
    sizes, position = _lace_sizes(head, position, lacing, n_packets)
    start = block.start + position
    if not track.prefix:
        feed_range(stream, start, block.end, update)
        return
    if lacing == FIXED_LACING:
        sizes = [(block.end - start) // n_packets] * (n_packets - 1)
    for size in [*sizes, block.end - start - sum(sizes)]:
        update(track.prefix)
        end = min(start + size, block.end)
        feed_range(stream, start, end, update)
        start = max(start, end)


def _lace_sizes(head: bytes, position: int, lacing: int, n_packets: int) -> tuple[list[int], int]:
    """Return the stated sizes, those of all packets but the last, and the position after them."""
    sizes: list[int] = []
    if lacing not in {XIPH_LACING, EBML_LACING}:
        return sizes, position
    for _ in range(n_packets - 1):
        if lacing == XIPH_LACING:
            size, position = _xiph_size(head, position)
        else:
            width = _width(head[position : position + 1])
            size = _number(head[position : position + width])
            position += width
            if sizes:  # after the first, sizes are differences around zero
                size = max(0, sizes[-1] + size - ((1 << 7 * width - 1) - 1)) if width else 0
        sizes.append(size)
    return sizes, position


def _xiph_size(data: bytes, position: int) -> tuple[int, int]:
    size = 0
    while position < len(data):
        byte = data[position]
        position += 1
        size += byte
        if byte < 255:
            break
    return size, position

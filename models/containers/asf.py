"""ASF, which WMA files are: the media objects of the first audio stream, independent of packets and padding.

Source: Microsoft's Advanced Systems Format specification, revision 01.20.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from models.containers import UnsupportedContainer, Update, parts_in
from models.containers.chunks import Chunk, Layout, chunks, read_start

OBJECTS = Layout("little", id_bytes=16, size_bytes=8, alignment=1, counts_header=True)
HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
STREAM_PROPERTIES = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
AUDIO_STREAM = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
ENCRYPTION = {
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
}
TICKS = 10_000_000  # per second
BROADCAST = 1  # flag of a live recording, which declares no length
MAX_OBJECTS = 4096  # at the top of the file
MIN_PACKET_BYTES, MAX_PACKET_BYTES = 64, 1 << 20  # encoders write packets of hundreds or thousands of bytes
PACKET_PREFIX_BYTES = 26  # of the data object: file id, count and a reserved field, before the packets

WIDTHS = (0, 1, 2, 4)  # bytes of a field, by its two bits in the flags
ERROR_CORRECTION, MULTIPLE = 0x80, 0x01
COMPRESSED = 1  # length of the replicated data that marks several small objects in one payload


@dataclass(slots=True)
class _Packet:
    data: bytes
    position: int = 0

    def field(self, width: int) -> int:
        value = int.from_bytes(self.data[self.position : self.position + width], "little")
        self.position += width
        return value

    def take(self, count: int) -> bytes:
        taken = self.data[self.position : self.position + count]
        self.position += count
        return taken


def feed(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the media objects of the first audio stream to `update`, in order.

    Args:
        stream: A seekable file.
        start: Position after leading ID3v2 tags.
        size: Size of the file in bytes.
        update: Receives the bytes, in order.

    Raises:
        UnsupportedContainer: The file is encrypted, or has too many objects or packets that are too large.
    """
    packet_bytes, number = 0, -1
    for kind, (first, last) in chunks(stream, start, size, OBJECTS, MAX_OBJECTS):
        if kind == HEADER:
            packet_bytes, number = _header(stream, first, last)
        elif kind == DATA and packet_bytes and number >= 0:
            _feed_packets(stream, (first + PACKET_PREFIX_BYTES, last), packet_bytes, number, update)
            return


def seconds(stream: BinaryIO, start: int, size: int) -> float:
    """Return the length that the header declares; 0 if there is none."""
    for kind, (first, last) in chunks(stream, start, size, OBJECTS, MAX_OBJECTS):
        if kind == HEADER:
            for part, (begin, end) in chunks(stream, first + 6, last, OBJECTS):
                if part == FILE_PROPERTIES:
                    duration, preroll, flags = struct.unpack_from("<40xQ8xQI", read_start(stream, begin, end, 68))
                    return 0.0 if flags & BROADCAST else float(duration / TICKS - preroll / 1000)
            break
    return 0.0


def _header(stream: BinaryIO, first: int, last: int) -> tuple[int, int]:
    """Return the size of packets and the number of the first audio stream, or 0 and −1."""
    packet_bytes, number = 0, -1
    for kind, (start, end) in chunks(stream, first + 6, last, OBJECTS):
        if kind in ENCRYPTION:
            raise UnsupportedContainer("The file is encrypted (DRM): Segue cannot decode it")
        stream.seek(start)
        content = stream.read(min(80, end - start)).ljust(80, b"\0")
        if kind == FILE_PROPERTIES:
            (packet_bytes,) = struct.unpack_from("<I", content, 68)
        elif kind == STREAM_PROPERTIES and number < 0 and content.startswith(AUDIO_STREAM):
            number = content[48] & 0x7F
    if packet_bytes and not MIN_PACKET_BYTES <= packet_bytes <= MAX_PACKET_BYTES:
        raise UnsupportedContainer(f"The WMA file is damaged: it declares packets of {packet_bytes:,} bytes")
    return packet_bytes, number


def _feed_packets(stream: BinaryIO, place: Chunk, packet_bytes: int, number: int, update: Update) -> None:
    stream.seek(place[0])
    left = place[1] - place[0]
    parts = parts_in(left)
    while left > 0 and (data := stream.read(min(packet_bytes, left))):
        left -= len(data)
        for payload in _payloads(_Packet(data), packet_bytes, number, parts):
            update(payload)


def _payloads(packet: _Packet, packet_bytes: int, number: int, parts: Iterator[int]) -> Iterator[bytes]:
    flags = packet.field(1)
    if flags & ERROR_CORRECTION:
        packet.position += flags & 0x0F
        flags = packet.field(1)
    properties = packet.field(1)
    length = packet.field(WIDTHS[flags >> 5 & 3]) or packet_bytes
    packet.field(WIDTHS[flags >> 1 & 3])  # sequence
    padding = packet.field(WIDTHS[flags >> 3 & 3]) + max(0, packet_bytes - length)
    packet.position += 6  # send time and duration
    end = max(0, packet_bytes - padding)
    count, length_width = 1, 0
    if flags & MULTIPLE:
        payload_flags = packet.field(1)
        count, length_width = payload_flags & 0x3F, WIDTHS[payload_flags >> 6]
    for _ in range(count):
        if next(parts, None) is None:
            raise UnsupportedContainer("The WMA file has more packets than a track of its size")
        stream_number, payload = _payload(packet, properties, end, length_width)
        if stream_number == number:
            yield payload


def _payload(packet: _Packet, properties: int, end: int, length_width: int) -> tuple[int, bytes]:
    stream_number = packet.field(1) & 0x7F
    packet.field(WIDTHS[properties >> 4 & 3])  # number of the media object
    packet.field(WIDTHS[properties >> 2 & 3])  # offset into it
    replicated = packet.field(WIDTHS[properties & 3])
    packet.position += replicated
    length = packet.field(length_width) if length_width else max(0, end - packet.position)
    payload = packet.take(length)
    if replicated != COMPRESSED:
        return stream_number, payload
    objects = _Packet(payload)
    parts = []
    while objects.position < len(payload):
        parts.append(objects.take(objects.field(1)))
    return stream_number, b"".join(parts)

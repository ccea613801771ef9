"""Opus in Ogg whose positions jump, as ffmpeg writes it from a source with gaps: given positions without jumps.

libsndfile refuses to decode past a jump. The positions of pages are counted anew from the packets.

Sources: RFC 3533 (Ogg), RFC 6716, section 3.1 (packets of Opus), RFC 7845 (Opus in Ogg).
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from models.containers.mpeg import read_at

MAGIC = b"OpusHead"
FULL_SEGMENT = 255
POSITION, CHECKSUM = slice(6, 14), slice(22, 26)  # of the header of a page
NO_POSITION = (1 << 64) - 1  # of a page on which no packet ends

SAMPLES_PER_MS = 48  # Opus counts at 48 kHz, whatever the rate of the sound
HYBRID, CELT = 12, 16  # the first configurations of these modes
SILK_MS, HYBRID_MS, CELT_MS = (10, 20, 40, 60), (10, 20), (2.5, 5, 10, 20)
COUNT_FOLLOWS = 3  # in the first byte of a packet: the number of its frames is in the second
BACKWARDS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a stream: its header with the table of segments, and the place of its body in the file."""

    header: bytes
    body: range

    @property
    def position(self) -> int:
        """The number of samples up to the end of the last packet that ends on it, as it declares."""
        return int.from_bytes(self.header[POSITION], "little")

    @property
    def segments(self) -> bytes:
        """The lengths of its segments; a packet ends with one below 255."""
        return self.header[27:]


def without_jumps(stream: BinaryIO, pages: Sequence[Page]) -> list[range | bytes] | None:
    """Return the pages of a stream of Opus with positions that follow from their packets.

    Args:
        stream: A seekable file.
        pages: All pages of the stream, in order.

    Returns:
        Headers, and places of bodies; None if no position jumps.
    """
    first = next((index for index, page in enumerate(pages) if 0 < page.position < NO_POSITION), len(pages))
    audio = pages[first:]
    if len(audio) < 2 or _is_regular(stream, audio):
        return None
    positions = list(_counted(audio, list(_samples(stream, audio))))
    if all(page.position == position for page, position in zip(audio, positions, strict=True)):
        return None
    pieces: list[range | bytes] = [piece for page in pages[:first] for piece in (page.header, page.body)]
    for page, position in zip(audio, positions, strict=True):
        pieces += [_moved(page, position, read_at(stream, page.body.start, len(page.body))), page.body]
    return [piece for piece in pieces if piece]


def _is_regular(stream: BinaryIO, pages: Sequence[Page]) -> bool:
    """Return whether the pages fit packets that all are as long as the first, which is quick to tell."""
    length = _packet_samples(read_at(stream, pages[0].body.start, 2))
    steps = pairwise(pages[:-1])
    return all(after.position - before.position == length * _ended(after.segments) for before, after in steps)


def _counted(pages: Sequence[Page], samples: Sequence[int]) -> Iterator[int]:
    """Yield positions without jumps. The first page may begin late, and the last one end early."""
    position, declared = pages[0].position, pages[0].position
    yield position
    for index, page in enumerate(pages[1:], start=1):
        if page.position == NO_POSITION:
            yield NO_POSITION
            continue
        step = samples[index]
        if index == len(pages) - 1:
            step = min(step, max(0, page.position - declared))
        position, declared = position + step, page.position
        yield position


def _samples(stream: BinaryIO, pages: Sequence[Page]) -> Iterator[int]:
    """Yield for each page how many samples the packets have that end on it."""
    start_of_packet = b""
    for page in pages:
        body = read_at(stream, page.body.start, len(page.body))
        total = offset = 0
        for length in page.segments:
            start_of_packet = (start_of_packet or body[offset : offset + 2])[:2]
            offset += length
            if length < FULL_SEGMENT:
                total += _packet_samples(start_of_packet)
                start_of_packet = b""
        yield total


def _packet_samples(packet: bytes) -> int:
    """Return the number of samples of a packet from its first two bytes."""
    if not packet:
        return 0
    config, code = packet[0] >> 3, packet[0] & 3
    if config < HYBRID:
        ms: float = SILK_MS[config & 3]
    else:
        ms = HYBRID_MS[config & 1] if config < CELT else CELT_MS[config & 3]
    frames = (packet[1] & 0x3F if len(packet) > 1 else 0) if code == COUNT_FOLLOWS else min(code, 1) + 1
    return round(ms * SAMPLES_PER_MS) * frames


def _ended(segments: bytes) -> int:
    return len(segments) - segments.count(FULL_SEGMENT)


def _moved(page: Page, position: int, body: bytes) -> bytes:
    """Return the header of a page with another position, and the checksum that follows from it."""
    header = bytearray(page.header)
    header[POSITION], header[CHECKSUM] = position.to_bytes(8, "little"), bytes(4)
    header[CHECKSUM] = _checksum(bytes(header) + body).to_bytes(4, "little")
    return bytes(header)


def _checksum(data: bytes) -> int:
    """Compute Ogg's CRC-32 with that of zlib, which goes through bits the other way, and inverts them at both ends."""
    value = ~zlib.crc32(data.translate(BACKWARDS), 0xFFFFFFFF) & 0xFFFFFFFF
    return int.from_bytes(value.to_bytes(4, "big").translate(BACKWARDS), "little")

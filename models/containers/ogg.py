"""Ogg: the audio packets of Vorbis, Opus and FLAC streams, without their comments and however they are paged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from models.containers import UnsupportedContainer
from models.containers.mpeg import feed_range

PAGE_HEADER_BYTES = 27
FIRST_PAGE = 0x02
FULL_SEGMENT = 255
# A recording of a radio chains one stream a song; a hostile file could open one every 37 bytes and fill the memory.
MAX_STREAMS = 64
# Twelve hours with a packet of 20 ms on each page are half of it; pages with nothing on them would be read for hours.
MAX_PAGES = 4_000_000


@dataclass(slots=True)
class _LogicalStream:
    """How far one of the streams in a file is read, and which of its packets are not audio."""

    skipped: range
    headers: int
    packet: int = field(default=0)
    """Number of the packet that comes next or goes on."""


@dataclass(frozen=True, slots=True)
class _Page:
    start: int
    is_first: bool
    serial: int
    segments: bytes
    body: bytes


def is_opus(stream: BinaryIO, start: int) -> bool:
    """Whether the first stream of the file is Opus."""
    page = next(_pages(stream, start), None)
    return page is not None and page.body.startswith(b"OpusHead")


def feed(stream: BinaryIO, start: int, size: int, update: Callable[[bytes], None]) -> None:
    """Hash the packets of every audio stream in the file, in order.

    Raises:
        UnsupportedContainer: none of its streams is Vorbis, Opus or FLAC, or there are too many.
    """
    streams: dict[int, _LogicalStream] = {}
    end = start
    for number, page in enumerate(_pages(stream, start)):
        if number >= MAX_PAGES:
            raise UnsupportedContainer(f"More than {MAX_PAGES:,} pages in one Ogg file: not a track.")
        if page.is_first and (found := _stream_of(page.body)):
            streams[page.serial] = found
            if len(streams) > MAX_STREAMS:
                raise UnsupportedContainer(f"More than {MAX_STREAMS} streams in one Ogg file: not a track.")
        if known := streams.get(page.serial):
            _feed_page(known, page, update)
        end = page.start + PAGE_HEADER_BYTES + len(page.segments) + len(page.body)
    if not streams:
        raise UnsupportedContainer("An Ogg file without Vorbis, Opus or FLAC audio.")
    feed_range(stream, end, size, update)  # what follows damage is part of what the file is


def _stream_of(first_packet: bytes) -> _LogicalStream | None:
    if first_packet.startswith(b"\x01vorbis"):
        return _LogicalStream(skipped=range(1, 2), headers=3)
    if first_packet.startswith(b"OpusHead"):  # its header holds a gain that taggers write to
        return _LogicalStream(skipped=range(2), headers=2)
    if first_packet.startswith(b"\x7fFLAC"):
        blocks = int.from_bytes(first_packet[7:9], "big")
        return _LogicalStream(skipped=range(1, blocks + 1), headers=blocks + 1)
    return None


def _feed_page(stream: _LogicalStream, page: _Page, update: Callable[[bytes], None]) -> None:
    if stream.packet >= stream.headers:
        update(page.body)
        return
    position = 0
    for length in page.segments:
        if stream.packet not in stream.skipped:
            update(page.body[position : position + length])
        position += length
        if length < FULL_SEGMENT:
            stream.packet += 1


def _pages(stream: BinaryIO, start: int) -> Iterator[_Page]:
    stream.seek(start)
    while True:
        header = stream.read(PAGE_HEADER_BYTES)
        if len(header) < PAGE_HEADER_BYTES or not header.startswith(b"OggS"):
            return
        segments = stream.read(header[26])
        body = stream.read(sum(segments))
        if len(segments) < header[26] or len(body) < sum(segments):
            return
        yield _Page(
            start=start,
            is_first=bool(header[5] & FIRST_PAGE),
            serial=int.from_bytes(header[14:18], "little"),
            segments=segments,
            body=body,
        )
        start += PAGE_HEADER_BYTES + len(segments) + len(body)

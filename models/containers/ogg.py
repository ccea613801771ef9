"""Ogg: the audio packets of Vorbis, Opus, FLAC and Speex streams, without comments and independent of page boundaries.

Sources: RFC 3533 (Ogg), RFC 7845 (Opus in Ogg), the Vorbis I specification, RFC 9639 (FLAC in Ogg).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from models.containers import UnsupportedContainer, Update, feed_range
from models.containers.mpeg import end_of_audio

PAGE_HEADER_BYTES = 27
FIRST_PAGE = 0x02
FULL_SEGMENT = 255
# A recorded radio stream chains one stream per song; a hostile file could open one every 37 bytes and fill the memory.
MAX_STREAMS = 64
# Twelve hours with one 20 ms packet per page need half of it; a file of empty pages would take hours to read.
MAX_PAGES = 4_000_000


@dataclass(slots=True)
class _LogicalStream:
    """Progress through one of the streams in a file, and which of its packets are not audio."""

    skipped: range
    headers: int
    packet: int = field(default=0)
    """Number of the packet that comes next or continues."""
    has_audio: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class _Page:
    start: int
    is_first: bool
    serial: int
    segments: bytes
    body: bytes


def is_opus(stream: BinaryIO, start: int) -> bool:
    """Return whether the first stream of the file is Opus."""
    page = next(_pages(stream, start), None)
    return page is not None and page.body.startswith(b"OpusHead")


def feed(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the packets of every audio stream in the file to `update`, in order.

    Args:
        stream: A seekable file.
        start: Position after leading ID3v2 tags.
        size: Size of the file in bytes.
        update: Receives the bytes, in order.

    Raises:
        UnsupportedContainer: None of the streams is Vorbis, Opus, FLAC or Speex, or there are too many streams or
            pages.
    """
    streams: dict[int, _LogicalStream] = {}
    end = start
    for number, page in enumerate(_pages(stream, start)):
        if number >= MAX_PAGES:
            raise UnsupportedContainer(f"The Ogg file has more than {MAX_PAGES:,} pages: it is not a track")
        if page.is_first and (found := _stream_of(page.body)):
            streams[page.serial] = found
            if len(streams) > MAX_STREAMS:
                raise UnsupportedContainer(f"The Ogg file has more than {MAX_STREAMS} streams: it is not a track")
        if known := streams.get(page.serial):
            _feed_page(known, page, update)
        end = page.start + PAGE_HEADER_BYTES + len(page.segments) + len(page.body)
    if not streams:
        raise UnsupportedContainer("The Ogg file holds no Vorbis, Opus, FLAC or Speex audio, or is damaged")
    end_of_damaged = end_of_audio(stream, size)
    if end >= end_of_damaged and not any(each.has_audio or each.packet > each.headers for each in streams.values()):
        raise UnsupportedContainer("The Ogg file holds no audio")
    feed_range(stream, end, end_of_damaged, update)  # bytes after damage belong to the identity too, tags do not


def _stream_of(first_packet: bytes) -> _LogicalStream | None:
    if first_packet.startswith(b"\x01vorbis"):
        return _LogicalStream(skipped=range(1, 2), headers=3)
    if first_packet.startswith(b"OpusHead"):  # skipped too: taggers write the gain in it
        return _LogicalStream(skipped=range(2), headers=2)
    if first_packet.startswith(b"\x7fFLAC"):
        blocks = int.from_bytes(first_packet[7:9], "big")
        return _LogicalStream(skipped=range(blocks + 1), headers=blocks + 1)  # frames alone
    if first_packet.startswith(b"Speex   "):
        return _LogicalStream(skipped=range(1, 2), headers=2)
    return None


def _feed_page(stream: _LogicalStream, page: _Page, update: Update) -> None:
    if stream.packet >= stream.headers:
        stream.has_audio = stream.has_audio or bool(page.body)
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

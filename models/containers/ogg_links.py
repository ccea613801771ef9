"""The links of an Ogg file: a recorded radio stream chains one after another, and so do joined files.

libsndfile decodes the first link only, and no FLAC in Ogg, which becomes a FLAC here.

Sources: RFC 3533 (Ogg), RFC 9639, appendix B (FLAC in Ogg).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from models.containers.flac_frames import AUDIO_FOLLOWS, BLOCK_HEADER_BYTES, MAGIC, STREAMINFO_BYTES, declaring
from models.containers.mpeg import read_at, skip_id3v2
from models.containers.ogg import FIRST_PAGE, MAX_PAGES, MAX_STREAMS, PAGE_HEADER_BYTES
from models.containers.opus_pages import MAGIC as OPUS
from models.containers.opus_pages import NO_POSITION, Page, without_jumps
from models.containers.pieces import Pieces

CAPTURE = b"OggS"
PAGE_HEADER = struct.Struct("<5sBQI")  # capture pattern and version, flags, position, serial number
MAX_SEGMENTS = 255
CONTINUED = 0x01
RESYNC_BYTES = 64 * 1024  # of damage between pages; longer damage ends the music
MAX_RESYNCS = 100

FLAC_MAPPING = b"\x7fFLAC"
FLAC_MAPPING_BYTES = 9  # before the FLAC's own first bytes
FRAME_SYNC = 0xFF  # the first byte of a FLAC frame, and of no metadata


@dataclass(slots=True)
class _Link:
    """One or more streams that begin together: where they are, and the FLAC among them."""

    start: int
    end: int
    began: bool = False
    """Whether pages with audio have come, after which a first page begins the next link."""
    flac_serial: int | None = None
    flac_head: bytes = b""
    flac_ranges: list[range] = field(default_factory=list)
    flac_end: int = 0
    opus_serial: int | None = None
    opus_pages: list[Page] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _PageHeader:
    start: int
    flags: int
    position: int
    serial: int
    content: bytes
    body: range


def links(stream: BinaryIO, size: int) -> list[Pieces | None]:
    """Find the links of an Ogg file.

    Args:
        stream: A seekable Ogg file; it must stay open while the result is read.
        size: Size of the file in bytes.

    Returns:
        What a decoder reads, for each link in order: None for the file itself, if it has one link and no FLAC.
    """
    start = skip_id3v2(stream)
    found: list[_Link] = []
    for page in _page_headers(stream, start, size):
        is_first = bool(page.flags & FIRST_PAGE)
        if not found or (is_first and found[-1].began and len(found) < MAX_STREAMS):
            found.append(_Link(page.start, page.body.stop))
        _add_page(stream, found[-1], page, is_first=is_first)
    sources = [_source(stream, link) for link in found]
    if len(sources) == 1 and sources[0] is None:
        return [None]
    return [
        source or Pieces(stream, [range(link.start, link.end)]) for source, link in zip(sources, found, strict=True)
    ]


def _source(stream: BinaryIO, link: _Link) -> Pieces | None:
    """Return what a decoder must read instead of the link; None if it is the link itself."""
    if link.flac_serial is None:
        opus = without_jumps(stream, link.opus_pages)
        return None if opus is None else Pieces(stream, opus)
    info = link.flac_head[len(MAGIC) + BLOCK_HEADER_BYTES :]
    header = bytes((AUDIO_FOLLOWS, 0, 0, STREAMINFO_BYTES))
    return Pieces(stream, [MAGIC + header + declaring(info, link.flac_end), *link.flac_ranges])


def _add_page(stream: BinaryIO, link: _Link, page: _PageHeader, *, is_first: bool) -> None:
    link.end = page.body.stop
    link.began |= not is_first
    if is_first:
        _begin_stream(stream, link, page)
    if page.serial == link.opus_serial:
        link.opus_pages.append(Page(page.content, page.body))
    elif page.serial == link.flac_serial and page.body and not is_first:
        if not link.flac_ranges and (page.flags & CONTINUED or read_at(stream, page.body.start, 1)[0] != FRAME_SYNC):
            return  # metadata, which ends with its page
        link.flac_ranges.append(page.body)
        if page.position != NO_POSITION:
            link.flac_end = page.position


def _begin_stream(stream: BinaryIO, link: _Link, page: _PageHeader) -> None:
    length = FLAC_MAPPING_BYTES + len(MAGIC) + BLOCK_HEADER_BYTES + STREAMINFO_BYTES
    head = read_at(stream, page.body.start, min(length, len(page.body)))
    if head.startswith(FLAC_MAPPING) and len(head) == length and link.flac_serial is None:
        link.flac_serial, link.flac_head = page.serial, head[FLAC_MAPPING_BYTES:]
    elif head.startswith(OPUS) and link.opus_serial is None:
        link.opus_serial = page.serial


def _page_headers(stream: BinaryIO, start: int, size: int) -> Iterator[_PageHeader]:
    """Yield the pages from a position, without reading their bodies; damage between pages is skipped."""
    resyncs = 0
    for _ in range(MAX_PAGES):
        header = read_at(stream, start, PAGE_HEADER_BYTES + MAX_SEGMENTS)
        if len(header) < PAGE_HEADER_BYTES or not header.startswith(CAPTURE):
            resyncs += 1
            offset = read_at(stream, start, RESYNC_BYTES).find(CAPTURE)
            if offset < 0 or resyncs > MAX_RESYNCS:
                return
            start += offset
            continue
        body = start + PAGE_HEADER_BYTES + header[26]
        stop = body + sum(header[PAGE_HEADER_BYTES : PAGE_HEADER_BYTES + header[26]])
        _, flags, position, serial = PAGE_HEADER.unpack_from(header)
        place = range(min(body, size), min(stop, size))
        yield _PageHeader(start, flags, position, serial, header[: body - start], place)
        start = stop

"""Vorbis comments: in FLAC, and in Ogg files of Vorbis, Opus, Speex and FLAC.

Sources: the Vorbis I specification, RFC 9639 (FLAC), RFC 7845 (Opus), RFC 3533 (Ogg).
"""

import base64
import binascii
from collections.abc import Generator, Iterator

from services.ingest.tags.found import FRONT_COVER, MAX_VALUE_BYTES, Found, Kind, Picture, TagList
from services.ingest.tags.source import Damaged, Source

COMMENTS_BLOCK, PICTURE_BLOCK = 4, 6
NAMED_BLOCKS = {2: "APPLICATION", 5: "CUESHEET"}
LAST_BLOCK = 0x80
MAX_BLOCKS = 1024
MAX_NAME_BYTES = 128
PAGE_HEADER_BYTES = 27
FIRST_PAGE = 0x02
FULL_SEGMENT = 255
# The first packet of a stream → bytes before the comments in its second packet; those of FLAC are FLAC blocks.
COMMENT_PACKETS = {b"\x01vorbis": 7, b"OpusHead": 8, b"Speex   ": 0}
OGG_FLAC = b"\x7fFLAC"


def read_flac(source: Source, start: int, tags: TagList) -> None:
    """Read the metadata blocks of a FLAC file."""
    position = start + 4
    for _ in range(MAX_BLOCKS):
        head = source.exactly(position, 4)
        size = int.from_bytes(head[1:], "big")
        _read_block(head[0] & 0x7F, source, (position + 4, position + 4 + size), tags)
        if head[0] & LAST_BLOCK:
            return
        position += 4 + size


def read_ogg(source: Source, start: int, tags: TagList) -> None:
    """Read the comments of the first audio stream in an Ogg file."""
    packets = _packets(source, start)
    first = next(packets, b"")
    if first.startswith(OGG_FLAC):
        for packet in packets:
            if packet[:1] == b"\xff":
                return  # a frame: there are no more blocks
            if len(packet) >= 4:
                _read_block(packet[0] & 0x7F, source.within(packet), (4, len(packet)), tags)
            if packet[:1] >= b"\x80":
                return
    for magic, before in COMMENT_PACKETS.items():
        if first.startswith(magic):
            packet = next(packets, b"")
            _read_comments(source.within(packet), (before, len(packet)), tags)


def flac_picture(data: bytes) -> bytes:
    """Return the picture in a FLAC block of this kind."""
    media_type = int.from_bytes(data[4:8], "big")
    description = int.from_bytes(data[8 + media_type : 12 + media_type], "big")
    start = 12 + media_type + description + 16
    return data[start + 4 : start + 4 + int.from_bytes(data[start : start + 4], "big")]


def _read_block(kind: int, source: Source, place: tuple[int, int], tags: TagList) -> None:
    start, end = place
    if kind == COMMENTS_BLOCK:
        _read_comments(source, place, tags)
    elif kind == PICTURE_BLOCK:
        number = source.big(start, 4)
        picture = Picture(number, lambda: flac_picture(source.at(start, end - start)))
        tags.begin(Kind.VORBIS).pictures.append(picture)
    elif kind in NAMED_BLOCKS:
        tags.begin(Kind.VORBIS).names.append(NAMED_BLOCKS[kind])


def _read_comments(source: Source, place: tuple[int, int], tags: TagList) -> None:
    position, end = place
    found = tags.begin(Kind.VORBIS)
    position += 4 + source.little(position, 4)  # the name of the encoder
    count = source.little(position, 4)
    position += 4
    for _ in range(count):
        size = source.little(position, 4)
        if position + 4 + size > end:
            raise Damaged
        _read_comment(source, position + 4, size, found)
        position += 4 + size


def _read_comment(source: Source, start: int, size: int, found: Found) -> None:
    written, separated, value = source.at(start, min(size, MAX_VALUE_BYTES)).partition(b"=")
    if not separated:
        return
    name = written[:MAX_NAME_BYTES].decode("utf-8", "replace")
    place = (start + len(written) + 1, size - len(written) - 1)
    if name.upper() == "METADATA_BLOCK_PICTURE":
        kind = int.from_bytes(_decoded(value[:8])[:4], "big")
        found.pictures.append(Picture(kind, lambda: flac_picture(_decoded(source.at(*place)))))
    elif name.upper() == "COVERART":
        found.pictures.append(Picture(FRONT_COVER, lambda: _decoded(source.at(*place))))
    else:
        found.add_written(name, value.decode("utf-8", "replace"))


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error as error:
        raise Damaged from error


def _packets(source: Source, position: int) -> Iterator[bytes]:
    """Yield the packets of the first stream of a known codec."""
    serial, parts = None, list[bytes]()
    while head := source.at(position, PAGE_HEADER_BYTES):
        if len(head) < PAGE_HEADER_BYTES or not head.startswith(b"OggS"):
            return
        sizes = source.at(position + PAGE_HEADER_BYTES, head[26])
        start = position + PAGE_HEADER_BYTES + len(sizes)
        position = start + sum(sizes)
        if serial is None and head[5] & FIRST_PAGE and _is_audio(source.at(start, 8)):
            serial = head[14:18]
        if head[14:18] == serial:
            parts = yield from _ended_packets(source.at(start, sum(sizes)), sizes, parts)


def _ended_packets(body: bytes, sizes: bytes, parts: list[bytes]) -> Generator[bytes, None, list[bytes]]:
    """Yield the packets that end in a page, which `parts` of the first may precede; return the parts of the next."""
    begin = end = 0
    for size in sizes:
        end += size
        if size < FULL_SEGMENT:
            yield b"".join((*parts, body[begin:end]))
            parts, begin = [], end
    return [*parts, body[begin:end]]


def _is_audio(first: bytes) -> bool:
    return any(first.startswith(magic) for magic in (*COMMENT_PACKETS, OGG_FLAC))

"""Files of chunks: RIFF and RF64 (WAV), AIFF, DFF and CAF, and the pointer of DSF.

Sources: Microsoft's RIFF specification, EBU Tech 3306 (RF64), Apple's AIFF and CAF specifications, Sony's and Philips'
DSF and DSDIFF specifications.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.ingest.tags.found import MAX_VALUE_BYTES, Found, Kind, TagList, legacy_text
from services.ingest.tags.id3 import header_at, read_id3v2
from services.ingest.tags.source import Source

MAX_CHUNKS = 4096
UNDECLARED = 0xFFFFFFFF  # RF64's size of what its chunk "ds64" states
INFO_FIELDS = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"IGNR": "genre",
    b"ICRD": "date",
    b"ICMT": "comment",
    b"ITRK": "track",
    b"IPRT": "track",
    b"IMUS": "composer",
    b"IFRM": "track_total",
    b"IBPM": "bpm",
}
AIFF_FIELDS = {b"NAME": "title", b"AUTH": "artist", b"ANNO": "comment"}
DFF_FIELDS = {b"DITI": "title", b"DIAR": "artist"}
ID3_NAMES = {b"id3 ", b"ID3 "}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a container writes its chunks."""

    size_bytes: int
    order: str
    alignment: int = 2


RIFF, AIFF, DFF, CAF = Layout(4, "little"), Layout(4, "big"), Layout(8, "big"), Layout(8, "big", alignment=1)


def read_riff(source: Source, start: int, tags: TagList) -> None:
    """Read the chunks of a WAV file."""
    for name, begin, end in _chunks(source, start + 12, RIFF):
        if name in ID3_NAMES:
            _read_id3(source, begin, tags)
        elif name == b"LIST" and source.at(begin, 4) == b"INFO":
            found = tags.begin(Kind.CHUNKS)
            for inner, inner_begin, inner_end in _chunks(source, begin + 4, RIFF, end):
                _add(source, INFO_FIELDS.get(inner), (inner_begin, inner_end), found)


def read_aiff(source: Source, start: int, tags: TagList) -> None:
    """Read the chunks of an AIFF file."""
    found = tags.begin(Kind.CHUNKS)
    for name, begin, end in _chunks(source, start + 12, AIFF):
        if name in ID3_NAMES:
            _read_id3(source, begin, tags)
        _add(source, AIFF_FIELDS.get(name), (begin, end), found)


def read_dff(source: Source, start: int, tags: TagList) -> None:
    """Read the chunks of a DSDIFF file."""
    found = tags.begin(Kind.CHUNKS)
    for name, begin, end in _chunks(source, start + 16, DFF):
        if name in ID3_NAMES:
            _read_id3(source, begin, tags)
        elif name == b"DIIN":
            for inner, inner_begin, inner_end in _chunks(source, begin, DFF, end):
                _add(source, DFF_FIELDS.get(inner), (inner_begin + 4, inner_end), found)


def read_dsf(source: Source, start: int, tags: TagList) -> None:
    """Read the ID3v2 tag that a DSF file points to."""
    _read_id3(source, source.little(start + 20, 8), tags)


def read_caf(source: Source, start: int, tags: TagList) -> None:
    """Read the information chunk of a Core Audio file: names and values, each ended by NUL."""
    for name, begin, end in _chunks(source, start + 8, CAF):
        if name == b"info":
            texts = source.at(begin + 4, min(end - begin - 4, MAX_VALUE_BYTES)).decode("utf-8", "replace").split("\0")
            found = tags.begin(Kind.CHUNKS)
            for written, value in zip(texts[::2], texts[1::2], strict=False):
                found.add_written(written, value)


def _add(source: Source, field: str | None, place: tuple[int, int], found: Found) -> None:
    if field:
        found.add(field, legacy_text(source.at(place[0], min(place[1] - place[0], MAX_VALUE_BYTES))))


def _read_id3(source: Source, position: int, tags: TagList) -> None:
    if header := header_at(source, position):
        read_id3v2(source, header, tags, Kind.ID3V2_CHUNK)


def _chunks(source: Source, position: int, layout: Layout, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each chunk, and where its content begins and ends."""
    end = source.size if end is None else min(end, source.size)
    data_size = 0
    for _ in range(MAX_CHUNKS):
        head = source.at(position, 4 + layout.size_bytes)
        if len(head) < 4 + layout.size_bytes or position >= end:
            return
        name, begin = head[:4], position + len(head)
        size = int.from_bytes(head[4:], layout.order)  # type: ignore[arg-type]
        if name == b"ds64":
            data_size = source.little(begin + 8, 8)
        elif name == b"data" and size == UNDECLARED:
            size = data_size or end - begin
        yield name, begin, min(begin + size, end)
        position = begin + size + -size % layout.alignment

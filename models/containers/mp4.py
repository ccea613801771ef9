"""MP4, M4A, 3GP and QuickTime: the packets of the first audio track, wherever the file keeps them.

The order of boxes, the place of `moov` (faststart), tags, covers and the division into fragments do not matter.
Sources: ISO/IEC 14496-12, Apple's QuickTime File Format Specification.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import BinaryIO

from models.containers import MAX_PACKETS, UnsupportedContainer, Update, feed_ranges

# Twelve hours in fragments of a second have 200,000; a file of empty boxes would take minutes to read.
MAX_BOXES = 500_000
TABLE_BYTES = 1 << 16  # of a table of samples that are held at once
SAMPLE_ENTRY_BYTES = 52  # of a sample description: up to the fields that QuickTime adds in its version 1
ENCRYPTED = {b"enca", b"drms", b"aavd"}  # common encryption, iTunes, Audible

# Flags of the boxes `tfhd` and `trun`, and the bytes of the fields that they announce.
BASE_OFFSET, DESCRIPTION, DURATION, DEFAULT_SIZE = 0x01, 0x02, 0x08, 0x10
DATA_OFFSET, FIRST_FLAGS, SAMPLE_SIZE = 0x01, 0x04, 0x200
SAMPLE_FIELDS = (0x100, SAMPLE_SIZE, 0x400, 0x800)


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    """Position of the header."""
    body: int
    end: int


@dataclass(slots=True)
class _Reader:
    """Reads boxes of a file, up to a limit for the whole file."""

    stream: BinaryIO
    left: int = MAX_BOXES

    def at(self, position: int, count: int) -> bytes:
        self.stream.seek(position)
        return self.stream.read(count)

    def boxes(self, position: int, end: int) -> Iterator[_Box]:
        while position + 8 <= end and len(header := self.at(position, 16)) >= 8:
            self.left -= 1
            if self.left < 0:
                raise UnsupportedContainer(f"The MP4 file has more than {MAX_BOXES:,} boxes: it is not a track")
            length, header_bytes = int.from_bytes(header[:4], "big"), 8
            if length == 1:
                length, header_bytes = int.from_bytes(header[8:], "big"), 16
            after = end if length == 0 else position + length
            if after < position + header_bytes:
                return
            yield _Box(header[4:8], position, position + header_bytes, min(after, end))
            position = after

    def child(self, box: _Box | None, *path: bytes) -> _Box | None:
        for kind in path:
            if box is None:
                return None
            box = next((child for child in self.boxes(box.body, box.end) if child.kind == kind), None)
        return box

    def numbers(self, start: int, end: int, fields: int = 1, column: int = 0, width: str = "I") -> Iterator[int]:
        """Read a column of a table of big-endian numbers, a block at a time."""
        row = struct.Struct(f">{fields}{width}")
        block = TABLE_BYTES // row.size * row.size
        while start + row.size <= end:
            data = self.at(start, min(block, end - start))
            usable = len(data) // row.size * row.size
            if not usable:
                return
            for values in row.iter_unpack(data[:usable]):
                yield values[column]
            start += usable


@dataclass(slots=True)
class _Track:
    number: int
    table: _Box | None
    default_size: int = field(default=0)
    """Bytes of a sample in fragments that state none."""


def feed(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the packets of the first audio track to `update`, in order.

    Args:
        stream: A seekable file.
        start: Position after leading ID3v2 tags.
        size: Size of the file in bytes.
        update: Receives the bytes, in order.

    Raises:
        UnsupportedContainer: The track is encrypted, or the file has too many boxes or packets.
    """
    feed_ranges(stream, _packets(_Reader(stream), start, size), size, update)


def seconds(stream: BinaryIO, start: int, size: int) -> float:
    """Return the length that the movie header declares, or that of all fragments; 0 if there is none."""
    reader = _Reader(stream)
    movie = next((box for box in reader.boxes(start, size) if box.kind == b"moov"), None)
    header = reader.child(movie, b"mvhd")
    if header is None:
        return 0.0
    scale, length = _scale_and_length(reader.at(header.body, 32))
    fragments = None if length else reader.child(movie, b"mvex", b"mehd")
    if fragments is not None:
        length = int.from_bytes(reader.at(fragments.body + 4, 8 if reader.at(fragments.body, 1) == b"\1" else 4), "big")
    return length / scale


def _scale_and_length(header: bytes) -> tuple[int, int]:
    scale, length = (
        struct.unpack_from(">IQ", header, 20) if header[:1] == b"\1" else struct.unpack_from(">II", header, 12)
    )
    return int(scale), int(length)


def _packets(reader: _Reader, start: int, size: int) -> Iterator[tuple[int, int]]:
    track = None
    for box in reader.boxes(start, size):
        if box.kind == b"moov":
            track = _audio_track(reader, box)
            break
    if track is None:
        return
    if track.table is not None:
        yield from _chunks(reader, track.table)
    for box in reader.boxes(start, size):
        if box.kind == b"moof":
            yield from _fragment(reader, box, track)


def _audio_track(reader: _Reader, movie: _Box) -> _Track | None:
    track = None
    defaults: dict[int, int] = {}
    for box in reader.boxes(movie.body, movie.end):
        if box.kind == b"trak" and track is None:
            handler = reader.child(box, b"mdia", b"hdlr")
            if handler is not None and reader.at(handler.body + 8, 4) == b"soun":
                track = _Track(_track_number(reader, box), reader.child(box, b"mdia", b"minf", b"stbl"))
        elif box.kind == b"mvex":
            for extends in reader.boxes(box.body, box.end):
                number, *_, length, _ = struct.unpack(">5I", reader.at(extends.body + 4, 20).ljust(20, b"\0"))
                if extends.kind == b"trex":
                    defaults[number] = length
    if track is not None:
        track.default_size = defaults.get(track.number, 0)
    return track


def _track_number(reader: _Reader, track: _Box) -> int:
    header = reader.child(track, b"tkhd")
    if header is None:
        return 0
    data = reader.at(header.body, 24)
    return int.from_bytes(data[20:24] if data[:1] == b"\1" else data[12:16], "big")


def _chunks(reader: _Reader, table: _Box) -> Iterator[tuple[int, int]]:
    """List the chunks of a track's sample table; the samples of a chunk are adjacent."""
    parts = {box.kind: box for box in reader.boxes(table.body, table.end)}
    if not {b"stsd", b"stsc"} <= parts.keys():
        return
    entry = reader.at(parts[b"stsd"].body + 8, SAMPLE_ENTRY_BYTES)
    if entry[4:8] in ENCRYPTED:
        raise UnsupportedContainer("The file is encrypted (DRM): Segue cannot decode it")
    counts = _samples_per_chunk(reader, parts[b"stsc"])
    sizes: Iterator[int] | None = None
    uniform = 0
    if box := parts.get(b"stsz"):
        uniform = int.from_bytes(reader.at(box.body + 4, 4), "big")
        sizes = None if uniform else reader.numbers(box.body + 12, box.end)
    elif box := parts.get(b"stz2"):
        sizes = _compact_sizes(reader, box)
    if sizes is not None:
        sizes = islice(sizes, MAX_PACKETS)
    for offset, count in zip(_offsets(reader, parts), counts, strict=False):
        length = _uniform_length(count, uniform, entry) if sizes is None else sum(islice(sizes, count))
        yield offset, offset + length


def _offsets(reader: _Reader, parts: dict[bytes, _Box]) -> Iterator[int]:
    if box := parts.get(b"co64"):
        return reader.numbers(box.body + 8, box.end, width="Q")
    if box := parts.get(b"stco"):
        return reader.numbers(box.body + 8, box.end)
    return iter(())


def _samples_per_chunk(reader: _Reader, box: _Box) -> Iterator[int]:
    firsts = reader.numbers(box.body + 8, box.end, fields=3)
    counts = reader.numbers(box.body + 8, box.end, fields=3, column=1)
    next(firsts, None)
    chunk = 1
    for count in counts:
        following = next(firsts, None)
        if following is None:
            yield from repeat(count)
            return
        yield from repeat(count, max(0, following - chunk))
        chunk = max(chunk, following)


def _compact_sizes(reader: _Reader, box: _Box) -> Iterator[int]:
    bits = reader.at(box.body + 7, 1)
    if bits == b"\x10":
        yield from reader.numbers(box.body + 12, box.end, width="H")
    else:
        for value in reader.numbers(box.body + 12, box.end, width="B"):
            yield from (value >> 4, value & 15) if bits == b"\4" else (value,)


def _uniform_length(count: int, uniform: int, entry: bytes) -> int:
    """Return the bytes of a chunk whose samples have one size; QuickTime states 1 where it means a sample in time."""
    if uniform != 1 or len(entry) < SAMPLE_ENTRY_BYTES:
        return count * uniform
    version, channels, bits = struct.unpack_from(">H6xHH", entry, 16)
    samples_per_packet, _, bytes_per_frame = struct.unpack_from(">III", entry, 36)
    if version == 1 and samples_per_packet:
        return int(count // samples_per_packet * bytes_per_frame)
    return int(count * channels * bits // 8)


def _fragment(reader: _Reader, movie_fragment: _Box, track: _Track) -> Iterator[tuple[int, int]]:
    for box in reader.boxes(movie_fragment.body, movie_fragment.end):
        if box.kind != b"traf":
            continue
        base, size, number = movie_fragment.start, track.default_size, 0
        position = base
        for part in reader.boxes(box.body, box.end):
            if part.kind == b"tfhd":
                number, base, size = _fragment_header(reader, part, base, size)
                position = base
            elif part.kind == b"trun" and number == track.number:
                first, position = _run(reader, part, base, position, size)
                yield first, position


def _fragment_header(reader: _Reader, box: _Box, base: int, size: int) -> tuple[int, int, int]:
    data = reader.at(box.body, 40).ljust(40, b"\0")
    flags, number = struct.unpack_from(">II", data)
    position = 8
    if flags & BASE_OFFSET:
        (base,) = struct.unpack_from(">Q", data, position)
        position += 8
    position += 4 * bool(flags & DESCRIPTION) + 4 * bool(flags & DURATION)
    if flags & DEFAULT_SIZE:
        (size,) = struct.unpack_from(">I", data, position)
    return number, base, size


def _run(reader: _Reader, box: _Box, base: int, position: int, size: int) -> tuple[int, int]:
    """Return where the samples of a run begin and end."""
    flags, count, offset = struct.unpack(">IIi", reader.at(box.body, 12).ljust(12, b"\0"))
    if flags & DATA_OFFSET:
        position = max(0, base + offset)
    if not flags & SAMPLE_SIZE:
        return position, position + count * size
    fields = sum(bool(flags & each) for each in SAMPLE_FIELDS)
    rows = box.body + 8 + 4 * bool(flags & DATA_OFFSET) + 4 * bool(flags & FIRST_FLAGS)
    sizes = reader.numbers(rows, box.end, fields=fields, column=int(bool(flags & SAMPLE_FIELDS[0])))
    return position, position + sum(islice(sizes, count))

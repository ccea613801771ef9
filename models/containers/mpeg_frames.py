"""The frames of an MP3, counted by their headers: what a decoder must be told to decode all of them and nothing else.

For a file without a Xing header libsndfile estimates the length from the first frame's bit rate, and neither seeks nor
reads beyond the estimate; it believes a Xing header that is wrong, does not know VBRI headers, skips little junk, and
stops where the next of several joined files begins.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from models.containers.mpeg import (
    HEADER_BYTES,
    LARGEST_FRAME,
    MAX_TAGS,
    MONO,
    MPEG_1,
    FrameHeader,
    end_of_audio,
    find_frame,
    frame_header,
    read_at,
    skip_id3v2,
    table_size,
)
from models.containers.pieces import Pieces

READ_BYTES = 1 << 17
RESYNC_BYTES = 64 * 1024  # of damage between frames; longer damage ends the music
MAX_RESYNCS = 100  # a damaged file needs a few; each may search all of RESYNC_BYTES
MAX_PARTS = 64  # files joined into one: an audiobook has dozens of chapters

HIGHEST_BITRATE_INDEX = 14  # such a frame has room for the Xing header in every version
HAS_FRAME_COUNT, HAS_BYTE_COUNT, ALL_FIELDS = 1, 2, 15  # flags of the Xing header
FLAGS_OFFSET = 7  # of their last byte in it
VBRI_OFFSET = 36  # of the table in its frame
ENCODER_OFFSET = 120  # of the encoder's name in a Xing header with all fields
ENCODERS = (b"LAME", b"Lavc", b"Lavf")
DELAY_OFFSET = 21  # of 12 bits, after the encoder's name
TABLE_BYTES = 256  # of a first frame, within which both tables have their counts
SYNC_AND_KIND = 0xFFFE0C00  # of a header: synchronisation, version, layer and sample rate
KIND_AND_SIZE = 0xFFFEFEC0  # the same, bit rate, padding and the channel mode
SIZES = tuple(size for size in range(128) if not size & 6)  # bit rate and padding, without the sample rate between them

MARK_FRAMES = 64
PREROLL_SAMPLES = 16 * 1152  # the bit reservoir reaches back up to 511 bytes, and each frame overlaps with the last
DECODER_DELAY = 529  # samples that mpg123 leaves out at the start, besides those that the encoder added


@dataclass(frozen=True, slots=True)
class Marks:
    """Where every `MARK_FRAMES`-th frame of an MP3 begins: a decoder that starts there need not read all before it.

    Attributes:
        places: Positions in the file.
        frame_samples: Samples per channel of a frame.
        delay: Samples that a decoder of the whole file leaves out at its start.
    """

    places: list[int]
    frame_samples: int
    delay: int

    def before(self, sample: int) -> tuple[int, int]:
        """Return the last mark from which a decoder can reach a sample: its position, and the sample that it is at."""
        frame = (sample + self.delay - PREROLL_SAMPLES) // self.frame_samples
        index = min(max(0, frame // MARK_FRAMES), len(self.places) - 1)
        return self.places[index], index * MARK_FRAMES * self.frame_samples - self.delay


@dataclass(frozen=True, slots=True)
class Mp3Part:
    """Frames of one kind, which a decoder reads as one MP3; an MP3 that was joined of several has several parts.

    Attributes:
        source: What the decoder reads: a Xing header with the right count, then the frames; None for the file itself.
        seconds: Length of the frames.
        declared: Length before the file was cut off: the file's own header counts more frames and more bytes than
            there are. Equal to `seconds` if the file is whole.
        marks: Where frames begin; None unless the source is the file itself.
    """

    source: Pieces | None
    seconds: float
    declared: float
    marks: Marks | None = None


@dataclass(slots=True)
class _Frames:
    """Frames of one kind: the start of the first one, a table before them (or an empty range), and where they are."""

    first: bytes
    header: FrameHeader
    table: range
    ranges: list[range]
    places: list[int]
    """Where every `MARK_FRAMES`-th of the first range begins."""
    count: int = 0

    @property
    def seconds(self) -> float:
        return self.count * self.header.seconds

    def continues_with(self, first: bytes) -> bool:
        """Return whether a frame is of the same kind."""
        header = frame_header(first)
        return header is not None and header.kind == self.header.kind and _is_mono(first) == _is_mono(self.first)


@dataclass(frozen=True, slots=True)
class _Table:
    n_frames: int
    n_bytes: int
    readable: bool
    """Whether libsndfile reads the table."""


def parts(stream: BinaryIO, size: int, max_seconds: float) -> list[Mp3Part]:
    """Find all frames of an MP3, also behind damage and tags, without decoding.

    Args:
        stream: A seekable MP3 file; it must stay open while the result is read.
        size: Size of the file in bytes.
        max_seconds: Length after which counting stops, > 0; no header that declares more is believed.

    Returns:
        The parts, in order; empty if no frame declares its size.
    """
    start = skip_id3v2(stream)
    end = end_of_audio(stream, size)
    found = [frames for frames in _all_frames(stream, start, end, max_seconds) if frames.count]
    if len(found) == 1 and _is_plain(found[0], start):
        return [Mp3Part(None, found[0].seconds, found[0].seconds, _marks(found[0]))]
    return [_part(stream, frames, max_seconds) for frames in found]


def _all_frames(stream: BinaryIO, start: int, end: int, max_seconds: float) -> Iterator[_Frames]:
    position = find_frame(stream, start)
    current: _Frames | None = None
    n_parts, left = 0, max_seconds
    for _ in range(MAX_RESYNCS + 1):
        first = b"" if position is None else read_at(stream, position, TABLE_BYTES)
        header = frame_header(first)
        if position is None or position >= end or header is None or left < 0:
            break
        table = range(position, position + table_size(first))
        if current is None or (n_parts < MAX_PARTS and (table or not current.continues_with(first))):
            if current is not None:
                yield current
            current = _Frames(first, header, table, [], [])
            n_parts += 1
        limit = int(left / header.seconds) + 1
        position, count, places = _run(stream, range(table.stop, end), first, limit)
        if count:
            current.places = current.places or places
            current.ranges.append(range(table.stop, min(position, end)))
            current.count += count
            left -= count * header.seconds
        position = find_frame(stream, _skip_tags(stream, position), search_bytes=RESYNC_BYTES)
    if current is not None:
        yield current


def _run(stream: BinaryIO, place: range, first: bytes, max_frames: int) -> tuple[int, int, list[int]]:
    """Walk over frames of one kind; return the position after the last one, their count, and where some begin."""
    size_of = _sizes(first[1], first[2], _is_mono(first)).get
    unpack = struct.Struct(">I").unpack_from
    position, count = place.start, 0
    places: list[int] = []
    while count < max_frames:
        data = read_at(stream, position, min(READ_BYTES, max(0, place.stop - position)))
        offset, last = 0, len(data) - HEADER_BYTES
        while offset <= last:
            size = size_of(unpack(data, offset)[0] & KIND_AND_SIZE)
            if not size:
                return position + offset, count, places
            if not count % MARK_FRAMES:
                places.append(position + offset)
            count += 1
            offset += size
        position += offset
        if not offset:
            break
    return position, count, places


def _part(stream: BinaryIO, frames: _Frames, max_seconds: float) -> Mp3Part:
    table = _table(frames)
    if table and _is_right(table, frames):
        ranges = [range(frames.table.start, frames.ranges[0].stop), *frames.ranges[1:]]
        return Mp3Part(Pieces(stream, ranges), frames.seconds, frames.seconds)
    declared = frames.seconds
    if table and table.n_bytes > sum(map(len, (frames.table, *frames.ranges))) + LARGEST_FRAME:
        declared = max(declared, table.n_frames * frames.header.seconds)
    head = _xing_frame(frames.first, frames.count)
    return Mp3Part(
        Pieces(stream, [head, *frames.ranges]), frames.seconds, declared if declared <= max_seconds else frames.seconds
    )


def _is_plain(frames: _Frames, start: int) -> bool:
    """Return whether libsndfile reads the file right: a true table, then all frames without a gap."""
    table = _table(frames)
    return frames.table.start == start and len(frames.ranges) == 1 and table is not None and _is_right(table, frames)


def _is_right(table: _Table, frames: _Frames) -> bool:
    """Return whether libsndfile reads the table, and it has the right count; some encoders count its frame too."""
    return table.readable and table.n_frames in {frames.count, frames.count + 1}


def _table(frames: _Frames) -> _Table | None:
    """Return the counts of the table in the first frame; 0 stands for a count that the table does not have."""
    if not frames.table:
        return None
    first = frames.first
    if first[VBRI_OFFSET:].startswith(b"VBRI"):
        n_bytes, n_frames = struct.unpack_from(">10xII", first, VBRI_OFFSET)
        return _Table(n_frames, n_bytes, readable=False)
    mark = HEADER_BYTES + _side_information(first)
    if not first[mark:].startswith((b"Xing", b"Info")):
        return None
    flags, *counts = struct.unpack_from(">4xIII", first, mark)
    n_frames = counts.pop(0) if flags & HAS_FRAME_COUNT else 0
    return _Table(n_frames, counts[0] if flags & HAS_BYTE_COUNT else 0, readable=True)


def _marks(frames: _Frames) -> Marks | None:
    """Return the marks of frames; None if their table does not say how many samples the encoder added at the start."""
    table = HEADER_BYTES + _side_information(frames.first)
    encoder = table + ENCODER_OFFSET
    has_all = frames.first[table + FLAGS_OFFSET] & ALL_FIELDS == ALL_FIELDS
    if not has_all or not frames.first[encoder:].startswith(ENCODERS):
        return None
    delay = int.from_bytes(frames.first[encoder + DELAY_OFFSET :][:2], "big") >> 4
    return Marks(frames.places, frames.header.n_samples, delay + DECODER_DELAY) if delay else None


def _skip_tags(stream: BinaryIO, position: int) -> int:
    """Return the position after tags between joined files."""
    for _ in range(MAX_TAGS):
        tag = read_at(stream, position, 32)
        if tag.startswith(b"ID3"):
            position = skip_id3v2(stream, position)
        elif tag.startswith(b"TAG"):
            position += 128
        elif tag.startswith(b"APETAGEX") and len(tag) == 32:
            position += 32 + int.from_bytes(tag[12:16], "little")
        else:
            break
    return position


@cache
def _sizes(second: int, third: int, mono: bool) -> dict[int, int]:  # noqa: FBT001  a key of the cache
    """Return the frame sizes of a kind by the bits of a header that tell kind and size."""
    fixed = (0xFF000000 | second << 16 | third << 8) & SYNC_AND_KIND
    modes = [MONO] if mono else [mode for mode in range(4) if mode != MONO]
    headers = [fixed | size << 9 | mode << 6 for size in SIZES for mode in modes]
    found = {header: frame_header(header.to_bytes(HEADER_BYTES, "big")) for header in headers}
    return {header: frame.size for header, frame in found.items() if frame is not None}


def _is_mono(header: bytes) -> bool:
    return header[3] >> 6 == MONO


def _side_information(header: bytes) -> int:
    if header[1] >> 3 & 3 == MPEG_1:
        return 17 if _is_mono(header) else 32
    return 9 if _is_mono(header) else 17


def _xing_frame(first: bytes, n_frames: int) -> bytes:
    """Make a silent frame that declares the frame count, in the format of the file's first frame."""
    head = bytes((0xFF, first[1] | 1, HIGHEST_BITRATE_INDEX << 4 | first[2] & 0x0C, first[3]))  # no checksum or padding
    header = frame_header(head)
    if header is None:
        return b""
    table = b"Xing" + HAS_FRAME_COUNT.to_bytes(4, "big") + n_frames.to_bytes(4, "big")
    return (head + bytes(_side_information(first)) + table).ljust(header.size, b"\0")

"""MPEG audio layer III (MP3): frame headers, and the tags around the frames.

Sources: ISO/IEC 11172-3 and 13818-3 (frame header), LAME's VbrTag.c (Xing header), ID3v2.4 structure, the APEv2 and
Lyrics3 descriptions.
"""

from dataclasses import dataclass
from typing import BinaryIO

from models.containers import Update, feed_range

# kbit/s by header index, for MPEG-1 layer III, and for MPEG-2 and 2.5 layer III.
BITRATES_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
BITRATES_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
# Hz by header index, for version bits 3 (MPEG-1), 2 (MPEG-2) and 0 (MPEG-2.5).
SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
MPEG_1 = 3
LAYER_III = 1
MONO = 3

HEADER_BYTES = 4
LARGEST_FRAME = 4096
FRAMES_IN_A_ROW = 3  # text and pictures do not contain three frames in a row by chance
SEARCH_BYTES = 128 * 1024  # of junk before the first frame: players search about this far
MAX_TAGS = 16  # a tagger writes one tag of each kind; a file of empty tags alone would take long to walk

TABLE_MARKS = (b"Xing", b"Info", b"VBRI")  # one of these marks a first frame that holds a table instead of audio
TABLE_MARK_BYTES = 64  # from the start of the frame, within which the mark lies


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The header of one layer III frame.

    Attributes:
        size: Length of the frame in bytes.
        n_samples: Samples per channel that the frame decodes to.
        kind: Version and sample rate index, constant throughout a file.
    """

    size: int
    n_samples: int
    kind: tuple[int, int]

    @property
    def seconds(self) -> float:
        """Length of the frame."""
        version, rate_index = self.kind
        return self.n_samples / SAMPLE_RATES[version][rate_index]


def frame_header(header: bytes) -> FrameHeader | None:
    """Parse the header of a layer III frame.

    Args:
        header: At least four bytes.

    Returns:
        The header; None if the bytes are no such header or declare no frame size ("free format").
    """
    if len(header) < HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version not in SAMPLE_RATES or layer != LAYER_III or bitrate_index in {0, 15} or rate_index == 3:
        return None
    bitrate = (BITRATES_V1 if version == MPEG_1 else BITRATES_V2)[bitrate_index]
    n_samples = 1152 if version == MPEG_1 else 576
    size = n_samples // 8 * bitrate * 1000 // SAMPLE_RATES[version][rate_index] + padding
    return FrameHeader(size, n_samples, (version, rate_index))


def skip_id3v2(stream: BinaryIO, position: int = 0) -> int:
    """Return the position after the ID3v2 tags at a position."""
    for _ in range(MAX_TAGS):
        header = read_at(stream, position, 10)
        if len(header) < 10 or not header.startswith(b"ID3"):
            break
        footer = 10 if header[5] & 0x10 else 0
        position += 10 + _synchsafe(header[6:10]) + footer
    return position


def find_frame(stream: BinaryIO, start: int, *, search_bytes: int = SEARCH_BYTES) -> int | None:
    """Find the first frame that begins a run of `FRAMES_IN_A_ROW` of one kind; the end of the file may cut it short.

    Args:
        stream: A seekable file.
        start: Position where the search starts.
        search_bytes: How far a frame may lie behind `start`.

    Returns:
        The position of the frame; None if there is none.
    """
    data = read_at(stream, start, search_bytes + FRAMES_IN_A_ROW * LARGEST_FRAME)
    offset = data.find(b"\xff")
    while 0 <= offset < search_bytes:
        if _is_run(data, offset):
            return start + offset
        offset = data.find(b"\xff", offset + 1)
    return None


def feed(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the frames to `update`, without a first frame that holds only a table.

    Args:
        stream: A seekable file.
        start: Position after leading ID3v2 tags.
        size: Size of the file in bytes.
        update: Receives the bytes, in order.
    """
    first = find_frame(stream, start)
    if first is not None:
        feed_range(
            stream, first + table_size(read_at(stream, first, TABLE_MARK_BYTES)), end_of_audio(stream, size), update
        )


def end_of_audio(stream: BinaryIO, size: int) -> int:
    """Return where the audio ends before ID3v1, APEv2, Lyrics3 and ID3v2.4 tags, in any order.

    Args:
        stream: A seekable file.
        size: Size of the file in bytes.

    Returns:
        The position after the last byte of audio.
    """
    end = size
    for _ in range(MAX_TAGS):
        before = _start_of_last_tag(stream, end)
        if before is None:
            break
        end = before
    return end


def table_size(frame: bytes) -> int:
    """Return the size of a frame if it holds a table instead of audio, else 0.

    Args:
        frame: The start of the frame, at least `TABLE_MARK_BYTES` unless the file ends.

    Returns:
        The size in bytes.
    """
    header = frame_header(frame)
    if header is None or not any(mark in frame[: min(header.size, TABLE_MARK_BYTES)] for mark in TABLE_MARKS):
        return 0
    return header.size


def read_at(stream: BinaryIO, position: int, count: int) -> bytes:
    """Read up to `count` bytes at a position."""
    stream.seek(position)
    return stream.read(count)


def _synchsafe(data: bytes) -> int:
    """Decode a size that ID3v2 stores in four bytes of seven bits."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def _is_run(data: bytes, offset: int) -> bool:
    kind = None
    for _ in range(FRAMES_IN_A_ROW):
        header = frame_header(data[offset : offset + HEADER_BYTES])
        if header is None or kind not in {None, header.kind}:
            return False
        kind = header.kind
        offset += header.size
        if offset >= len(data):
            return True
    return True


def _start_of_last_tag(stream: BinaryIO, end: int) -> int | None:
    start = max(0, end - 128)
    tail = read_at(stream, start, end - start)
    if len(tail) == 128 and tail.startswith(b"TAG"):
        return end - 128
    if tail[-32:].startswith(b"APETAGEX"):
        footer = tail[-32:]
        has_header = footer[23] & 0x80
        return _within(end - int.from_bytes(footer[12:16], "little") - (32 if has_header else 0), end)
    if tail.endswith(b"LYRICS200") and tail[-15:-9].isdigit():
        return _within(end - 15 - int(tail[-15:-9]), end)
    if tail[-10:].startswith(b"3DI"):  # footer of an ID3v2.4 tag
        return _within(end - 20 - _synchsafe(tail[-4:]), end)
    return None


def _within(position: int, end: int) -> int | None:
    return position if 0 < position < end else None

"""MPEG audio layer III (MP3): frame headers, the tags around the frames, and files that declare no length.

Sources: ISO/IEC 11172-3 and 13818-3 (frame header), LAME's VbrTag.c (Xing header), ID3v2.4 structure, the APEv2 and
Lyrics3 descriptions.
"""

import os
from dataclasses import dataclass
from typing import BinaryIO, Self

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
RESYNC_BYTES = 64 * 1024  # of damage between frames; longer damage ends the music
MAX_RESYNCS = 100  # a damaged file needs a few; each may search all of RESYNC_BYTES
MAX_TAGS = 16  # a tagger writes one tag of each kind; a file of empty tags alone would take long to walk

TABLE_MARKS = (b"Xing", b"Info", b"VBRI")  # one of these marks a first frame that holds a table instead of audio
TABLE_MARK_BYTES = 64  # from the start of the frame, within which the mark lies
HIGHEST_BITRATE_INDEX = 14  # such a frame has room for the Xing header in every version
HAS_FRAME_COUNT = 1  # flag of the Xing header


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


def skip_id3v2(stream: BinaryIO) -> int:
    """Return the position after the ID3v2 tags at the start of the file."""
    position = 0
    for _ in range(MAX_TAGS):
        header = _read_at(stream, position, 10)
        if len(header) < 10 or not header.startswith(b"ID3"):
            break
        footer = 10 if header[5] & 0x10 else 0
        position += 10 + _synchsafe(header[6:10]) + footer
    return position


def find_frame(
    stream: BinaryIO, start: int, *, search_bytes: int = SEARCH_BYTES, kind: tuple[int, int] | None = None
) -> int | None:
    """Find the first frame that begins a run of `FRAMES_IN_A_ROW`; the end of the file may cut the run short.

    Args:
        stream: A seekable file.
        start: Position where the search starts.
        search_bytes: How far a frame may lie behind `start`.
        kind: The `FrameHeader.kind` that all frames of the run must have; None accepts any.

    Returns:
        The position of the frame; None if there is none.
    """
    data = _read_at(stream, start, search_bytes + FRAMES_IN_A_ROW * LARGEST_FRAME)
    offset = data.find(b"\xff")
    while 0 <= offset < search_bytes:
        if _is_run(data, offset, kind):
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
        feed_range(stream, first + _table_size(stream, first), end_of_audio(stream, size), update)


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


def declares_length(stream: BinaryIO) -> bool:
    """Return whether the first frame is a Xing, Info or VBRI table, which declares the length of the file."""
    first = find_frame(stream, skip_id3v2(stream))
    return first is not None and _table_size(stream, first) > 0


class CountedMp3:
    """An MP3 that declares no length, read as if it did: a Xing frame with the frame count, then the frames.

    For such files libsndfile estimates the length from the first frame's bit rate, and neither seeks nor reads beyond
    the estimate: from a file of variable bit rate with a quiet start it would read the first quarter.

    The object is readable and seekable like a binary file.
    """

    def __init__(self, stream: BinaryIO, start: int, table: bytes) -> None:
        self._stream = stream
        self._start = start
        self._table = table
        self._position = 0

    @classmethod
    def counting(cls, stream: BinaryIO, max_samples: int) -> Self | None:
        """Count the frames of an MP3 by their headers, without decoding.

        Args:
            stream: A seekable MP3 file; it must stay open while the result is read.
            max_samples: Samples per channel after which counting stops, > 0.

        Returns:
            The file to decode; None if it has no frames with a declared size.
        """
        start = find_frame(stream, skip_id3v2(stream))
        if start is None:
            return None
        first = _read_at(stream, start, HEADER_BYTES)
        if frame_header(first) is None:  # the file changed after the search
            return None
        return cls(stream, start, _xing_frame(first, _frame_count(stream, start, max_samples)))

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Change the position, as in any binary file."""
        size = len(self._table) + self._stream.seek(0, os.SEEK_END) - self._start
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def read(self, count: int) -> bytes:
        """Read up to `count` bytes."""
        content = self._table[self._position : self._position + count]
        if len(content) < count:
            position = self._start + self._position + len(content) - len(self._table)
            content += _read_at(self._stream, position, count - len(content))
        self._position += len(content)
        return content


def _read_at(stream: BinaryIO, position: int, count: int) -> bytes:
    stream.seek(position)
    return stream.read(count)


def _synchsafe(data: bytes) -> int:
    """Decode a size that ID3v2 stores in four bytes of seven bits."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def _is_run(data: bytes, offset: int, kind: tuple[int, int] | None) -> bool:
    for _ in range(FRAMES_IN_A_ROW):
        header = frame_header(data[offset : offset + HEADER_BYTES])
        if header is None or kind not in {None, header.kind}:
            return False
        offset += header.size
        if offset >= len(data):
            return True
    return True


def _table_size(stream: BinaryIO, first: int) -> int:
    """Return the size of the first frame if it holds a table instead of audio, else 0."""
    frame = _read_at(stream, first, TABLE_MARK_BYTES)
    header = frame_header(frame)
    if header is None or not any(mark in frame[: header.size] for mark in TABLE_MARKS):
        return 0
    return header.size


def _start_of_last_tag(stream: BinaryIO, end: int) -> int | None:
    start = max(0, end - 128)
    tail = _read_at(stream, start, end - start)
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


def _frame_count(stream: BinaryIO, start: int, max_samples: int) -> int:
    header = frame_header(_read_at(stream, start, HEADER_BYTES))
    kind = header.kind if header else None
    n_frames, n_samples, resyncs, position = 0, 0, 0, start
    while header and n_samples <= max_samples:
        n_frames += 1
        n_samples += header.n_samples
        position += header.size
        header = frame_header(_read_at(stream, position, HEADER_BYTES))
        if header is None or header.kind != kind:
            resyncs += 1
            if resyncs > MAX_RESYNCS:
                break
            found = find_frame(stream, position, search_bytes=RESYNC_BYTES, kind=kind)
            if found is None:
                break
            position = found
            header = frame_header(_read_at(stream, position, HEADER_BYTES))
    return n_frames


def _xing_frame(first: bytes, n_frames: int) -> bytes:
    """Make a silent frame that declares the frame count, in the format of the file's first frame."""
    head = bytes((0xFF, first[1] | 1, HIGHEST_BITRATE_INDEX << 4 | first[2] & 0x0C, first[3]))  # no checksum or padding
    header = frame_header(head)
    if header is None:
        return b""
    mono = first[3] >> 6 == MONO
    side_information = (17 if mono else 32) if header.kind[0] == MPEG_1 else (9 if mono else 17)
    table = b"Xing" + HAS_FRAME_COUNT.to_bytes(4, "big") + n_frames.to_bytes(4, "big")
    return (head + bytes(side_information) + table).ljust(header.size, b"\0")

"""MP3s that declare no length: their frames are counted, and libsndfile is told the number.

libsndfile multiplies the first frame's bit rate by the file's size, and neither seeks nor reads past that
estimate: of a variable bit rate with a quiet start it hears the first quarter. Sources: ISO/IEC 11172-3 and 13818-3
(frame header), the Xing header of LAME's VbrTag.c.
"""

import os
from dataclasses import dataclass
from typing import Self

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
MAX_TAGS = 16  # ID3v2 tags in a row: taggers write one; a file of empty tags alone would keep a worker busy
RESYNC_BYTES = 64 * 1024  # damage beyond this is the end of the music
MAX_RESYNCS = 100  # a damaged file has a few; each may search all of RESYNC_BYTES
ROOMIEST_INDEX = 14  # the greatest bit rate: its frame holds the Xing header in every version
HAS_FRAME_COUNT = 1  # flag of the Xing header


@dataclass(frozen=True)
class FrameHeader:
    """What the four bytes in front of a layer III frame say.

    Attributes:
        size: Length of the frame in bytes.
        n_samples: Samples of one channel that it decodes to.
        kind: Version and sample rate, which stay the same throughout a file.
    """

    size: int
    n_samples: int
    kind: tuple[int, int]


def frame_header(header: bytes) -> FrameHeader | None:
    """Read the header of a layer III frame.

    Args:
        header: At least four bytes.

    Returns:
        The header; None where no such frame begins or its size is not declared ("free format").
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


class CountedMp3:
    """An MP3 as libsndfile should see it: a Xing frame with the number of frames, then the file from its first frame.

    It is read like a binary file; the descriptor stays open, and its offset where it is.
    """

    def __init__(self, descriptor: int, start: int, opening: bytes) -> None:
        self._descriptor = descriptor
        self._start = start
        self._opening = opening
        self._position = 0

    @classmethod
    def counting(cls, descriptor: int, max_samples: int) -> Self | None:
        """Count the frames of an MP3 by their headers; no sound is decoded.

        Args:
            descriptor: An open MP3.
            max_samples: Samples of one channel after which counting stops, > 0.

        Returns:
            The file to decode; None where no frames with a declared size are found.
        """
        start = first_frame(descriptor)
        if start is None:
            return None
        first = os.pread(descriptor, HEADER_BYTES, start)
        if frame_header(first) is None:  # the file has changed since
            return None
        return cls(descriptor, start, _xing_frame(first, _frame_count(descriptor, start, max_samples)))

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in bytes, as in any binary file."""
        size = len(self._opening) + os.fstat(self._descriptor).st_size - self._start
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def read(self, count: int) -> bytes:
        """Read up to `count` bytes from the position on."""
        content = self._opening[self._position : self._position + count]
        if len(content) < count:
            place = self._start + self._position + len(content) - len(self._opening)
            content += os.pread(self._descriptor, count - len(content), place)
        self._position += len(content)
        return content


def first_frame(descriptor: int) -> int | None:
    """Find where the first frame begins behind ID3v2 tags.

    Args:
        descriptor: An open file; its offset stays where it is.

    Returns:
        The position in bytes; None where no frame that another follows is near.
    """
    start = 0
    for _ in range(MAX_TAGS):
        head = os.pread(descriptor, 10, start)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        footer = 10 if head[5] & 0x10 else 0  # the tag's size comes in four bytes of seven bits
        start += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)) + footer
    return _resynchronised(descriptor, start, None)


def _frame_count(descriptor: int, start: int, max_samples: int) -> int:
    header = frame_header(os.pread(descriptor, HEADER_BYTES, start))
    kind = header.kind if header else None
    n_frames, n_samples, resyncs, position = 0, 0, 0, start
    while header and n_samples <= max_samples:
        n_frames += 1
        n_samples += header.n_samples
        position += header.size
        header = frame_header(os.pread(descriptor, HEADER_BYTES, position))
        if header is None or header.kind != kind:
            resyncs += 1
            found = _resynchronised(descriptor, position, kind) if resyncs <= MAX_RESYNCS else None
            if found is None:
                break
            position = found
            header = frame_header(os.pread(descriptor, HEADER_BYTES, position))
    return n_frames


def _resynchronised(descriptor: int, position: int, kind: tuple[int, int] | None) -> int | None:
    """Find the next frame, of a kind if one is given, that another follows, behind damage or a tag."""
    data = os.pread(descriptor, RESYNC_BYTES + LARGEST_FRAME, position)
    offset = data.find(b"\xff")
    while 0 <= offset < RESYNC_BYTES:
        header = frame_header(data[offset : offset + HEADER_BYTES])
        if header and kind in {None, header.kind}:
            following = frame_header(data[offset + header.size : offset + header.size + HEADER_BYTES])
            if following and following.kind == header.kind:
                return position + offset
        offset = data.find(b"\xff", offset + 1)
    return None


def _xing_frame(first: bytes, n_frames: int) -> bytes:
    """Make a silent frame that declares the number of frames, in the format of a file's first one."""
    head = bytes((0xFF, first[1] | 1, ROOMIEST_INDEX << 4 | first[2] & 0x0C, first[3]))  # without checksum or padding
    header = frame_header(head)
    if header is None:
        return b""
    mono = first[3] >> 6 == MONO
    side_information = (17 if mono else 32) if header.kind[0] == MPEG_1 else (9 if mono else 17)
    table = b"Xing" + HAS_FRAME_COUNT.to_bytes(4, "big") + n_frames.to_bytes(4, "big")
    return (head + bytes(side_information) + table).ljust(header.size, b"\0")

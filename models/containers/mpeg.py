"""MPEG audio (MP3): where the audio begins and ends between the tags that surround it."""

import os
from collections.abc import Callable
from typing import BinaryIO

READ_BYTES = 1 << 20


def feed_range(stream: BinaryIO, start: int, end: int, update: Callable[[bytes], None]) -> None:
    """Hash the bytes from `start` up to `end`."""
    stream.seek(start)
    left = end - start
    while left > 0 and (data := stream.read(min(READ_BYTES, left))):
        update(data)
        left -= len(data)


# How far junk may reach before the first frame: players resynchronise over about this much.
SEARCH_BYTES = 128 * 1024
# Three frames in a row do not happen by chance in text or pictures.
FRAMES_IN_A_ROW = 3

# Taggers write one tag of each kind; tags of a few bytes in a row would make a long walk of a small upload.
# Behind this many a tag is taken for audio.
MAX_TAGS = 16

HEADER_BYTES = 4
LARGEST_FRAME = 4096
VBR_MARKS = (b"Xing", b"Info", b"VBRI")

# kbit/s by header index, for MPEG-1 layer III, and for MPEG-2 and 2.5 layer III.
BITRATES_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
BITRATES_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
# Hz by header index, for version bits 3 (MPEG-1), 2 (MPEG-2) and 0 (MPEG-2.5).
SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
LAYER_III = 1
MPEG_1 = 3


def skip_id3v2(stream: BinaryIO) -> int:
    """The position behind the ID3v2 tags that the stream begins with."""
    position = 0
    for _ in range(MAX_TAGS):
        stream.seek(position)
        header = stream.read(10)
        if len(header) < 10 or not header.startswith(b"ID3"):
            break
        footer = 10 if header[5] & 0x10 else 0
        position += 10 + _synchsafe(header[6:10]) + footer
    return position


def find_frame(stream: BinaryIO, start: int) -> int | None:
    """The position of the first MPEG frame that others follow; None when there is none near."""
    stream.seek(start)
    data = stream.read(SEARCH_BYTES + FRAMES_IN_A_ROW * LARGEST_FRAME)
    offset = data.find(b"\xff")
    while 0 <= offset < SEARCH_BYTES:
        if _is_run(data, offset):
            return start + offset
        offset = data.find(b"\xff", offset + 1)
    return None


def feed(stream: BinaryIO, start: int, size: int, update: Callable[[bytes], None]) -> None:
    """Hash the frames; the first one is left out where it only carries a table of contents."""
    first = find_frame(stream, start)
    if first is None:
        return
    stream.seek(first)
    frame = stream.read(LARGEST_FRAME)
    length = _frame_length(frame) or 0
    if any(mark in frame[: min(length, 64)] for mark in VBR_MARKS):
        first += length
    feed_range(stream, first, end_of_audio(stream, size), update)


def end_of_audio(stream: BinaryIO, size: int) -> int:
    """Where the audio ends before ID3v1, APEv2 and Lyrics3 tags, in whatever order they stand."""
    end = size
    for _ in range(MAX_TAGS):
        before = _before_last_tag(stream, end)
        if before is None:
            break
        end = before
    return end


def _before_last_tag(stream: BinaryIO, end: int) -> int | None:
    tail = _read_before(stream, end, 128)
    if len(tail) == 128 and tail.startswith(b"TAG"):
        return end - 128
    if tail[-32:].startswith(b"APETAGEX"):
        footer = tail[-32:]
        has_header = footer[23] & 0x80
        return _within(end - int.from_bytes(footer[12:16], "little") - (32 if has_header else 0), end)
    if tail.endswith(b"LYRICS200") and tail[-15:-9].isdigit():
        return _within(end - 15 - int(tail[-15:-9]), end)
    if tail[-10:].startswith(b"3DI"):  # an ID3v2.4 tag at the end
        return _within(end - 20 - _synchsafe(tail[-4:]), end)
    return None


def _within(position: int, end: int) -> int | None:
    return position if 0 < position < end else None


def _read_before(stream: BinaryIO, end: int, length: int) -> bytes:
    start = max(0, end - length)
    stream.seek(start, os.SEEK_SET)
    return stream.read(end - start)


def _synchsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def _is_run(data: bytes, offset: int) -> bool:
    for _ in range(FRAMES_IN_A_ROW):
        length = _frame_length(data[offset : offset + HEADER_BYTES])
        if length is None:
            return False
        offset += length
        if offset >= len(data):  # a whole file may be shorter than the run
            return True
    return True


def _frame_length(header: bytes) -> int | None:
    """Bytes of the layer III frame that begins here; None when none does."""
    if len(header) < HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version not in SAMPLE_RATES or layer != LAYER_III or bitrate_index in {0, 15} or rate_index == 3:
        return None
    bitrate = (BITRATES_V1 if version == MPEG_1 else BITRATES_V2)[bitrate_index]
    samples_per_byte = 144 if version == MPEG_1 else 72
    return samples_per_byte * bitrate * 1000 // SAMPLE_RATES[version][rate_index] + padding

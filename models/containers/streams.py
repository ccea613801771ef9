"""Raw AAC (ADTS), MPEG audio layer II and Flash video: packets behind short headers.

Sources: ISO/IEC 13818-7 (ADTS), 11172-3 and 13818-3 (layer II), Adobe's Flash Video File Format Specification 10.1.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from models.containers import Update, feed_range, feed_ranges
from models.containers.mpeg import BITRATES_V2, MPEG_1, SAMPLE_RATES, end_of_audio

ADTS_HEADER_BYTES = 7
ADTS_CHECKSUM_BYTES = 2
SEARCH_BYTES = 128 * 1024  # of junk before the first frame and between frames, as for MP3
LARGEST_FRAME = 1 << 13  # of both formats
FRAMES_IN_A_ROW = 3
MAX_SEARCHES = 100  # a damaged file needs a few
MAX_CANDIDATES = 1 << 20  # bytes 0xFF that these searches look at; sound has some hundred in the range of one

# kbit/s by header index, for MPEG-1 layer II; MPEG-2 and 2.5 have those of layer III.
LAYER_2_V1 = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)

FLV_TAG_BYTES = 11
FLV_AUDIO = 8
FLV_AAC = 10
FLV_AAC_FRAME = 1


def find_adts(
    stream: BinaryIO, start: int, candidates: Iterator[int] | None = None, *, search_bytes: int = SEARCH_BYTES
) -> int | None:
    """Return the position of the first ADTS frame that begins a run of three; the end of the file may cut it short.

    Args:
        stream: A seekable file.
        start: Position where the search starts.
        candidates: What several searches share: each takes one for each position that it looks at.
        search_bytes: How far a frame may lie behind `start`.
    """
    return _find_run(stream, start, _adts_bytes, candidates or iter(range(SEARCH_BYTES)), search_bytes)


def find_layer_2(stream: BinaryIO, start: int, *, search_bytes: int = SEARCH_BYTES) -> int | None:
    """Return the position of the first MPEG layer II frame that begins a run of three, like `find_adts`."""
    return _find_run(stream, start, _layer_2_bytes, iter(range(SEARCH_BYTES)), search_bytes)


def feed_layer_2(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the MPEG layer II frames to `update`."""
    first = find_layer_2(stream, start)
    if first is not None:
        feed_range(stream, first, end_of_audio(stream, size), update)


def feed_adts(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the raw AAC packets of an ADTS stream to `update`, as MP4 and Matroska store them."""
    feed_ranges(stream, _adts_packets(stream, start, end_of_audio(stream, size)), size, update)


def feed_flv(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the audio packets of a Flash video to `update`."""
    feed_ranges(stream, _flv_packets(stream, start, size), size, update)


def _find_run(
    stream: BinaryIO,
    start: int,
    frame_bytes: Callable[[bytes], int],
    candidates: Iterator[int],
    search_bytes: int,
) -> int | None:
    stream.seek(start)
    data = stream.read(search_bytes + FRAMES_IN_A_ROW * LARGEST_FRAME)
    offset = data.find(b"\xff")
    for _ in candidates:
        if not 0 <= offset < search_bytes:
            break
        if _is_run(data, offset, frame_bytes):
            return start + offset
        offset = data.find(b"\xff", offset + 1)
    return None


def _is_run(data: bytes, offset: int, frame_bytes: Callable[[bytes], int]) -> bool:
    for _ in range(FRAMES_IN_A_ROW):
        length = frame_bytes(data[offset : offset + ADTS_HEADER_BYTES])
        if not length:
            return False
        offset += length
        if offset >= len(data):
            return True
    return True


def _layer_2_bytes(header: bytes) -> int:
    """Return the size of an MPEG layer II frame with its header, 0 if the bytes are no such header."""
    if len(header) < ADTS_HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE6 != 0xE4:
        return 0
    version, bitrate_index, rate_index = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version not in SAMPLE_RATES or bitrate_index in {0, 15} or rate_index == 3:
        return 0
    bitrate = (LAYER_2_V1 if version == MPEG_1 else BITRATES_V2)[bitrate_index]
    return 144_000 * bitrate // SAMPLE_RATES[version][rate_index] + (header[2] >> 1 & 1)


def _adts_bytes(header: bytes) -> int:
    """Return the size of an ADTS frame with its header, 0 if the bytes are no such header."""
    if len(header) < ADTS_HEADER_BYTES or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > ADTS_HEADER_BYTES else 0


def _adts_packets(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int]]:
    candidates = iter(range(MAX_CANDIDATES))
    position = find_adts(stream, start, candidates)
    searches = 0
    while position is not None and position < end:
        stream.seek(position)
        header = stream.read(ADTS_HEADER_BYTES)
        length = _adts_bytes(header)
        if length:
            checksum = 0 if header[1] & 1 else ADTS_CHECKSUM_BYTES
            yield min(position + ADTS_HEADER_BYTES + checksum, end), min(position + length, end)
            position += length
        elif searches < MAX_SEARCHES:
            searches += 1
            position = find_adts(stream, position, candidates)
        else:
            return


def _flv_packets(stream: BinaryIO, start: int, size: int) -> Iterator[tuple[int, int]]:
    stream.seek(start + 5)
    position = start + int.from_bytes(stream.read(4), "big") + 4  # after the size of the tag before, which is none
    while True:
        stream.seek(position)
        header = stream.read(FLV_TAG_BYTES + 2)
        if len(header) < FLV_TAG_BYTES + 2:
            return
        body = position + FLV_TAG_BYTES
        end = body + int.from_bytes(header[1:4], "big")
        is_aac = header[FLV_TAG_BYTES] >> 4 == FLV_AAC
        prefix = 2 if is_aac else 1
        is_audio = header[0] & 0x1F == FLV_AUDIO and not (is_aac and header[FLV_TAG_BYTES + 1] != FLV_AAC_FRAME)
        first = min(body + prefix, end, size)
        yield first, min(end, size) if is_audio else first
        position = end + 4

"""WavPack, Monkey's Audio, True Audio and Musepack: the encoded audio without tags, tables and loudness fields.

Sources: the WavPack 4 and 5 file format, Monkey's Audio 10 (APEInfo.h), the TTA1 and Musepack SV7 and SV8 formats.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from models.containers import UnsupportedContainer, Update, feed_range, feed_ranges
from models.containers.mpeg import end_of_audio

WAVPACK_HEADER_BYTES = 32
APE_DESCRIPTOR_VERSION = 3980  # from it on, the header says where the audio lies
APE_HEADER_BYTES = 24  # of the header after the descriptor
TTA_HEADER_BYTES = 22
MUSEPACK_7_LOUDNESS = (12, 20)  # bytes of the header that ReplayGain scanners write
MUSEPACK_8_AUDIO = {b"SH", b"AP"}
LARGEST_NUMBER_BYTES = 10  # of a size of variable length


def feed_wavpack(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the blocks that hold samples to `update`, without their headers, whose counts an encoder may complete."""
    feed_ranges(stream, _wavpack_blocks(stream, start, size), size, update)


def _wavpack_blocks(stream: BinaryIO, position: int, size: int) -> Iterator[tuple[int, int]]:
    while True:
        stream.seek(position)
        header = stream.read(WAVPACK_HEADER_BYTES)
        if len(header) < WAVPACK_HEADER_BYTES or not header.startswith(b"wvpk"):
            return
        length, samples = struct.unpack_from("<I12xI", header, 4)
        end = min(size, position + 8 + length)
        start = position + WAVPACK_HEADER_BYTES
        if end < start:
            return
        yield start, end if samples else start
        position = end


def feed_ape(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the format and the frames of a Monkey's Audio file to `update`."""
    stream.seek(start)
    head = stream.read(32)
    if len(head) < 32:
        return
    end = end_of_audio(stream, size)
    (version,) = struct.unpack_from("<H", head, 4)
    if version < APE_DESCRIPTOR_VERSION:
        feed_range(stream, start + 6, end, update)
        return
    descriptor, header, table, wav_header, low, high = struct.unpack_from("<6I", head, 8)
    stream.seek(start + descriptor)
    update(stream.read(APE_HEADER_BYTES))
    first = start + descriptor + header + table + wav_header
    feed_range(stream, first, min(end, first + (high << 32 | low)), update)


def feed_tta(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the frames of a True Audio file to `update`."""
    stream.seek(start)
    head = stream.read(TTA_HEADER_BYTES)
    if len(head) < TTA_HEADER_BYTES:
        return
    rate, n_samples = struct.unpack_from("<II", head, 10)
    samples_per_frame = 256 * rate // 245
    if not samples_per_frame:
        raise UnsupportedContainer("The True Audio file is damaged: it declares a sample rate of 0 Hz")
    table = 4 * (-(-n_samples // samples_per_frame) + 1)
    feed_range(stream, start + TTA_HEADER_BYTES + table, end_of_audio(stream, size), update)


def feed_musepack_7(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass a Musepack file of stream version 7 to `update`, without the loudness fields of its header."""
    feed_range(stream, start, start + MUSEPACK_7_LOUDNESS[0], update)
    feed_range(stream, start + MUSEPACK_7_LOUDNESS[1], end_of_audio(stream, size), update)


def feed_musepack_8(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the stream header and the audio packets of a Musepack file of stream version 8 to `update`."""
    feed_ranges(stream, _musepack_packets(stream, start + 4, end_of_audio(stream, size)), size, update)


def _musepack_packets(stream: BinaryIO, position: int, size: int) -> Iterator[tuple[int, int]]:
    while position < size:
        stream.seek(position)
        header = stream.read(2 + LARGEST_NUMBER_BYTES)
        length, header_bytes = musepack_number(header, 2)
        if not header_bytes or length < header_bytes:
            return
        start, end = position + header_bytes, min(size, position + length)
        yield start, end if header[:2] in MUSEPACK_8_AUDIO else start
        position += length


def musepack_number(data: bytes, position: int) -> tuple[int, int]:
    """Parse a number of variable length; return it and the position after it, or 0 and 0 if the bytes end within it."""
    number = 0
    for after, byte in enumerate(data[position:], position + 1):
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            return number, after
    return 0, 0

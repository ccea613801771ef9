"""Formats made of chunks: WAV, RF64, Wave64, AVI, AIFF, CAF, DSDIFF, DSF, RealMedia, and AU, which has one header.

Sources: Microsoft's RIFF and AVI references, EBU Tech 3306 (RF64), Sony's Wave64, Apple's AIFF-C and CAF
specifications, Philips' DSDIFF 1.5, Sony's DSF 1.01.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from models.containers import MAX_PACKETS, UnsupportedContainer, Update, feed_range, feed_ranges

# A real file has a dozen chunks, and one more for each picture. A file of empty ones costs a read for every few bytes,
# in the process that serves requests.
MAX_CHUNKS = 1024
DSF_FORMAT_BYTES = 1 << 16  # real ones have 52
WAV_FORMAT_BYTES = 16  # of the chunk "fmt ": the rest only describes channels and compression
AVI_LIST = {b"RIFF", b"LIST"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a format writes the header of a chunk.

    Attributes:
        order: Byte order of sizes.
        id_bytes: Bytes of the chunk's id, which comes first.
        size_bytes: Bytes of its size.
        alignment: Chunks begin at multiples of it.
        counts_header: Whether the size includes the header.
    """

    order: Literal["little", "big"]
    id_bytes: int = 4
    size_bytes: int = 4
    alignment: int = 2
    counts_header: bool = False


RIFF = Layout("little")
IFF = Layout("big")
DFF = Layout("big", size_bytes=8)
CORE_AUDIO = Layout("big", size_bytes=8, alignment=1)
WAVE64 = Layout("little", id_bytes=16, size_bytes=8, alignment=8, counts_header=True)
REAL = Layout("big", alignment=1, counts_header=True)
DSF = Layout("little", size_bytes=8, alignment=1, counts_header=True)

Chunk = tuple[int, int]
"""Positions of the first byte of a chunk's content and after its last byte."""


def chunks(  # noqa: PLR0913  the last two have defaults
    stream: BinaryIO, position: int, end: int, layout: Layout, limit: int = MAX_CHUNKS, *, clips: bool = True
) -> Iterator[tuple[bytes, Chunk]]:
    """List chunks: the id and the place of the content of each.

    Args:
        stream: A seekable file.
        position: Position of the first chunk.
        end: Position after the last chunk.
        layout: The format of chunk headers.
        limit: Maximum number of chunks.
        clips: Whether the content of a chunk ends at `end`, or where its header says.

    Raises:
        UnsupportedContainer: There are more.
    """
    header_bytes = layout.id_bytes + layout.size_bytes
    undeclared = (1 << 8 * layout.size_bytes) - 1  # an interrupted recording, and a stream
    for _ in range(limit):
        header = read_start(stream, position, end, header_bytes)
        if len(header) < header_bytes:
            return
        length = int.from_bytes(header[layout.id_bytes :], layout.order)
        start = position + header_bytes
        content = max(0, length - header_bytes) if layout.counts_header else length
        after = end if length == undeclared else start + content
        yield header[: layout.id_bytes], (start, min(after, end) if clips else after)
        position = after + -after % layout.alignment
    raise UnsupportedContainer(f"The file is damaged: it has more than {limit} chunks")


def feed_wav(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the format and the samples of a WAV or RF64 file to `update`."""
    _feed_wave(stream, start + 12, size, RIFF, update)


def feed_wave64(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the format and the samples of a Wave64 file to `update`: the same bytes as for a WAV."""
    _feed_wave(stream, start + 40, size, WAVE64, update)


def _feed_wave(stream: BinaryIO, position: int, size: int, layout: Layout, update: Update) -> None:
    form, long_data = b"", 0  # RF64 states the size of its data apart from it
    for kind, (first, last) in chunks(stream, position, size, layout):
        if kind[:4] == b"ds64":
            long_data = int.from_bytes(read_start(stream, first, last, 16)[8:], "little")
        elif kind[:4] == b"fmt ":
            form += read_start(stream, first, last, WAV_FORMAT_BYTES)
        elif kind[:4] == b"data":
            end = min(first + long_data, size) if long_data and last == size else last
            end = size if first == last else end  # an interrupted recording states 0
            _feed_samples(stream, form, (first, end), update)
            return


def feed_avi(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the packets of the first audio stream of an AVI file to `update`."""
    feed_ranges(stream, _avi_packets(stream, start, size), size, update)


def _avi_packets(stream: BinaryIO, position: int, size: int) -> Iterator[Chunk]:
    n_streams, audio = 0, b""
    for _ in range(MAX_PACKETS):
        kind, (first, last) = next(chunks(stream, position, size, RIFF), (b"", (0, 0)))
        if not kind:
            return
        position = last + last % 2
        if kind in AVI_LIST:
            position = first + 4  # a list: its chunks are listed as if they lay outside
        elif kind == b"strh":
            if not audio and read_start(stream, first, last, 4) == b"auds":
                audio = b"%02dwb" % n_streams
            n_streams += 1
        elif kind == audio:
            yield first, last


def feed_aiff(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass channels, sample size, rate, compression and samples of an AIFF or AIFF-C file to `update`."""
    found = _first_of_each(stream, start + 12, size, IFF, {b"COMM", b"SSND"})
    if len(found) == 2:
        common = read_start(stream, *found[b"COMM"], 22)
        form = common[:2] + common[6:18] + (common[18:] or b"NONE")
        first, last = found[b"SSND"]
        offset = int.from_bytes(read_start(stream, first, last, 4), "big")
        _feed_samples(stream, form, (first + 8 + offset, last), update)


def feed_caf(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the packets of a CAF file to `update`, after the format if they are samples."""
    found = _first_of_each(stream, start + 8, size, CORE_AUDIO, {b"desc", b"data"})
    if len(found) == 2:
        description = read_start(stream, *found[b"desc"], 32)
        form = description if description[8:12] == b"lpcm" else b""
        first, last = found[b"data"]
        _feed_samples(stream, form, (first + 4, last), update)  # after the count of edits


def feed_dsdiff(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the sound of a DSDIFF file to `update`."""
    for kind, (first, last) in chunks(stream, start + 16, size, DFF):
        if kind in {b"DSD ", b"DST "}:
            feed_range(stream, first, last, update)
            return


def feed_dsf(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the format and the sound of a DSF file to `update`. The pointer to its ID3v2 tag lies before them."""
    found = _first_of_each(stream, start, size, DSF, {b"fmt ", b"data"})
    if len(found) == 2:
        _feed_samples(stream, read_start(stream, *found[b"fmt "], DSF_FORMAT_BYTES), found[b"data"], update)


def feed_real(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass the packets of a RealMedia file, with the times in their headers, to `update`."""
    for kind, (first, last) in chunks(stream, start, size, REAL):
        if kind == b"DATA":
            feed_range(stream, first, last, update)


def feed_au(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass encoding, rate, channels and samples of an AU file to `update`."""
    header = read_start(stream, start, size, 24)
    if len(header) == 24:
        offset, length = struct.unpack_from(">II", header, 4)
        end = size if length == 0xFFFFFFFF else min(size, start + offset + length)
        _feed_samples(stream, header[12:], (start + offset, end), update)


def _feed_samples(stream: BinaryIO, form: bytes, place: Chunk, update: Update) -> None:
    """Pass the format and the samples, or nothing if there are none."""
    if read_start(stream, *place, 1):
        update(form)
        feed_range(stream, *place, update)


def _first_of_each(stream: BinaryIO, position: int, end: int, layout: Layout, kinds: set[bytes]) -> dict[bytes, Chunk]:
    found: dict[bytes, Chunk] = {}
    for kind, place in chunks(stream, position, end, layout):
        if kind in kinds:
            found.setdefault(kind, place)
            if len(found) == len(kinds):
                break
    return found


def read_start(stream: BinaryIO, first: int, last: int, count: int) -> bytes:
    """Read up to `count` bytes of a range of a file, whose start may lie behind its end."""
    if first >= last:
        return b""
    stream.seek(first)
    return stream.read(min(count, last - first))

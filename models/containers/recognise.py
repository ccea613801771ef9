"""The audio formats that Segue reads, those that it refuses by name, and how to tell them by content.

Sources: RFC 9639 (FLAC), EBU Tech 3306 (RF64).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from models.containers import UnsupportedContainer, Update, feed_range, mpeg, ogg

HEAD_BYTES = 64
# FLAC metadata blocks or WAV chunks: a real file has a dozen, and one more for each picture. A file of empty ones costs
# a read for every few bytes, in the process that serves requests.
MAX_BLOCKS = 1024

NOT_SUPPORTED_OR_DAMAGED = "Not a supported audio file, or damaged"

# (offset, bytes, name): formats that are common in music folders and that Segue does not decode.
REFUSED_FORMATS = (
    (4, b"ftyp", "M4A (AAC or ALAC)"),
    (0, b"\x30\x26\xb2\x75", "WMA"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"DSD ", "DSD"),
    (0, b"FRM8", "DSD"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"TTA1", "True Audio"),
    (8, b"AIFF", "AIFF"),
    (8, b"AIFC", "AIFF"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
)
ADTS_SYNC = (b"\xff\xf1", b"\xff\xf9")


@dataclass(frozen=True, slots=True)
class Container:
    """A supported audio format.

    Attributes:
        name: For messages.
        suffix: File name suffix, with its dot.
        feed: Passes the encoded audio of a stream to an update function, without tags. Its other arguments are the
            position after leading ID3v2 tags and the size of the file.
    """

    name: str
    suffix: str
    feed: Callable[[BinaryIO, int, int, Update], None]


def recognise(stream: BinaryIO) -> Container:
    """Recognise the format of a file by its content.

    Args:
        stream: A seekable, non-empty file.

    Returns:
        The format.

    Raises:
        UnsupportedContainer: The file is not WAV, FLAC, Ogg or MP3.
    """
    start = mpeg.skip_id3v2(stream)
    stream.seek(start)
    head = stream.read(HEAD_BYTES)
    if head.startswith(b"fLaC"):
        return FLAC
    if head.startswith(b"OggS"):
        return OPUS if ogg.is_opus(stream, start) else OGG
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return WAV
    if head.startswith(b"#EXTM3U"):
        raise UnsupportedContainer("The file is a playlist, not audio")
    for offset, magic, name in REFUSED_FORMATS:
        if head[offset : offset + len(magic)] == magic:
            raise UnsupportedContainer(not_supported(name))
    if mpeg.find_frame(stream, start) is not None:
        return MP3
    if head.startswith(ADTS_SYNC):  # after the search for frames: junk before an MP3 may begin with these two bytes
        raise UnsupportedContainer(not_supported("Raw AAC"))
    if head and not any(head):
        raise UnsupportedContainer("The file starts with zero bytes: not audio, or an incomplete download")
    raise UnsupportedContainer(NOT_SUPPORTED_OR_DAMAGED)


def not_supported(name: str) -> str:
    """Return the message for a format that Segue does not decode."""
    return f"{name} is not supported: convert it to FLAC, Opus or MP3"


def _feed_flac(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    position = start + 4
    for _ in range(MAX_BLOCKS):
        stream.seek(position)
        header = stream.read(4)
        if len(header) < 4:
            return
        position += 4 + int.from_bytes(header[1:], "big")
        if header[0] & 0x80:
            feed_range(stream, position, mpeg.end_of_audio(stream, size), update)
            return
    raise UnsupportedContainer(f"The FLAC file is damaged: it has more than {MAX_BLOCKS} metadata blocks")


def _feed_wav(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    position = start + 12
    for _ in range(MAX_BLOCKS):
        stream.seek(position)
        header = stream.read(8)
        if len(header) < 8:
            return
        length = int.from_bytes(header[4:], "little")
        body = position + 8
        if header[:4] == b"fmt ":
            update(stream.read(min(length, 16)))
        elif header[:4] == b"data":
            # An interrupted recording, and RF64, declare no length here: the audio reaches to the end of the file.
            undeclared = length in {0, 0xFFFFFFFF}
            feed_range(stream, body, size if undeclared else min(body + length, size), update)
            return
        position = body + length + length % 2
    raise UnsupportedContainer(f"The WAV file is damaged: it has more than {MAX_BLOCKS} chunks")


FLAC = Container("FLAC", ".flac", _feed_flac)
OGG = Container("Ogg", ".ogg", ogg.feed)
OPUS = Container("Ogg", ".opus", ogg.feed)
WAV = Container("WAV", ".wav", _feed_wav)
MP3 = Container("MP3", ".mp3", mpeg.feed)

"""Which recording a file holds: a hash of its encoded audio, blind to names, places and tags.

Only the audio packets of a container are hashed, so that moving, renaming or retagging a file, or copying its
streams into a new container, gives the same identity. Sources: ID3v2.4 structure, APEv2 and Lyrics3 descriptions,
RFC 3533 (Ogg), RFC 7845 (Opus), the Vorbis I specification, RFC 9639 (FLAC), ISO/IEC 11172-3 (MPEG audio),
EBU Tech 3306 (RF64).
"""

import hashlib
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from models.containers import UnsupportedContainer, mpeg, ogg
from models.containers.mpeg import feed_range
from services.domain.errors import UnsupportedAudio

# Any fixed UUID would do; a new one would make every track a stranger to its listens.
NAMESPACE = uuid.UUID("5e67e5e6-7565-4d75-b369-63207669626e")

LONGEST_MAGIC = 16
# FLAC metadata blocks and WAV chunks: a real file has a dozen, and one more for each picture. Empty ones cost a read
# for every few bytes of a file, in the process that answers requests.
MAX_BLOCKS = 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """A track id derived from the audio, and the file name suffix of its format."""

    track_id: str
    suffix: str


Feed = Callable[[BinaryIO, int, int, Callable[[bytes], None]], None]
"""Hands the audio of a stream, from a start to a size, to an update function."""


class _Digest:
    """A hash that knows whether it was fed at all."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def update(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)

    def track_id(self) -> str:
        return str(uuid.uuid5(NAMESPACE, self._hash.hexdigest()))


def identify(stream: BinaryIO) -> Identity:
    """Identify the recording in a seekable stream; reads it once, in bounded memory.

    Raises:
        UnsupportedAudio: the bytes are not WAV, FLAC, Ogg (Vorbis, Opus, FLAC) or MP3, or hold no audio.
    """
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        raise UnsupportedAudio("No audio: the file is empty (0 bytes).")
    start = mpeg.skip_id3v2(stream)
    suffix, feed = _format(stream, start)
    digest = _Digest()
    try:
        feed(stream, start, size, digest.update)
    except UnsupportedContainer as error:
        raise UnsupportedAudio(str(error)) from error
    if digest.size == 0:
        raise UnsupportedAudio("No audio: the file ends with its header.")
    return Identity(digest.track_id(), suffix)


def _format(stream: BinaryIO, start: int) -> tuple[str, Feed]:
    stream.seek(start)
    magic = stream.read(LONGEST_MAGIC)
    if magic.startswith(b"fLaC"):
        return ".flac", _feed_flac
    if magic.startswith(b"OggS"):
        return (".opus" if ogg.is_opus(stream, start) else ".ogg"), ogg.feed
    if magic[:4] in {b"RIFF", b"RF64"} and magic[8:12] == b"WAVE":
        return ".wav", _feed_wav
    if magic.startswith(b"#EXTM3U"):
        raise UnsupportedAudio("A playlist, not audio.")
    if magic[4:8] == b"ftyp":
        raise UnsupportedAudio("M4A/AAC is not supported: no permissively licensed decoder ships as a wheel.")
    if mpeg.find_frame(stream, start) is not None:
        return ".mp3", mpeg.feed
    raise UnsupportedAudio("Header missing: not an audio file that Segue reads (MP3, FLAC, Ogg, Opus, WAV).")


def _feed_flac(stream: BinaryIO, start: int, size: int, update: Callable[[bytes], None]) -> None:
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
    raise UnsupportedAudio(f"More than {MAX_BLOCKS} metadata blocks in a FLAC file: the file is damaged.")


def _feed_wav(stream: BinaryIO, start: int, size: int, update: Callable[[bytes], None]) -> None:
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
            # A recorder that was cut off, and RF64, leave a length that says nothing: the rest is audio then.
            unknown = length in {0, 0xFFFFFFFF}
            feed_range(stream, body, size if unknown else min(body + length, size), update)
            return
        position = body + length + length % 2
    raise UnsupportedAudio(f"More than {MAX_BLOCKS} chunks in a WAV file: the file is damaged.")

"""Track ids: a hash of a file's encoded audio, independent of its name, folder and tags.

Only the audio packets of a container are hashed, so moving, renaming or retagging a file, or copying its streams into
a new container, keeps the id.
"""

import hashlib
import os
import uuid
from dataclasses import dataclass
from typing import BinaryIO

from models.containers import mpeg
from services.domain.errors import UnsupportedAudio
from services.domain.failure import FailureKind
from services.ingest.formats import VIDEO_DEMUXERS, audio_format, declared_duration, parsing

# Any fixed UUID works; changing it changes every track id, so listens would lose their tracks.
NAMESPACE = uuid.UUID("5e67e5e6-7565-4d75-b369-63207669626e")


@dataclass(frozen=True, slots=True)
class Identity:
    """A track id derived from the audio, and the file name suffix of its format."""

    track_id: str
    suffix: str


class _Digest:
    """A SHA-256 that counts the bytes it hashed."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def update(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)

    def track_id(self) -> str:
        return str(uuid.uuid5(NAMESPACE, self._hash.hexdigest()))


def picture_id_of(stream: BinaryIO) -> str:
    """Compute the id of a picture, a hash of the whole file, so that it stays the same when the file is moved."""
    stream.seek(0)
    digest = hashlib.sha256()
    while data := stream.read(1 << 20):
        digest.update(data)
    return str(uuid.uuid5(NAMESPACE, f"picture:{digest.hexdigest()}"))


def identify(stream: BinaryIO) -> Identity:
    """Compute the track id of a seekable stream; reads it once, in bounded memory.

    Raises:
        UnsupportedAudio: the bytes are not in a supported format, or hold no audio.
        AudioNotRead: the parser of the format failed in an unexpected way.
    """
    container = audio_format(stream)
    size = stream.seek(0, os.SEEK_END)
    digest = _Digest()
    with parsing(FailureKind.DAMAGED):
        container.feed(stream, mpeg.skip_id3v2(stream), size, digest.update)
    if digest.size == 0:
        is_whole_video = container.demuxer in VIDEO_DEMUXERS and declared_duration(stream) is not None
        kind = FailureKind.LEFT_OUT if is_whole_video else FailureKind.DAMAGED
        raise UnsupportedAudio(f"The {container.name} file holds no audio", kind)
    return Identity(digest.track_id(), container.suffix)

"""Formats of audio and pictures, told by content; files in other formats are refused with a reason."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from models.containers import NotMusic, UnsupportedContainer
from models.containers.lengths import declared_seconds
from models.containers.pictures import HEAD_BYTES, recognise_picture
from models.containers.recognise import Container, recognise
from services.domain.errors import AudioNotRead, UnsupportedAudio, UnsupportedPicture, UnsupportedVideo
from services.domain.failure import FailureKind

VIDEO_DEMUXERS = {"mov", "matroska", "avi", "mpeg", "mpegts", "flv", "asf"}
EMPTY = "The file is empty (0 bytes)"


@contextmanager
def parsing(kind: FailureKind = FailureKind.UNSUPPORTED) -> Iterator[None]:
    """Turn what a parser of `models.containers` raises into errors of one file, so that it never stops a whole scan.

    Raises:
        UnsupportedAudio: the file is not audio in a supported format.
        AudioNotRead: the parser failed in an unexpected way.
        OSError: the file cannot be read.
    """
    try:
        yield
    except NotMusic as error:
        raise UnsupportedAudio(str(error), FailureKind.LEFT_OUT) from error
    except UnsupportedContainer as error:
        raise UnsupportedAudio(str(error), kind) from error
    except OSError:
        raise
    except Exception as error:  # whatever it is, other files can be read
        raise AudioNotRead(error) from error


def audio_format(stream: BinaryIO) -> Container:
    """Return the audio format of a seekable stream.

    Raises:
        UnsupportedAudio: the bytes are no audio in a supported format.
    """
    if stream.seek(0, os.SEEK_END) == 0:
        raise UnsupportedAudio(EMPTY, FailureKind.DAMAGED)
    with parsing():
        return recognise(stream)


def declared_duration(stream: BinaryIO) -> int | None:
    """Return the length in milliseconds that a file declares; None if it is no audio or declares none."""
    try:
        container = audio_format(stream)
        with parsing():
            seconds = declared_seconds(stream, container)
    except UnsupportedAudio:
        return None
    return round(seconds * 1000) if seconds else None


def video_format(stream: BinaryIO) -> Container:
    """Return the format of a seekable stream that may hold video.

    Raises:
        UnsupportedVideo: the bytes are in no container of video that ffmpeg reads.
    """
    try:
        container = audio_format(stream)
    except UnsupportedAudio as error:
        raise UnsupportedVideo(error.detail) from error
    if container.demuxer not in VIDEO_DEMUXERS:
        raise UnsupportedVideo(f"{container.name} holds no video")
    return container


def picture_format(content: bytes) -> str:
    """Return the name of the format of a picture.

    Raises:
        UnsupportedPicture: the bytes are not JPEG, PNG, WebP or GIF.
    """
    if not content:
        raise UnsupportedPicture(EMPTY)
    try:
        return recognise_picture(content[:HEAD_BYTES])
    except UnsupportedContainer as error:
        raise UnsupportedPicture(str(error)) from error

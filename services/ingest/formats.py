"""Formats of audio and pictures, told by content; files in other formats are refused with a reason."""

import os
from typing import BinaryIO

from models.containers import UnsupportedContainer
from models.containers.lengths import declared_seconds
from models.containers.pictures import HEAD_BYTES, recognise_picture
from models.containers.recognise import Container, recognise
from services.domain.errors import UnsupportedAudio, UnsupportedPicture, UnsupportedVideo

MAX_SECONDS = 1e6  # a header that declares more is wrong
VIDEO_DEMUXERS = {"mov", "matroska", "avi", "mpeg", "mpegts", "flv", "asf"}
EMPTY = "The file is empty (0 bytes)"


def audio_format(stream: BinaryIO) -> Container:
    """Return the audio format of a seekable stream.

    Raises:
        UnsupportedAudio: the bytes are no audio in a supported format.
    """
    if stream.seek(0, os.SEEK_END) == 0:
        raise UnsupportedAudio(EMPTY)
    try:
        return recognise(stream)
    except UnsupportedContainer as error:
        raise UnsupportedAudio(str(error)) from error


def declared_duration(stream: BinaryIO) -> int | None:
    """Return the length in milliseconds that a file declares; None if it is no audio or declares none."""
    try:
        seconds = declared_seconds(stream, audio_format(stream))
    except UnsupportedAudio:
        return None
    return round(seconds * 1000) if 0 < seconds < MAX_SECONDS else None


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

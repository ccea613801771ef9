"""Convert audio for players with ffmpeg, where it is installed, while it is sent.

A conversion occupies a thread of the API process until the player has taken all of it, or has taken nothing for
half a minute, so only a few run at a time.
ffmpeg is confined as it is for analyses (`models.sandbox.convert`).
"""

# ruff: noqa: N818  class names are the titles of problems

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from threading import BoundedSemaphore
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import structlog
from flask import Flask, Response, current_app

from models.ffmpeg import MUSIC_DECODERS, Ffmpeg, find_ffmpeg
from services.api.audio import OpenAudio
from services.api.http.errors import ApiError
from services.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from io import BufferedReader

EXTENSION = "segue.transcoding"

THREADS_PER_CONVERSION = 2
"""Half of the threads of a process stay free for other requests."""

CHUNK_BYTES = 64 * 1024
END_SECONDS = 5.0

MIN_BIT_RATE, MAX_BIT_RATE = 32, 320
"""In kbit/s, what every encoder below accepts."""

CD_RATE = ("-ar", "44100")
"""Encoders refuse high bit rates of low sample rates."""

DESCRIPTORS = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Format:
    """A format that audio can be converted to."""

    suffix: str
    media_type: str
    encoder: tuple[str, ...]
    muxer: str
    bit_rate: int | None
    """In kbit/s, if the player names none; None for a lossless format."""
    is_constant: bool = False
    """Whether the length in bytes follows from the bit rate."""


MP3 = Format(
    suffix="mp3",
    media_type="audio/mpeg",
    encoder=("libmp3lame", *CD_RATE, "-write_xing", "0", "-id3v2_version", "0"),
    muxer="mp3",
    bit_rate=192,
    is_constant=True,
)
FORMATS = MappingProxyType(
    {
        "mp3": MP3,
        "opus": Format("opus", "audio/ogg", ("libopus",), "ogg", 128),
        "ogg": Format("ogg", "audio/ogg", ("libvorbis", *CD_RATE), "ogg", 192),
        "aac": Format("aac", "audio/aac", ("aac", *CD_RATE), "adts", 192),
        "flac": Format("flac", "audio/flac", ("flac",), "flac", None),
    }
)
"""By the name that players use, which is also the suffix of files."""


class TooManyConversions(ApiError):
    """As many conversions as allowed are running."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("As many conversions as allowed are running. Retry later, or ask for `format=raw`.")


class ConversionFailed(InvalidRequest):
    """ffmpeg wrote nothing."""

    def __init__(self) -> None:
        super().__init__("The file cannot be converted, or it ends before that time. Ask for `format=raw`.")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a player wants: the format, the bit rate in kbit/s, and where to begin in seconds."""

    to: Format
    bit_rate: int | None = None
    offset: float = 0.0

    @property
    def kilobits(self) -> int | None:
        """The bit rate within the encoders' limits; None for a lossless format."""
        if self.to.bit_rate is None:
            return None
        return min(MAX_BIT_RATE, max(MIN_BIT_RATE, self.bit_rate or self.to.bit_rate))

    def arguments(self, path: str, demuxer: str) -> list[str]:
        """Return ffmpeg's arguments."""
        allowed = ["-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", MUSIC_DECODERS]
        rate = [] if self.kilobits is None else ["-b:a", f"{self.kilobits}k"]
        return [
            *("-nostdin", "-hide_banner", "-nostats", "-loglevel", "error"),
            *(("-ss", f"{self.offset:.3f}") if self.offset else ()),
            *(*allowed, "-threads", "1", "-vn", "-sn", "-dn", "-f", demuxer, "-i", path),
            *("-map", "0:a:0", "-map_metadata", "-1", "-ac", "2", "-c:a", *self.to.encoder, *rate),
            *("-flush_packets", "1", "-f", self.to.muxer, "pipe:1"),
        ]

    def estimated_bytes(self, duration_ms: int | None) -> int | None:
        """Return the length of the result; None if it cannot be told."""
        if duration_ms is None or self.kilobits is None or not self.to.is_constant:
            return None
        return max(0, round((duration_ms / 1000 - self.offset) * self.kilobits * 1000 / 8))


def install_transcoding(app: Flask, threads: int) -> None:
    """Allow as many conversions at a time as an API process with this number of threads can run."""
    app.extensions[EXTENSION] = BoundedSemaphore(max(1, threads // THREADS_PER_CONVERSION))


def send_converted(audio: OpenAudio, conversion: Conversion, length: int | None = None) -> Response:
    """Send audio in another format, and close the file.

    Args:
        audio: The open file.
        conversion: What the player wants.
        length: The length in bytes to announce, if any. The result is cut off or filled up with zeros.

    Raises:
        TooManyConversions: as many as allowed are running.
        ConversionFailed: ffmpeg cannot read the file from there on.
    """
    ffmpeg, places = find_ffmpeg(), current_app.extensions[EXTENSION]
    if ffmpeg is None:
        raise RuntimeError("ffmpeg is not installed")
    with audio.stream, ExitStack() as running:  # the process has its own descriptor of the stream
        if not places.acquire(blocking=False):
            raise TooManyConversions
        running.callback(places.release)
        process = _started(ffmpeg, audio, conversion)
        running.callback(_end, process)
        chunks = _begun(process)
        end = running.pop_all().close
    response = Response(chunks if length is None else _exactly(chunks, length), content_type=conversion.to.media_type)
    response.call_on_close(end)
    if length is not None:
        response.content_length = length
    response.headers["Cache-Control"] = "no-store"
    return response


def _started(ffmpeg: Ffmpeg, audio: OpenAudio, conversion: Conversion) -> subprocess.Popen[bytes]:
    file = audio.stream.fileno()
    arguments = conversion.arguments(f"{DESCRIPTORS}/{file}", audio.container.demuxer)
    return subprocess.Popen(  # noqa: S603  the interpreter of this process
        ffmpeg.confined(file, arguments),
        pass_fds=(file,),
        env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(END_SECONDS)


def _begun(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Return what ffmpeg writes, after it has written something.

    Raises:
        ConversionFailed: it wrote nothing.
    """
    chunks = _read(process)
    first = next(chunks, b"")
    if not first:
        raise ConversionFailed
    return chain([first], chunks)


def _read(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    with cast("BufferedReader", process.stdout) as output:
        while chunk := output.read1(CHUNK_BYTES):
            yield chunk
    if code := process.wait(END_SECONDS):
        log.warning("conversion_ended_early", code=code)


def _exactly(chunks: Iterator[bytes], length: int) -> Iterator[bytes]:
    left = length
    for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk[:left])
        if not left:
            return
    while left:
        yield bytes(min(left, CHUNK_BYTES))
        left -= min(left, CHUNK_BYTES)

"""The messages between a worker, the server that forks decoders, and a decoder of audio or of a picture.

A malicious file may control its decoder. The worker therefore reads a decoder's message into memory of a known size,
and checks every number before it uses it.
"""

import math
import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.audio.decode import SAMPLE_RATE, Windows
from models.audio.placement import MAX_WINDOWS, WINDOW_SECONDS
from models.audio.sound import MAX_SECONDS, MIN_SECONDS
from models.audio.waveform import MAX_PEAK, STEPS_PER_SECOND
from models.errors import (
    AnalysisError,
    DecoderFailed,
    NeedsFfmpeg,
    RefusedAudio,
    RefusedPicture,
    RefusedVideo,
    UnreadableAudio,
    UnreadablePicture,
    UnreadableVideo,
)
from models.pictures.decode import Pixels
from models.video.decode import FRAME_SIDE, SMALL_PER_SECOND, SMALL_SIDE, Clip
from models.video.decode import MAX_SECONDS as MAX_VIDEO_SECONDS

# Kind, maximum number of pixels per side; the file and the result pipe come as descriptors. For ffmpeg
# also the length in seconds, whether it was measured, whether to skip silences, and the demuxer.
REQUEST = struct.Struct("=BHd??16s")
REPORT = struct.Struct("=BiQd")  # how the decoder ended, exit code or signal, peak memory, processor time
# Decoded or which reason; windows, or length of the reason; samples, or height; steps of power, or width; duration.
HEADER = struct.Struct("=BHIId")

DECODED = 0
REASONS: tuple[type[AnalysisError], ...] = (  # kinds 1, 2 …
    UnreadableAudio,
    RefusedAudio,
    UnreadablePicture,
    RefusedPicture,
    DecoderFailed,
    NeedsFfmpeg,
    UnreadableVideo,
    RefusedVideo,
)
LONGEST_REASON = 500  # bytes
MAX_SAMPLES = round(WINDOW_SECONDS * SAMPLE_RATE) + 1  # a resampler rounds up
MAX_STEPS = round(WINDOW_SECONDS * STEPS_PER_SECOND)
MAX_FRAMES = round(MAX_VIDEO_SECONDS) + 2
OVERSHOOT = 2.0  # above the 1.1 by which a resampler overshoots at a square wave's edge
FULL_POWER = 2 * MAX_PEAK**2  # of two channels

Read = Callable[[memoryview], None]
"""Fills a buffer completely with bytes from the decoder, or raises."""


class Kind(IntEnum):
    """What a file is decoded as."""

    AUDIO = 0
    PICTURE = 1
    FFMPEG = 2
    """Audio that ffmpeg decodes."""
    VIDEO = 3
    """Video that ffmpeg decodes."""


def request(  # noqa: PLR0913  a field of the message each
    kind: Kind,
    limit: int = 0,
    seconds: float = 0.0,
    demuxer: str = "",
    *,
    is_measured: bool = False,
    skips_silence: bool = False,
) -> bytes:
    """Serialise a request; see `REQUEST`."""
    return REQUEST.pack(kind, limit, seconds, is_measured, skips_silence, demuxer.encode("ascii"))


class End(IntEnum):
    """How a decoder ended."""

    EXITED = 0
    KILLED = 1
    OUT_OF_TIME = 2
    NOT_STARTED = 3


@dataclass(frozen=True)
class Report:
    """The server's report on a decoder that ended.

    Attributes:
        end: How it ended.
        code: Its exit code, the signal that killed it, or the errno of the failed start.
        peak_bytes: Its peak resident memory.
        cpu_seconds: Its processor time.
    """

    end: End
    code: int
    peak_bytes: int
    cpu_seconds: float

    @classmethod
    def of_ended(cls, status: int, usage: resource.struct_rusage) -> "Report":
        """Return the report on a process that ended, from what wait4(2) returns."""
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        cpu = usage.ru_utime + usage.ru_stime
        if os.WIFSIGNALED(status):
            return cls(End.KILLED, os.WTERMSIG(status), peak, cpu)
        return cls(End.EXITED, os.WEXITSTATUS(status), peak, cpu)

    def to_bytes(self) -> bytes:
        """Serialise the report."""
        return REPORT.pack(self.end, self.code, self.peak_bytes, self.cpu_seconds)

    @classmethod
    def of_bytes(cls, data: bytes) -> "Report":
        """Parse a report. It is trusted: the server that sends it never parses a file."""
        end, code, peak, cpu = REPORT.unpack(data)
        return cls(End(end), code, peak, cpu)


def windows_message(windows: Windows) -> Iterator[bytes | memoryview]:
    """Serialise decoded windows."""
    count, n_samples = windows.samples.shape
    yield HEADER.pack(DECODED, count, n_samples, windows.power.shape[1], windows.duration)
    yield struct.pack(f"={count}d", *windows.starts)
    yield np.ascontiguousarray(windows.samples).data.cast("B")
    yield np.ascontiguousarray(windows.power).data.cast("B")


def picture_message(pixels: Pixels) -> Iterator[bytes | memoryview]:
    """Serialise a decoded picture."""
    height, width, _ = pixels.shape
    yield HEADER.pack(DECODED, 0, height, width, 0.0)
    yield np.ascontiguousarray(pixels).data.cast("B")


def video_message(clip: Clip) -> Iterator[bytes | memoryview]:
    """Serialise a decoded clip."""
    count, height, width, _ = clip.frames.shape
    yield HEADER.pack(DECODED, count, height, width, len(clip.smalls))
    yield np.ascontiguousarray(clip.frames).data.cast("B")
    yield np.ascontiguousarray(clip.smalls).data.cast("B")


def length_message(seconds: float) -> Iterator[bytes | memoryview]:
    """Serialise the length that ffmpeg measured; see `models.audio.ffmpeg.read_output`."""
    yield HEADER.pack(DECODED, 0, 0, 0, seconds)


def reason_message(error: AnalysisError) -> Iterator[bytes | memoryview]:
    """Serialise the reason why a file was not decoded."""
    kind = REASONS.index(type(error)) + 1
    reason = str(error).encode("utf-8", "replace")[:LONGEST_REASON]
    yield HEADER.pack(kind, len(reason), 0, 0, 0.0)
    yield reason


def receive_windows(read: Read) -> Windows:
    """Read and validate the message of a decoder of audio.

    Args:
        read: Source of the bytes.

    Returns:
        The decoded windows.

    Raises:
        AnalysisError: The reason that the decoder sent, or what is wrong with its message.
    """
    found = receive_windows_or_length(read)
    if isinstance(found, float):
        raise DecoderFailed("The decoder sent no windows")
    return found


def receive_windows_or_length(read: Read) -> Windows | float:
    """Read and validate the message of a decoder that reads ffmpeg's output.

    Args:
        read: Source of the bytes.

    Returns:
        The decoded windows, or a length as `models.audio.ffmpeg.read_output` returns it.

    Raises:
        AnalysisError: The reason that the decoder sent, or what is wrong with its message.
    """
    count, n_samples, n_steps, duration = _header(read)
    if not count and (duration < 0 or MIN_SECONDS <= duration <= MAX_SECONDS):
        return float(duration)
    if not (1 <= count <= MAX_WINDOWS and 1 <= n_samples <= MAX_SAMPLES and 1 <= n_steps <= MAX_STEPS):
        raise DecoderFailed("The decoder sent too many windows or samples")
    if not (math.isfinite(duration) and MIN_SECONDS <= duration <= MAX_SECONDS):
        raise DecoderFailed("The decoder sent a duration outside the limits")
    starts = _starts(read, count, duration)
    samples = _array(read, (count, n_samples), -OVERSHOOT * MAX_PEAK, OVERSHOOT * MAX_PEAK)
    power = _array(read, (count, n_steps), 0.0, FULL_POWER)
    return Windows(samples=samples, sample_rate=SAMPLE_RATE, duration=duration, starts=starts, power=power)


def receive_picture(read: Read, max_side: int) -> Pixels:
    """Read and validate the message of a decoder of a picture.

    Args:
        read: Source of the bytes.
        max_side: Maximum height and width in pixels, as in the request.

    Returns:
        The decoded pixels.

    Raises:
        AnalysisError: The reason that the decoder sent, or what is wrong with its message.
    """
    _, height, width, _ = _header(read)
    if not (1 <= height <= max_side and 1 <= width <= max_side):
        raise DecoderFailed("The decoder sent a picture outside the limits")
    pixels = np.empty((height, width, 3), np.uint8)
    read(pixels.data.cast("B"))
    return pixels


def receive_video(read: Read) -> Clip:
    """Read and validate the message of a decoder of video.

    Args:
        read: Source of the bytes.

    Returns:
        The decoded clip.

    Raises:
        AnalysisError: The reason that the decoder sent, or what is wrong with its message.
    """
    count, height, width, small_count = _header(read)
    if not (1 <= count <= MAX_FRAMES and 1 <= height <= FRAME_SIDE and 1 <= width <= FRAME_SIDE):
        raise DecoderFailed("The decoder sent frames outside the limits")
    if not 1 <= small_count <= MAX_FRAMES * SMALL_PER_SECOND:
        raise DecoderFailed("The decoder sent more frames than requested")
    frames = np.empty((count, height, width, 3), np.uint8)
    read(frames.data.cast("B"))
    smalls = np.empty((int(small_count), SMALL_SIDE, SMALL_SIDE, 3), np.uint8)
    read(smalls.data.cast("B"))
    return Clip(frames, smalls)


def _header(read: Read) -> tuple[int, int, int, float]:
    header = bytearray(HEADER.size)
    read(memoryview(header))
    kind, count, first, second, duration = HEADER.unpack(header)
    if kind != DECODED:
        raise _reason(read, kind, count)
    return count, first, second, duration


def _reason(read: Read, kind: int, length: int) -> AnalysisError:
    if not (kind <= len(REASONS) and length <= LONGEST_REASON):
        return DecoderFailed("The decoder sent an invalid message")
    reason = bytearray(length)
    read(memoryview(reason))
    text = reason.decode("utf-8", "replace")
    return REASONS[kind - 1]("".join(letter if letter.isprintable() else " " for letter in text))


def _starts(read: Read, count: int, duration: float) -> tuple[float, ...]:
    data = bytearray(8 * count)
    read(memoryview(data))
    starts: tuple[float, ...] = struct.unpack(f"={count}d", data)
    # Python's sort leaves NaN in place, so each value is compared.
    if not all(first < second for first, second in pairwise((-1.0, *starts, duration))) or starts[0] < 0:
        raise DecoderFailed("The decoder sent windows outside the track")
    return starts


def _array(read: Read, shape: tuple[int, int], lowest: float, highest: float) -> NDArray[np.float32]:
    values = np.empty(shape, np.float32)
    read(values.data.cast("B"))
    if not (lowest <= values.min() and values.max() <= highest):  # false for NaN too
        raise DecoderFailed("The decoder sent samples outside the limits")
    return values

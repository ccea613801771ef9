"""The messages between a worker, the server that forks decoders, and a decoder.

A malicious file may control its decoder. The worker therefore reads a decoder's message into memory of a known size,
and checks every number before it uses it.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from models.audio.decode import MAX_SECONDS, MIN_SECONDS, SAMPLE_RATE, WINDOW_SECONDS, Windows
from models.audio.waveform import MAX_PEAK, STEPS_PER_SECOND
from models.errors import AnalysisError, DecoderFailed, RefusedAudio, UnreadableAudio

REQUEST = struct.Struct("=H")  # maximum number of windows; the file and the result pipe come as descriptors
REPORT = struct.Struct("=BiQd")  # how the decoder ended, exit code or signal, peak memory, processor time
HEADER = struct.Struct("=BHIId")  # kind, windows or length of the reason, samples, steps of power, duration

WINDOWS = 0
REASONS: tuple[type[AnalysisError], ...] = (UnreadableAudio, RefusedAudio, DecoderFailed)  # kinds 1, 2, 3
LONGEST_REASON = 500  # bytes
MAX_SAMPLES = round(WINDOW_SECONDS * SAMPLE_RATE) + 1  # a resampler rounds up
MAX_STEPS = round(WINDOW_SECONDS * STEPS_PER_SECOND)
OVERSHOOT = 2.0  # above the 1.1 by which a resampler overshoots at a square wave's edge
FULL_POWER = 2 * MAX_PEAK**2  # of two channels

Read = Callable[[memoryview], None]
"""Fills a buffer completely with bytes from the decoder, or raises."""


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
    yield HEADER.pack(WINDOWS, count, n_samples, windows.power.shape[1], windows.duration)
    yield np.ascontiguousarray(windows.samples).data.cast("B")
    yield np.ascontiguousarray(windows.power).data.cast("B")


def reason_message(error: AnalysisError) -> Iterator[bytes | memoryview]:
    """Serialise the reason why a file was not decoded."""
    kind = REASONS.index(type(error)) + 1
    reason = str(error).encode("utf-8", "replace")[:LONGEST_REASON]
    yield HEADER.pack(kind, len(reason), 0, 0, 0.0)
    yield reason


def receive(read: Read, max_windows: int) -> Windows:
    """Read and validate a decoder's message.

    Args:
        read: Source of the bytes.
        max_windows: Maximum number of windows, as in the request.

    Returns:
        The decoded windows.

    Raises:
        AnalysisError: The reason that the decoder sent, or what is wrong with its message.
    """
    header = bytearray(HEADER.size)
    read(memoryview(header))
    kind, count, n_samples, n_steps, duration = HEADER.unpack(header)
    if kind != WINDOWS:
        raise _reason(read, kind, count)
    if not (1 <= count <= max_windows and 1 <= n_samples <= MAX_SAMPLES and 1 <= n_steps <= MAX_STEPS):
        raise DecoderFailed("The decoder sent more windows or samples than requested")
    if not (math.isfinite(duration) and MIN_SECONDS <= duration <= MAX_SECONDS):
        raise DecoderFailed("The decoder sent a duration outside the limits")
    samples = _array(read, (count, n_samples), -OVERSHOOT * MAX_PEAK, OVERSHOOT * MAX_PEAK)
    power = _array(read, (count, n_steps), 0.0, FULL_POWER)
    return Windows(samples=samples, sample_rate=SAMPLE_RATE, duration=duration, power=power)


def _reason(read: Read, kind: int, length: int) -> AnalysisError:
    if not (kind <= len(REASONS) and length <= LONGEST_REASON):
        return DecoderFailed("The decoder sent an invalid message")
    reason = bytearray(length)
    read(memoryview(reason))
    text = reason.decode("utf-8", "replace")
    return REASONS[kind - 1]("".join(letter if letter.isprintable() else " " for letter in text))


def _array(read: Read, shape: tuple[int, int], lowest: float, highest: float) -> NDArray[np.float32]:
    values = np.empty(shape, np.float32)
    read(values.data.cast("B"))
    if not (lowest <= values.min() and values.max() <= highest):  # false for NaN too
        raise DecoderFailed("The decoder sent samples outside the limits")
    return values

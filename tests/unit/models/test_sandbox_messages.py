"""A worker validates every message of a decoder."""

import struct

import numpy as np
import pytest

from models.audio.decode import SAMPLE_RATE, Windows
from models.audio.placement import MAX_WINDOWS
from models.errors import DecoderFailed, RefusedAudio, UnreadableAudio
from models.sandbox.messages import (
    DECODED,
    HEADER,
    LONGEST_REASON,
    MAX_SAMPLES,
    MAX_STEPS,
    End,
    Report,
    reason_message,
    receive_windows,
    windows_message,
)


def windows(samples=None, power=None, duration=60.0, starts=(10.5, 40.0)):
    samples = np.full((2, 1000), 0.5, np.float32) if samples is None else samples
    power = np.full((2, 10), 0.25, np.float32) if power is None else power
    return Windows(samples=samples, sample_rate=SAMPLE_RATE, duration=duration, starts=starts, power=power)


def reader(data):
    """Read bytes like a pipe whose writer closes after them."""
    left = memoryview(bytes(data))

    def read(buffer):
        nonlocal left
        if len(left) < len(buffer):
            raise DecoderFailed("The decoder ended without a result")
        buffer[:] = left[: len(buffer)]
        left = left[len(buffer) :]

    return read


def received(message):
    return receive_windows(reader(b"".join(bytes(part) for part in message)))


def test_windows_are_transferred_unchanged():
    """Windows arrive bit for bit."""
    sent = windows()
    got = received(windows_message(sent))

    np.testing.assert_array_equal(got.samples, sent.samples)
    np.testing.assert_array_equal(got.power, sent.power)
    assert (got.duration, got.sample_rate, got.starts) == (60.0, SAMPLE_RATE, (10.5, 40.0))


@pytest.mark.parametrize("kind", [UnreadableAudio, RefusedAudio, DecoderFailed])
def test_reasons_are_transferred_unchanged(kind):
    """The class of the error and its message arrive."""
    with pytest.raises(kind, match=r"^Too short: 1 s$"):
        received(reason_message(kind("Too short: 1 s")))


def test_a_reason_is_safe_to_log():
    """Control characters become spaces, and long reasons are cut."""
    with pytest.raises(UnreadableAudio) as refused:
        received(reason_message(UnreadableAudio("a\nb\x1b[31m" + "x" * 9999)))

    assert str(refused.value).startswith("a b [31m")
    assert len(str(refused.value)) == LONGEST_REASON


INVALID = {
    "no windows": HEADER.pack(DECODED, 0, 1000, 10, 60.0),
    "more windows": HEADER.pack(DECODED, MAX_WINDOWS + 1, 1000, 10, 60.0),
    "no samples": HEADER.pack(DECODED, 2, 0, 10, 60.0),
    "more samples": HEADER.pack(DECODED, 2, MAX_SAMPLES + 1, 10, 60.0),
    "4 GB of samples": HEADER.pack(DECODED, 2, 0xFFFFFFFF, 10, 60.0),
    "more steps": HEADER.pack(DECODED, 2, 1000, MAX_STEPS + 1, 60.0),
    "no steps": HEADER.pack(DECODED, 1, 1, 0, 60.0) + bytes(4),
    "a duration that is not a number": HEADER.pack(DECODED, 2, 1000, 10, float("nan")),
    "a negative duration": HEADER.pack(DECODED, 2, 1000, 10, -1.0),
    "a duration of a year": HEADER.pack(DECODED, 2, 1000, 10, 3e7),
    "an unknown kind": HEADER.pack(9, 5, 0, 0, 0.0) + b"Hello",
    "a long reason": HEADER.pack(1, LONGEST_REASON + 1, 0, 0, 0.0) + bytes(LONGEST_REASON + 1),
    "half a header": bytes(5),
    "nothing": b"",
    "half the samples": HEADER.pack(DECODED, 2, 1000, 10, 60.0) + struct.pack("=2d", 0, 30) + bytes(3999),
}


@pytest.mark.parametrize("message", INVALID.values(), ids=INVALID)
def test_invalid_headers_are_refused(message):
    """A size is checked before memory is allocated for it."""
    with pytest.raises(DecoderFailed):
        receive_windows(reader(message))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6, -1e6])
def test_samples_outside_the_limits_are_refused(value):
    """One NaN, infinite or too large sample among thousands is refused."""
    samples = np.zeros((2, 1000), np.float32)
    samples[1, 999] = value

    with pytest.raises(DecoderFailed):
        received(windows_message(windows(samples=samples)))


@pytest.mark.parametrize(
    "starts", [(np.nan, 40.0), (10.0, np.nan), (40.0, 10.5), (-1e-3, 40.0), (10.0, 60.1), (10.0, 10.0)]
)
def test_starts_outside_the_track_are_refused(starts):
    """Windows begin inside the track, one after another."""
    with pytest.raises(DecoderFailed):
        received(windows_message(windows(starts=starts)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e-3])
def test_invalid_power_is_refused(value):
    """NaN, infinite and negative mean squares are refused."""
    power = np.full((2, 10), 0.1, np.float32)
    power[0, 3] = value

    with pytest.raises(DecoderFailed):
        received(windows_message(windows(power=power)))


def test_reports_are_transferred_unchanged():
    """A report arrives unchanged."""
    report = Report(End.KILLED, 11, 2**33, 0.25)

    assert Report.of_bytes(report.to_bytes()) == report

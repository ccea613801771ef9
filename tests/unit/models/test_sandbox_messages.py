"""A decoder's answer is hostile until it is checked."""

import numpy as np
import pytest

from models.audio.decode import SAMPLE_RATE, Windows
from models.errors import DecoderFailed, RefusedAudio, UnreadableAudio
from models.sandbox.messages import (
    HEADER,
    LONGEST_REASON,
    MAX_SAMPLES,
    MAX_STEPS,
    WINDOWS,
    End,
    Report,
    reason_message,
    receive,
    windows_message,
)

WINDOW_COUNT = 6


def windows(samples=None, power=None, duration=60.0):
    samples = np.full((2, 1000), 0.5, np.float32) if samples is None else samples
    power = np.full((2, 10), 0.25, np.float32) if power is None else power
    return Windows(samples=samples, sample_rate=SAMPLE_RATE, duration=duration, power=power)


def reader(data):
    """Reads bytes as a pipe does whose writer ends after them."""
    left = memoryview(bytes(data))

    def read(buffer):
        nonlocal left
        if len(left) < len(buffer):
            raise DecoderFailed("The decoder ended without an answer")
        buffer[:] = left[: len(buffer)]
        left = left[len(buffer) :]

    return read


def received(message):
    return receive(reader(b"".join(bytes(part) for part in message)), WINDOW_COUNT)


def test_windows_come_back_as_they_were():
    """What an honest decoder sends arrives bit for bit."""
    sent = windows()
    got = received(windows_message(sent))

    np.testing.assert_array_equal(got.samples, sent.samples)
    np.testing.assert_array_equal(got.power, sent.power)
    assert (got.duration, got.sample_rate) == (60.0, SAMPLE_RATE)


@pytest.mark.parametrize("kind", [UnreadableAudio, RefusedAudio, DecoderFailed])
def test_reasons_come_back_as_they_were(kind):
    """The kind of refusal and its sentence arrive."""
    with pytest.raises(kind, match=r"^Too short: 1 s$"):
        received(reason_message(kind("Too short: 1 s")))


def test_a_reason_is_made_fit_for_a_log():
    """Control characters become spaces, and an essay is cut."""
    with pytest.raises(UnreadableAudio) as refused:
        received(reason_message(UnreadableAudio("a\nb\x1b[31m" + "x" * 9999)))

    assert str(refused.value).startswith("a b [31m")
    assert len(str(refused.value)) == LONGEST_REASON


NO_WINDOWS = {
    "no windows": HEADER.pack(WINDOWS, 0, 1000, 10, 60.0),
    "more windows": HEADER.pack(WINDOWS, WINDOW_COUNT + 1, 1000, 10, 60.0),
    "no samples": HEADER.pack(WINDOWS, 2, 0, 10, 60.0),
    "more samples": HEADER.pack(WINDOWS, 2, MAX_SAMPLES + 1, 10, 60.0),
    "4 GB of samples": HEADER.pack(WINDOWS, 2, 0xFFFFFFFF, 10, 60.0),
    "more steps": HEADER.pack(WINDOWS, 2, 1000, MAX_STEPS + 1, 60.0),
    "no steps": HEADER.pack(WINDOWS, 1, 1, 0, 60.0) + bytes(4),
    "a duration that is no number": HEADER.pack(WINDOWS, 2, 1000, 10, float("nan")),
    "a negative duration": HEADER.pack(WINDOWS, 2, 1000, 10, -1.0),
    "a year": HEADER.pack(WINDOWS, 2, 1000, 10, 3e7),
    "an unknown kind": HEADER.pack(9, 5, 0, 0, 0.0) + b"Hello",
    "a long reason": HEADER.pack(1, LONGEST_REASON + 1, 0, 0, 0.0) + bytes(LONGEST_REASON + 1),
    "half a header": bytes(5),
    "nothing": b"",
    "half the samples": HEADER.pack(WINDOWS, 2, 1000, 10, 60.0) + bytes(3999),
}


@pytest.mark.parametrize("answer", NO_WINDOWS.values(), ids=NO_WINDOWS)
def test_sizes_that_no_decoder_sends_are_refused(answer):
    """Nothing is allocated for a size before it is checked."""
    with pytest.raises(DecoderFailed):
        receive(reader(answer), WINDOW_COUNT)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6, -1e6])
def test_samples_that_no_recording_holds_are_refused(value):
    """One such sample among thousands is enough."""
    samples = np.zeros((2, 1000), np.float32)
    samples[1, 999] = value

    with pytest.raises(DecoderFailed):
        received(windows_message(windows(samples=samples)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e-3])
def test_power_that_is_none_is_refused(value):
    """A mean square is a number and not negative."""
    power = np.full((2, 10), 0.1, np.float32)
    power[0, 3] = value

    with pytest.raises(DecoderFailed):
        received(windows_message(windows(power=power)))


def test_a_report_comes_back_as_it_was():
    """How a decoder ended survives the way."""
    report = Report(End.KILLED, 11, 2**33, 0.25)

    assert Report.of_bytes(report.to_bytes()) == report

"""Windows of an MP3 equal a full decode, although its frames depend on those before them and differ in size."""

import numpy as np
import pytest
import soundfile
import soxr

from models.audio.decode import SAMPLE_RATE, read_windows
from models.audio.placement import window_frames
from models.containers.mpeg import frame_header

RATE = 44_100


def _write(path, samples, rate=RATE, compression_level=0.3):
    """Write an MP3 of variable bit rate."""
    with soundfile.SoundFile(
        path, "w", rate, samples.shape[1], format="MP3", bitrate_mode="VARIABLE", compression_level=compression_level
    ) as file:
        for start in range(0, len(samples), rate):
            file.write(samples[start : start + rate])
    return path


def _without_length(path):
    """Remove the first frame of an MP3, which declares the length."""
    content = path.read_bytes()
    first = content.find(b"\xff")
    assert b"Xing" in content[first : first + 64]
    path.write_bytes(content[first + frame_header(content[first : first + 4]).size :])
    return path


def _windows_of_full_decode(path):
    whole, _ = soundfile.read(path, dtype="float32")
    stretches = [whole[start : start + length] for start, length in window_frames(len(whole), RATE)]
    mids = [(stretch[:, 0] + stretch[:, 1]) * np.float32(0.5) for stretch in stretches]
    return [soxr.resample(mid, RATE, SAMPLE_RATE) for mid in mids]


@pytest.mark.parametrize("quiet", [slice(0, 30), slice(51, 60)], ids=["quiet first", "quiet last"])
def test_variable_mp3_equals_a_full_decode(tmp_path, noise, quiet):
    """Windows of an MP3 of variable bit rate equal a full decode: one frame does not tell the length of the rest."""
    samples = noise(60)
    samples[quiet.start * RATE : quiet.stop * RATE] *= 0.01
    path = _write(tmp_path / "variable.mp3", samples)

    np.testing.assert_array_equal(read_windows(path).samples, _windows_of_full_decode(path))


@pytest.mark.parametrize("fields", [15, 1], ids=["all fields", "no delay"])
def test_a_window_keeps_its_bit_reservoir(tmp_path, fields):
    """Windows of a tone, which takes few bits, equal a full decode: no seek in a window loses bits.

    Without all fields, the Xing header does not say where the encoder's delay is, so the file has no marks.
    """
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(70 * RATE) / RATE)
    path = _write(tmp_path / "tone.mp3", np.column_stack([tone, tone]), compression_level=0.9)
    content = bytearray(path.read_bytes())
    content[content.index(b"Xing") + 7] = fields
    path.write_bytes(content)

    np.testing.assert_array_equal(read_windows(path).samples, _windows_of_full_decode(path))


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (48_000, 1), (22_050, 2), (11_025, 1)])
@pytest.mark.parametrize("quiet", [slice(0, 3), slice(3, 6)], ids=["quiet first", "loud first"])
def test_variable_mp3_without_a_length_header(tmp_path, noise, quiet, rate, channels):
    """An MP3 of variable bit rate that declares no length is decoded to its end, whatever its first frame."""
    samples = noise(60, channels, rate)
    samples[quiet.start * 10 * rate : quiet.stop * 10 * rate] *= 0.01
    path = _without_length(_write(tmp_path / "variable.mp3", samples, rate))
    assert abs(soundfile.info(path).duration - 60) > 6

    windows = read_windows(path)
    is_quiet = windows.power.mean(axis=1) < 1e-3

    assert windows.duration == pytest.approx(60, abs=0.2)
    assert is_quiet.tolist() == [quiet.start <= index < quiet.stop for index in range(6)]


def test_variable_mp3_between_tags(tmp_path, noise):
    """Tags before and after the frames change neither the length nor the samples."""
    samples = noise(30)
    samples[: 15 * RATE] *= 0.01
    path = _without_length(_write(tmp_path / "variable.mp3", samples))
    bare = read_windows(path)
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
    path.write_bytes(tag * 2 + path.read_bytes() + b"TAG" + bytes(125))
    tagged = read_windows(path)

    assert tagged.duration == bare.duration == pytest.approx(30, abs=0.2)
    np.testing.assert_array_equal(tagged.samples, bare.samples)

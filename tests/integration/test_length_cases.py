"""Files whose headers say little or nothing true about their length, and music around long silences, analysed whole."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.analysis import analyse
from models.errors import RefusedAudio
from models.ffmpeg import find_ffmpeg
from models.sandbox import decoder
from services.ingest.identity import identify
from tests.conftest import missing
from tests.fakes.encoded import ffmpeg

RATE = 44100
RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
SILENCE = np.zeros(600 * RATE)
AROUND = {
    "40 s then 10 min": lambda: np.concatenate([music(91, 40), SILENCE]),
    "10 min then 40 s": lambda: np.concatenate([SILENCE, music(91, 40)]),
    "20 s, 10 min, 20 s": lambda: np.concatenate([music(91, 20), SILENCE, music(91, 20)]),
}


def music(seed: int, seconds: int) -> np.ndarray:
    """Two notes a second, each dying away."""
    draw, time = np.random.default_rng(seed), np.arange(seconds * RATE) / RATE
    beat = time * 2
    notes = 220 * 2 ** (draw.integers(0, 24, seconds * 2 + 1) / 12)
    return 0.3 * np.sin(2 * np.pi * notes[beat.astype(int)] * time) * np.exp(-3 * (beat % 1))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The analysis of the music without a silence."""
    path = tmp_path_factory.mktemp("alone") / "music alone.flac"
    soundfile.write(path, music(91, 40), RATE)
    return analyse(path)


@pytest.fixture
def needs_ffmpeg():
    """Skip the test where ffmpeg is missing."""
    if find_ffmpeg() is None:
        missing("ffmpeg")


def check_like(path: Path, alone) -> None:
    found = analyse(path)

    assert found.descriptors["duration"] == pytest.approx(640, abs=0.1)
    assert found.descriptors["tempo"] == pytest.approx(alone.descriptors["tempo"], rel=0.03)
    assert found.descriptors["loudness"] == pytest.approx(alone.descriptors["loudness"], abs=1)
    assert found.embedding @ alone.embedding > 0.9


@pytest.mark.parametrize("name", AROUND)
def test_music_around_a_long_silence_is_described_by_the_music(tmp_path, alone, name):
    """Tempo, loudness and embedding are those of the music, wherever it lies."""
    path = tmp_path / f"{name}.flac"
    soundfile.write(path, AROUND[name](), RATE)

    check_like(path, alone)


@pytest.mark.usefixtures("needs_ffmpeg")
def test_music_around_a_long_silence_in_an_m4a(tmp_path, alone):
    """ffmpeg leaves silences out, too."""
    soundfile.write(tmp_path / "song.wav", AROUND["20 s, 10 min, 20 s"](), RATE)
    ffmpeg("-i", tmp_path / "song.wav", "-c:a", "alac", tmp_path / "song.m4a")

    check_like(tmp_path / "song.m4a", alone)
    assert decoder.read_windows(tmp_path / "song.m4a").starts == pytest.approx((0, 10, 620, 630), abs=1)


@pytest.mark.usefixtures("needs_ffmpeg")
def test_a_silent_m4a_is_refused_as_silent(tmp_path):
    """A file without any music is left out, with that reason."""
    ffmpeg("-f", "lavfi", "-i", "anullsrc", "-t", "60", "-c:a", "aac", tmp_path / "silent.m4a")

    with pytest.raises(RefusedAudio, match="The file is silent"):
        decoder.read_windows(tmp_path / "silent.m4a")


def size(header: bytes) -> int:
    return 144 * RATES[header[2] >> 4] * 1000 // RATE + (header[2] >> 1 & 1)


def opening(header: bytes, kbit: int, content: bytes) -> bytes:
    """A silent frame of a bit rate with a table in it."""
    head = bytes((header[0], header[1] | 1, RATES.index(kbit) << 4 | header[2] & 0x0C, header[3]))
    return (head + bytes(32) + content).ljust(size(head), b"\0")


@pytest.fixture(scope="module")
def frames(tmp_path_factory) -> tuple[bytes, bytes, int, int]:
    """The frames of an MP3 of variable bit rate of 60 s, the header of the first, their number and size."""
    path = tmp_path_factory.mktemp("mp3") / "song.mp3"
    time = np.arange(60 * RATE) / RATE
    beat = time * 3
    noise = np.random.default_rng(3).normal(0, 0.1, len(time))
    mixed = np.where(time < 30, 0.1 * music(3, 60), music(3, 60) + noise * np.exp(-8 * (beat % 1)))
    stereo = np.stack([mixed, mixed * 0.9], axis=1)
    soundfile.write(path, stereo, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.2)
    data = path.read_bytes()
    mark = max(data.find(b"Xing", 0, 4096), data.find(b"Info", 0, 4096))
    header = data[mark - 36 : mark - 32]
    count, length = struct.unpack(">II", data[mark + 8 : mark + 16])
    return data[mark - 36 + size(header) :], header, count, length


@pytest.mark.parametrize(
    ("kind", "kbit"), [("none", 0), ("no count", 128), ("zero", 128), ("vbri", 320), ("vbri", 128), ("vbri", 32)]
)
def test_an_mp3_without_a_frame_count_is_heard_whole(tmp_path, frames, kind, kbit):
    """Its length is right, its quiet and its loud half are heard, and its table does not change its id."""
    data, header, count, length = frames
    vbri = b"VBRI" + struct.pack(">HHHII", 1, 0, 75, length, count) + struct.pack(">HHHH", 0, 1, 2, 0)
    tables = {"no count": b"Xing" + bytes(4), "zero": b"Xing" + struct.pack(">II", 1, 0), "vbri": vbri}
    bare, path = tmp_path / "bare.mp3", tmp_path / "song.mp3"
    bare.write_bytes(data)
    path.write_bytes((opening(header, kbit, tables[kind]) if kbit else b"") + data)

    windows = decoder.read_windows(path)
    power = windows.power.mean(axis=1)

    assert windows.duration == pytest.approx(60, abs=0.1)
    assert len(power) == 6
    assert power[:3].max() < power[3:].min() / 4
    with path.open("rb") as stream, bare.open("rb") as other:
        assert identify(stream) == identify(other)

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import soundfile
import soxr

from models.audio.decode import SAMPLE_RATE, read_windows
from models.audio.placement import window_frames
from models.errors import AnalysisError, RefusedAudio, UnreadableAudio

RATE = 44_100
FORMATS = ["track.wav", "track.flac", "track.ogg", "track.opus", "track.mp3"]

MEMORY_PROBE = """
    import resource, sys
    from pathlib import Path
    from models.audio.decode import read_windows
    from models.errors import AnalysisError

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = peak()
    try:
        read_windows(Path(sys.argv[1]))
        print("decoded", peak() - before)
    except AnalysisError as error:
        print(type(error).__name__, peak() - before)
"""


@pytest.mark.parametrize("name", FORMATS)
def test_formats(write_sound, sine, name):
    """A sine is decoded from every format with its frequency, level, rate and duration."""
    rate = 48_000 if name.endswith("opus") else RATE
    tone = sine(1000, 12, amplitude=0.5, sample_rate=rate)
    windows = read_windows(write_sound(name, np.stack([tone, tone], axis=1), rate))

    spectrum = np.abs(np.fft.rfft(windows.samples[0] * np.hanning(windows.samples.shape[1])))

    assert windows.sample_rate == SAMPLE_RATE
    assert windows.samples.dtype == np.float32
    assert windows.samples.shape == (1, 160_000)
    assert windows.duration == pytest.approx(12, abs=0.1)
    assert np.argmax(spectrum) / 10 == pytest.approx(1000, abs=1)
    assert windows.samples[0].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.06)  # LAME scales by 0.95


@pytest.mark.parametrize("name", FORMATS)
def test_windows_equal_a_full_decode(write_sound, noise, name):
    """Windows that are decoded after a seek equal the same part of a full decode, bit for bit."""
    rate = 48_000 if name.endswith("opus") else RATE
    path = write_sound(name, noise(70, sample_rate=rate), rate)
    windows = read_windows(path)
    whole, _ = soundfile.read(path, dtype="float32")

    stretches = [whole[start : start + length] for start, length in window_frames(len(whole), rate)]

    assert len(stretches) == 6
    for samples, power, stretch in zip(windows.samples, windows.power, stretches, strict=True):
        steps = np.square(stretch.astype(np.float64)).sum(axis=1).reshape(100, -1)
        np.testing.assert_allclose(power, steps.mean(axis=1), rtol=1e-5)
        mid = (stretch[:, 0] + stretch[:, 1]) * np.float32(0.5)
        np.testing.assert_array_equal(samples, soxr.resample(mid, rate, SAMPLE_RATE))


@pytest.mark.parametrize(
    ("seconds", "count", "length"),
    [(5, 1, 5), (9.5, 1, 9.5), (19, 1, 10), (35, 3, 10), (60, 6, 10), (600, 6, 10), (3600, 15, 10), (43_200, 24, 10)],
)
def test_window_layout(seconds, count, length):
    """Windows lie inside the track, in order, without overlap, as many as fit up to six, or more in a long track."""
    n_frames = round(seconds * RATE)
    windows = window_frames(n_frames, RATE)
    edges = [edge for start, size in windows for edge in (start, start + size)]

    assert [size for _, size in windows] == [round(length * RATE)] * count
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= n_frames
    assert abs(edges[0] - (n_frames - edges[-1])) <= 1  # as far from the start as from the end


def test_silent_windows_are_left_out(write_sound, noise):
    """The windows of a track whose half is silent all lie in the other half."""
    path = write_sound("half.flac", np.concatenate([noise(40), np.zeros((40 * RATE, 2), np.float32)]))

    windows = read_windows(path)

    assert windows.duration == 80
    assert windows.samples.shape == (4, 160_000)
    assert windows.starts == pytest.approx((0, 10, 20, 30), abs=1)
    assert windows.power.min() > 0


@pytest.mark.parametrize(("start", "seconds"), [(57, 8), (61.5, 0.8)])
def test_a_short_sound_in_silence_is_heard(write_sound, noise, start, seconds):
    """Two minutes with eight seconds of sound, or with less than a second, are not silent."""
    samples = np.zeros((120 * 8000, 2), np.float32)
    sound = noise(seconds, sample_rate=8000)
    samples[round(start * 8000) :][: len(sound)] = sound

    windows = read_windows(write_sound("rare.flac", samples, 8000))

    assert len(windows.starts) == 1
    assert windows.starts[0] < start + 0.1
    assert windows.starts[0] + 10 > start + seconds - 0.1


def test_opposite_channels_do_not_cancel(write_sound, sine):
    """A stereo file whose channels cancel in the mix is decoded from its left channel."""
    tone = sine(440, 12)
    windows = read_windows(write_sound("inverted.wav", np.stack([tone, -tone], axis=1)))

    assert windows.samples.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_surround_is_folded(write_sound, noise):
    """Six channels are mixed to one."""
    windows = read_windows(write_sound("surround.flac", noise(11, channels=6)))

    assert windows.samples.shape == (1, 160_000)
    assert windows.power.mean() == pytest.approx(0.01 / 6, rel=0.02)  # of the mean of six: that of one is 0.01


def test_high_rates_are_measured_whole(write_sound, noise):
    """The power of a 192 kHz file includes frequencies above 8 kHz, which the samples lack."""
    windows = read_windows(write_sound("fast.wav", noise(11, sample_rate=192_000), 192_000, "PCM_24"))

    assert windows.samples.shape == (1, 160_000)
    assert windows.power.shape == (1, 100)
    assert windows.power.mean() == pytest.approx(2 * 0.01, rel=0.02)


def test_name_does_not_matter(write_sound, noise, tmp_path):
    """A FLAC named .raw is decoded as FLAC."""
    path = write_sound("song.flac", noise(6)).rename(tmp_path / "song.raw")

    assert read_windows(path).duration == pytest.approx(6)


CONTENTS = [
    (b"", "The file is empty (0 bytes)"),
    (b"Dear diary, " * 1000, "Not audio: plain text"),
    (b"#EXTM3U\n#EXTINF:10,\n/etc/hostname\n", "The file is a playlist, not audio"),
    (bytes(5000), "The file starts with zero bytes"),
    (b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(5000), "M4A is not supported: convert it to FLAC, Opus or MP3"),
    ((b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)) * 50, "AAC is not supported"),
    (b"wvpk" + bytes(5000), "WavPack is not supported"),
    (b"fLaC" + b"\x01" * 5000, "The file is damaged"),
    (b"RIFF\x00\x10\x00\x00RMIDdata" + bytes(5000), "Not a supported audio file, or damaged"),
    (np.random.default_rng(3).bytes(100_000), "Not a supported audio file, or damaged"),
]


@pytest.mark.parametrize(("content", "reason"), CONTENTS, ids=range(len(CONTENTS)))
def test_not_audio(tmp_path, content, reason):
    """A file that is not supported audio is refused with a reason, whatever its name."""
    path = tmp_path / "song.mp3"
    path.write_bytes(content)

    with pytest.raises(UnreadableAudio) as caught:
        read_windows(path)

    assert str(caught.value).startswith(reason)
    assert str(tmp_path) not in str(caught.value)


def test_playlist_opens_no_other_file(write_sound, noise, tmp_path):
    """An HLS playlist named .mp3 is refused although its target would decode."""
    other = write_sound("private.wav", noise(20))
    playlist = tmp_path / "x.mp3"
    playlist.write_text(f"#EXTM3U\n#EXTINF:20,\n{other}\n#EXT-X-ENDLIST\n")

    with pytest.raises(UnreadableAudio, match="a playlist, not audio"):
        read_windows(playlist)


def test_odd_codec_is_refused(write_sound, noise):
    """A WAV with an old telephone codec is refused, although libsndfile would decode it."""
    path = write_sound("phone.wav", noise(10, channels=1, sample_rate=8000), 8000, "GSM610")

    with pytest.raises(UnreadableAudio, match="WAV with GSM610 is not supported"):
        read_windows(path)


@pytest.mark.parametrize("name", ["cut.flac", "cut.mp3", "cut.wav", "cut.aiff", "cut.au", "cut.w64"])
def test_truncated(write_sound, noise, name):
    """A file that declares more than it contains is refused, and the message states where it ends."""
    path = write_sound(name, noise(60))
    os.truncate(path, path.stat().st_size // 3)

    with pytest.raises(UnreadableAudio, match=r"ends early or is damaged: it declares 60\.0 s"):
        read_windows(path)


@pytest.mark.parametrize("name", ["cut.flac", "cut.mp3", "cut.wav", "cut.aiff"])
def test_a_file_that_misses_little_is_measured(write_sound, noise, name):
    """If no more than a tenth of the declared length is missing, the file is as long as what it holds."""
    path = write_sound(name, noise(60))
    os.truncate(path, path.stat().st_size * 93 // 100)

    assert read_windows(path).duration == pytest.approx(55.8, abs=0.6)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF - 36], ids=["ffmpeg", "sox"])
def test_a_recording_that_declares_no_length_is_measured(write_sound, noise, size):
    """Recorders write these sizes before the end is known."""
    path = write_sound("song.wav", noise(20))
    content = path.read_bytes()
    path.write_bytes(content[:40] + size.to_bytes(4, "little") + content[44:])

    assert read_windows(path).duration == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize("name", ["cut.ogg", "cut.opus"])
def test_truncated_without_a_declared_length(write_sound, noise, name):
    """If libsndfile measures the length itself, a truncated file is a shorter track."""
    rate = 48_000 if name.endswith("opus") else RATE
    path = write_sound(name, noise(60, sample_rate=rate), rate)
    os.truncate(path, path.stat().st_size // 3)

    assert read_windows(path).duration == pytest.approx(20, abs=1.5)


def _declare_frames(path, n_frames):
    """Overwrite the 36-bit length in a FLAC's STREAMINFO."""
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | n_frames >> 32
    content[22:26] = (n_frames & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(content)


def test_too_long(write_sound, noise):
    """A track of 13 hours is refused before anything is decoded."""
    path = write_sound("long.wav", noise(6, channels=1, sample_rate=4000), 4000, "PCM_U8")
    size = 13 * 3600 * 4000
    with path.open("r+b") as stream:
        stream.seek(40)
        stream.write(size.to_bytes(4, "little"))
        stream.truncate(44 + size)

    with pytest.raises(RefusedAudio, match=r"Too long: 13\.0 h"):
        read_windows(path)


def test_streamed_flac_is_measured(write_sound, noise):
    """The length of a FLAC that declares none, as encoders write to a pipe, is measured."""
    path = write_sound("piped.flac", noise(30))
    _declare_frames(path, 0)

    assert read_windows(path).duration == 30


def test_damage_in_the_middle(write_sound, noise):
    """Damage inside a window is reported, not decoded into noise."""
    path = write_sound("scratched.flac", noise(60))
    content = bytearray(path.read_bytes())
    content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
    path.write_bytes(content)

    with pytest.raises(UnreadableAudio, match="damaged"):
        read_windows(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e20])
def test_impossible_samples(write_sound, noise, value):
    """One sample that is NaN, infinite or far above full scale means that the file is damaged."""
    samples = noise(12)
    samples[6 * RATE, 1] = value

    with pytest.raises(UnreadableAudio, match="The file is damaged"):
        read_windows(write_sound("broken.wav", samples, subtype="FLOAT"))


@pytest.mark.parametrize(
    ("shape", "rate", "reason"),
    [
        ((100, 1), 1, "The sample rate 1 Hz is outside 4000 to 384000 Hz"),
        ((8000, 1024), 8000, "Too many channels: 1024; the maximum is 8"),
        ((4 * 8000, 1), 8000, "Too short: 4.0 s; the minimum is 5 s"),
        ((20 * 8000, 2), 8000, "The file is silent"),
    ],
)
def test_limits(write_sound, shape, rate, reason):
    """Audio outside the limits is refused, and the message names the limit."""
    path = write_sound("odd.wav", np.zeros(shape, np.float32), rate, "PCM_U8")

    with pytest.raises(RefusedAudio) as caught:
        read_windows(path)

    assert str(caught.value) == reason


def test_constant_offset_is_silence(write_sound):
    """A file of one constant value is silent, whatever the value."""
    with pytest.raises(RefusedAudio, match="The file is silent"):
        read_windows(write_sound("offset.wav", np.full(20 * RATE, 0.5, np.float32)))


def test_quiet_music_is_not_silence(write_sound, noise):
    """Noise at -60 dBFS is analysed."""
    assert len(read_windows(write_sound("quiet.flac", noise(12) * 0.01)).samples) == 1


def test_header_without_samples(write_sound):
    """A header without samples is refused."""
    with pytest.raises(UnreadableAudio, match="a header but no samples"):
        read_windows(write_sound("empty.wav", np.zeros(0, np.float32)))


def test_not_a_regular_file(tmp_path):
    """Folders, pipes, devices and missing files are refused at once."""
    pipe = tmp_path / "pipe.mp3"
    os.mkfifo(pipe)
    refusals = {
        tmp_path: "The path is a folder, not a file",
        pipe: "The path is a pipe, socket or device, not a file",
        tmp_path / "gone.mp3": "The file does not exist",
    }

    for path, reason in refusals.items():
        with pytest.raises(UnreadableAudio, match=reason):
            read_windows(path)


def test_no_permission(write_sound, noise):
    """A file without read permission is refused with that reason, also in a folder without permission."""
    path = write_sound("closed/song.wav", noise(6))
    script = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from models.audio.decode import read_windows
        from models.errors import UnreadableAudio
        if os.getuid() == 0:
            os.setuid(65534)  # root may read everything
        try:
            read_windows(Path(sys.argv[1]))
        except UnreadableAudio as error:
            print(error)
    """)
    path.parent.chmod(0)
    try:
        result = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    finally:
        path.parent.chmod(0o755)

    assert result.stdout.strip() == "No permission to read the file"


def test_six_hours_of_silence_take_little_memory(tmp_path):
    """A 6-hour silent FLAC, 1.4 GB decoded at this rate, is refused within 150 MB."""
    path = tmp_path / "night.flac"
    block = np.zeros((600 * 8000, 2), np.int16)
    with soundfile.SoundFile(path, "w", 8000, 2, "PCM_16", format="FLAC", compression_level=0) as file:
        for _ in range(36):
            file.write(block)

    kind, kilobytes = _probe(path)

    assert kind == "RefusedAudio"
    assert kilobytes < 150_000


def test_greatest_allowed_file_takes_bounded_memory(write_sound, noise):
    """Eight channels at 384 kHz decode within 250 MB."""
    path = write_sound("greatest.wav", np.tile(noise(1, channels=8, sample_rate=384_000), (20, 1)), 384_000)
    kind, kilobytes = _probe(path)

    assert kind == "decoded"
    assert kilobytes < 250_000


def _probe(path):
    """Decode in a separate process; return the outcome and the rise of its peak memory in kilobytes."""
    script = textwrap.dedent(MEMORY_PROBE)
    result = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    kind, rise = result.stdout.split()
    return kind, int(rise) // (1024 if sys.platform == "darwin" else 1)


def test_every_cut_gives_windows_or_a_reason(write_sound, noise):
    """Wherever a file is cut, decoding gives windows or an AnalysisError."""
    for name in ("short.flac", "short.ogg", "short.mp3", "short.wav"):
        path = write_sound(name, noise(7, channels=1))
        for size in sorted({int(path.stat().st_size * part / 20) for part in range(20)}, reverse=True):
            os.truncate(path, size)
            try:
                outcome = read_windows(path).samples
            except AnalysisError as error:
                outcome = error
            assert isinstance(outcome, AnalysisError) or np.isfinite(outcome).all()

"""Lengths are measured: what the headers of a file say is checked against its frames, and every part is heard."""

import io
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.audio.decode import read_windows
from models.containers import flac_frames, mpeg_frames, ogg_links
from models.containers.mpeg import FrameHeader, frame_header
from models.errors import UnreadableAudio

RATE = 44_100
FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz
FRAME_SECONDS = 1152 / RATE
ID3V2 = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
LARGE_ID3V2 = b"ID3\x04\x00\x00\x00\x0c\x00\x00" + bytes(12 << 14)  # 197 kB, as with a picture
APEV2 = b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(48)
ID3V1 = b"TAG" + bytes(125)
HOURS = 12 * 3600.0


def loud(windows):
    """Whether each window is of the loud kind; windows across the edge are loud."""
    return (windows.power.mean(axis=1) > 2e-3).tolist()


@pytest.fixture(scope="module")
def mp3(tmp_path_factory) -> Callable[..., bytes]:
    """Return an MP3 of a length in seconds; its second half is louder. Each is encoded once."""

    @cache
    def encoded(seconds: int, channels: int = 2, rate: int = RATE) -> bytes:
        samples = np.random.default_rng(7).normal(0, 0.1, (seconds * rate, channels)).astype(np.float32)
        samples[: len(samples) // 2] *= 0.1
        path = tmp_path_factory.mktemp("mp3") / "song.mp3"
        soundfile.write(path, samples, rate)
        return path.read_bytes()

    return encoded


def table_of(content: bytes) -> tuple[int, FrameHeader]:
    """Return where the first frame of an MP3 begins, a table, and its header."""
    start = max(content.find(b"Xing", 0, 4096), content.find(b"Info", 0, 4096)) - 36
    header = frame_header(content[start : start + 4])
    assert header is not None
    return start, header


def with_table(path: Path, table: bytes, index: int = 9) -> None:
    """Replace the table of an MP3 by another in a silent frame of the bit rate with an index."""
    content = path.read_bytes()
    start, header = table_of(content)
    head = bytes((0xFF, content[start + 1] | 1, index << 4 | content[start + 2] & 0x0C, content[start + 3]))
    size = frame_header(head).size
    path.write_bytes((head + bytes(32) + table).ljust(size, b"\0") + content[start + header.size :])


XING_72_HOURS = round(72 * 3600 / FRAME_SECONDS)
# Of a file with 1000 frames and 100,000 bytes: (index of the frame's bit rate, table).
TABLES = {
    "Xing without a count": (9, b"Xing" + bytes(4)),
    "Xing that counts nothing": (9, b"Xing" + struct.pack(">II", 1, 0)),
    "Xing of 72 h": (9, b"Xing" + struct.pack(">II", 1, XING_72_HOURS)),
    "Xing of 72 h and its bytes": (9, b"Xing" + struct.pack(">III", 3, XING_72_HOURS, 2**32 - 1)),
    "Xing of 72 h and the right bytes": (9, b"Xing" + struct.pack(">III", 3, XING_72_HOURS, 100_000)),
    "Xing of twice the length": (1, b"Xing" + struct.pack(">III", 3, 3064, 100_000)),
    "Xing of half the length": (14, b"Xing" + struct.pack(">III", 3, 766, 100_000)),
    "VBRI of 32 kbit/s": (1, b"VBRI" + struct.pack(">HHHIIHHHH", 1, 0, 75, 100_000, 1532, 0, 1, 2, 0)),
    "VBRI of 128 kbit/s": (9, b"VBRI" + struct.pack(">HHHIIHHHH", 1, 0, 75, 100_000, 1532, 0, 1, 2, 0)),
    "VBRI of 320 kbit/s": (14, b"VBRI" + struct.pack(">HHHIIHHHH", 1, 0, 75, 100_000, 1532, 0, 1, 2, 0)),
    "VBRI that counts nothing": (9, b"VBRI" + struct.pack(">HHHIIHHHH", 1, 0, 75, 0, 0, 0, 1, 2, 0)),
}


@pytest.mark.parametrize(("index", "table"), TABLES.values(), ids=TABLES)
def test_tables_of_an_mp3_are_checked(tmp_path, mp3, index, table):
    """An MP3 whose table has no count, or a wrong one, is measured and heard from end to end."""
    path = tmp_path / "song.mp3"
    path.write_bytes(mp3(40))
    with_table(path, table, index)

    windows = read_windows(path)

    assert windows.duration == pytest.approx(40, abs=0.1)
    assert loud(windows) == [False, False, True, True]


def test_a_right_table_is_kept(write_sound, noise):
    """A table whose count is right keeps its notes on padding: the length is that of the music, to the sample."""
    path = write_sound("song.mp3", noise(30))

    assert read_windows(path).duration == 30

    path.write_bytes(bytes(90_000) + path.read_bytes())

    assert read_windows(path).duration == 30


def test_a_cut_off_mp3_is_refused(write_sound, noise):
    """If the table counts more frames and more bytes than there are, the file was cut off, as by a download."""
    path = write_sound("song.mp3", noise(30))
    os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(
        UnreadableAudio, match=r"ends early or is damaged: it declares 30\.\d s, but ends at 1[45]\.\d s"
    ):
        read_windows(path)


@pytest.mark.parametrize("junk", [b"\x01", b"\xff\xfb", b"OggS"])
def test_junk_before_the_first_frame(tmp_path, mp3, junk):
    """90 kB of junk before the first frame are passed over by the decoder, as by the scan."""
    path = tmp_path / "song.mp3"
    path.write_bytes(b"\x01" * 64 + (junk * 90_000)[:90_000] + mp3(40))

    windows = read_windows(path)

    assert windows.duration == pytest.approx(40, abs=0.1)
    assert loud(windows) == [False, False, True, True]


BETWEEN = {
    "nothing": b"",
    "tag": ID3V2,
    "picture": LARGE_ID3V2,
    "tags of each kind": ID3V1 + APEV2 + LARGE_ID3V2,
    "zeros": bytes(3000),
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize(("channels", "rate"), [(2, 44_100), (1, 44_100), (2, 22_050), (1, 48_000)])
def test_joined_mp3s_are_one_track(tmp_path, mp3, between, channels, rate):
    """MP3 files that were joined into one are heard and counted to their end, whatever their formats."""
    path = tmp_path / "joined.mp3"
    path.write_bytes(ID3V2 + mp3(20) + between + mp3(20, channels, rate) + ID3V1)

    windows = read_windows(path)

    # Frames that go on without a tag or a change are decoded with the padding of the encoder.
    assert windows.duration == pytest.approx(40, abs=0.2 if not between and (channels, rate) == (2, RATE) else 0.01)
    assert loud(windows) == [False, True, False, True]


@pytest.mark.parametrize("suffix", [".ogg", ".opus"])
@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (24_000, 1)])
def test_chained_ogg_is_one_track(write_sound, noise, suffix, rate, channels):
    """The links of a chained Ogg file are heard and counted to their end, whatever their rates and channels."""
    first = write_sound(f"first{suffix}", noise(20, 2, 48_000) * 0.1, 48_000).read_bytes()
    second = write_sound(f"second{suffix}", noise(20, channels, rate), rate).read_bytes()
    path = write_sound(f"chain{suffix}", noise(6, 2, 48_000), 48_000)
    path.write_bytes(first + second)

    windows = read_windows(path)

    assert windows.duration == pytest.approx(40, abs=0.01)
    assert windows.samples.shape == (4, 160_000)
    assert loud(windows) == [False, False, True, True]


def test_a_window_across_two_links_joins_them(write_sound, noise):
    """A window across the edge of two links has the end of the first and the start of the second."""
    first = write_sound("first.ogg", noise(6, 2, 48_000) * 0.1, 48_000).read_bytes()
    second = write_sound("second.ogg", noise(5, 1, 24_000), 24_000).read_bytes()
    path = write_sound("chain.ogg", noise(6, 2, 48_000), 48_000)
    path.write_bytes(first + second)

    windows = read_windows(path)
    is_loud = windows.power[0] > 2e-3

    assert windows.duration == pytest.approx(11, abs=0.01)
    assert is_loud.tolist() == [False] * 55 + [True] * 45


def test_a_chain_of_opus_and_vorbis(write_sound, noise):
    """Links may have different codecs."""
    first = write_sound("first.ogg", noise(20) * 0.1).read_bytes()
    second = write_sound("second.opus", noise(20, 2, 48_000), 48_000).read_bytes()
    path = write_sound("chain.ogg", noise(6))
    path.write_bytes(first + bytes(500) + second)

    windows = read_windows(path)

    assert windows.duration == pytest.approx(40, abs=0.05)
    assert loud(windows) == [False, False, True, True]


def ogg_checksum(data: bytes) -> bytes:
    """Ogg's CRC-32, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value.to_bytes(4, "little")


def jumping(content: bytes, first: int, samples: int) -> bytes:
    """Return an Ogg file whose positions jump by some samples on a page, as ffmpeg writes a source with a gap."""
    parts = content.split(b"OggS")[1:]
    for index in range(first, len(parts)):
        position = int.from_bytes(parts[index][2:10], "little") + samples
        cleared = parts[index][:2] + position.to_bytes(8, "little") + parts[index][10:18] + bytes(4) + parts[index][22:]
        parts[index] = cleared[:18] + ogg_checksum(b"OggS" + cleared) + cleared[22:]
    return b"".join(b"OggS" + part for part in parts)


@pytest.mark.parametrize("samples", [488, -300, 48_000])
def test_opus_whose_positions_jump_is_heard_whole(write_sound, noise, samples):
    """The positions of pages are counted from the packets, so that a gap of the source does not end the music."""
    path = write_sound("song.opus", noise(20, 1, 48_000), 48_000)
    content = path.read_bytes()
    assert content.count(b"OggS") > 8
    whole = read_windows(path)
    path.write_bytes(jumping(content, 6, samples))
    found = read_windows(path)

    assert found.duration == pytest.approx(whole.duration, abs=0.02)
    np.testing.assert_allclose(found.power, whole.power, rtol=1e-3)


def undeclared(content: bytes) -> bytes:
    """Return a FLAC that declares no length, as encoders write to a pipe."""
    return content[:21] + bytes((content[21] & 0xF0,)) + bytes(4) + content[26:]


@pytest.mark.parametrize("tags", [b"", ID3V1, bytes(700)], ids=["none", "ID3v1", "zeros"])
@pytest.mark.parametrize("seconds", [30, 30 + 1 / RATE, 30.9999])
def test_a_flac_without_a_length_is_measured_to_its_last_sample(write_sound, noise, seconds, tags):
    """The last frame of a FLAC says where it ends."""
    samples = noise(seconds)
    path = write_sound("piped.flac", samples)
    path.write_bytes(undeclared(path.read_bytes()) + tags)

    assert round(read_windows(path).duration * RATE) == len(samples)


def test_a_silent_end_of_a_flac_is_measured(write_sound, noise):
    """Frames of silence, of 14 bytes, are counted too."""
    samples = np.concatenate([noise(20), np.zeros((5 * RATE, 2), np.float32)])
    path = write_sound("piped.flac", samples)
    path.write_bytes(undeclared(path.read_bytes()))

    assert read_windows(path).duration == 25


def test_a_flac_without_a_length_that_was_cut_off(write_sound, noise):
    """The last whole frame ends a FLAC that was cut off in a frame."""
    path = write_sound("piped.flac", noise(30))
    content = undeclared(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])

    assert read_windows(path).duration == pytest.approx(15, abs=0.5)


def test_a_flac_without_a_length_and_a_frame(write_sound, noise):
    """A FLAC that declares no length and whose end is unreadable is damaged."""
    path = write_sound("piped.flac", noise(6))
    path.write_bytes(undeclared(path.read_bytes()) + np.random.default_rng(5).bytes(2 << 20))

    with pytest.raises(
        UnreadableAudio, match="The file is damaged: it declares no length, and its end is not readable"
    ):
        read_windows(path)


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("song.rf64", "PCM_16"),
        ("song.w64", "PCM_24"),
        ("song.aiff", "PCM_S8"),
        ("song.aiff", "FLOAT"),
        ("song.caf", "PCM_32"),
        ("song.au", "PCM_16"),
        ("song.wav", "ALAW"),
        ("song.wav", "ULAW"),
    ],
)
def test_containers_of_pcm_are_decoded(write_sound, noise, name, subtype):
    """The containers of uncompressed audio are decoded by libsndfile, and so are A-law and µ-law."""
    windows = read_windows(write_sound(name, noise(12, sample_rate=8000), 8000, subtype))

    assert windows.duration == 12
    assert windows.power.mean() == pytest.approx(2 * 0.01, rel=0.05)


@pytest.mark.parametrize("silence", [slice(4, 64), slice(0, 60), slice(2, 62)], ids=["after", "before", "between"])
@pytest.mark.parametrize("suffix", [".flac", ".mp3"])
def test_music_around_a_long_silence(write_sound, noise, suffix, silence):
    """40 s of music and 600 s of zeros are described by the music, wherever it lies."""
    samples = noise(640, 1, 8000)
    samples[silence.start * 80_000 : silence.stop * 80_000] = 0
    windows = read_windows(write_sound(f"song{suffix}", samples, 8000))

    assert windows.duration == 640
    assert len(windows.samples) == 4
    assert windows.power.mean() == pytest.approx(0.01, rel=0.2)


def test_a_short_piece_in_a_long_silence(write_sound, noise):
    """Music that is shorter than a window is one window, with the silence around it."""
    samples = np.zeros((300 * 8000, 1), np.float32)
    samples[290 * 8000 : 296 * 8000] = noise(6, 1, 8000)
    windows = read_windows(write_sound("song.flac", samples, 8000))

    assert len(windows.samples) == 1
    assert (windows.power > 1e-4).sum() == 60


def test_no_line_of_libmpg123_is_printed(tmp_path, mp3):
    """libmpg123's lines about damaged frames reach no terminal; other messages do."""
    content = bytearray(mp3(20))
    content[5000::977] = bytes(len(content[5000::977]))
    path = tmp_path / "damaged.mp3"
    path.write_bytes(content)
    script = f"""
import sys
from pathlib import Path
from models.audio.decode import decode_windows, read_windows
from models.errors import AnalysisError
from models.sandbox import decoder

path = Path({str(path)!r})
print("mine", file=sys.stderr, flush=True)
with path.open("rb") as stream:
    quiet = (lambda: read_windows(path), lambda: decoder.read_windows(path))
    for read in (lambda: decode_windows(stream.fileno()),) if sys.argv[1:] else quiet:
        try:
            read()
        except AnalysisError:
            pass
"""
    quiet, loud = (
        subprocess.run([sys.executable, "-c", script, *more], capture_output=True, text=True, check=True).stderr
        for more in ((), ("loud",))
    )

    assert quiet == "mine\n"
    assert "libmpg123" in loud


def declared_frames(part: mpeg_frames.Mp3Part) -> int:
    table = part.source.read(100)
    count = table.index(b"Xing") + 8
    return int.from_bytes(table[count : count + 4], "big")


def parts(content: bytes, seconds: float = HOURS):
    return mpeg_frames.parts(io.BytesIO(content), len(content), seconds)


def test_frames_are_counted_across_damage():
    """Counting continues after damage, which the decoder does not see."""
    (part,) = parts(FRAME * 10 + bytes(5000) + FRAME * 10)

    assert declared_frames(part) == 20
    assert part.source.seek(0, os.SEEK_END) == len(FRAME) * 20 + 1044


def test_counting_ends_at_a_length():
    """Counting stops when the length is reached."""
    (part,) = parts((FRAME * 10 + bytes(500)) * 10, 45 * FRAME_SECONDS)

    assert declared_frames(part) == 50


def test_counting_ends_in_a_file_of_fragments():
    """Counting stops after a number of searches in a file of frames with junk behind every third."""
    (part,) = parts((FRAME * 3 + b"\xff") * 1000)

    assert declared_frames(part) == 3 * (mpeg_frames.MAX_RESYNCS + 1)


def test_tables_make_at_most_so_many_parts():
    """A file of many tables has a bounded number of parts."""
    table = FRAME[:36] + b"Xing" + FRAME[40:]
    found = parts((ID3V1 + table + FRAME * 5) * 90)

    assert len(found) == mpeg_frames.MAX_PARTS
    assert sum(map(declared_frames, found)) == 90 * 5


class EmptiedFile(io.BytesIO):
    """A file that another process empties after the first frame was found."""

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        if content.startswith(FRAME):
            self.truncate(0)
        return content


def test_a_file_that_is_emptied_while_frames_are_counted():
    """A file that changes between the search and the count gives no frames, and no error."""
    assert mpeg_frames.parts(EmptiedFile(FRAME * 3), 3 * len(FRAME), HOURS) == []


def page(flags: int, serial: int, body: bytes, position: int = 0) -> bytes:
    segments = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = struct.pack("<4sBBQIIIB", b"OggS", 0, flags, position, serial, 0, 0, len(segments))
    return head + segments + body


def test_streams_that_begin_together_are_one_link():
    """Streams beside each other, as in a video, are one link; a first page after others begins the next."""
    beside = page(2, 1, b"\x01vorbis") + page(2, 2, b"fishead") + page(0, 1, b"one") + page(0, 2, b"two")
    chained = page(2, 3, b"\x01vorbis") + page(0, 3, b"three")

    assert ogg_links.links(io.BytesIO(beside), len(beside)) == [None]

    both = beside + chained
    found = ogg_links.links(io.BytesIO(both), len(both))

    assert [link.read(10_000) for link in found] == [beside, chained]


def test_flac_in_ogg_becomes_flac():
    """The pages, comments and other streams are left out, and the last page declares the length."""
    info = bytes(range(34))
    mapping = b"\x7fFLAC\x01\x00\x00\x01fLaC\x00\x00\x00\x22" + info
    comment = b"\x04\x00\x00\x01" + b"c" * 600
    content = (
        page(2, 1, mapping)
        + page(0, 1, comment)
        + page(1, 1, b"\xff more of the comment")
        + page(0, 7, b"\xffother")
        + page(0, 1, b"\xff\xf8first", 4096)
        + page(4, 1, b"\xff\xf8last", 5000)
    )
    (link,) = ogg_links.links(io.BytesIO(content), len(content))

    assert (
        link.read(10_000) == b"fLaC\x80\x00\x00\x22" + flac_frames.declaring(info, 5000) + b"\xff\xf8first\xff\xf8last"
    )
    assert flac_frames.declared_length(flac_frames.declaring(info, 2**36 - 1)) == 2**36 - 1

"""A track id depends only on the encoded audio, not on a file's name, folder or tags."""

import io
import shutil
import struct
import subprocess
import tracemalloc
from pathlib import Path

import mutagen
import mutagen.apev2
import mutagen.flac
import mutagen.id3
import numpy as np
import pytest
import soundfile

from services.domain.errors import UnsupportedAudio
from services.domain.failure import FailureKind
from services.ingest.identity import identify
from tests.conftest import missing

SAMPLE_RATE = 44100
FORMATS = {
    "mp3": ("MP3", "MPEG_LAYER_III", ".mp3"),
    "flac": ("FLAC", "PCM_16", ".flac"),
    "ogg": ("OGG", "VORBIS", ".ogg"),
    "opus": ("OGG", "OPUS", ".opus"),
    "wav": ("WAV", "PCM_16", ".wav"),
}


def write_audio(path: Path, name: str, seed: int = 0) -> Path:
    container, subtype, suffix = FORMATS[name]
    noise = np.random.default_rng(seed).normal(0, 0.1, SAMPLE_RATE * 3).astype(np.float32)
    sample_rate = 48000 if name == "opus" else SAMPLE_RATE
    written = path.with_suffix(suffix)
    soundfile.write(written, noise, sample_rate, format=container, subtype=subtype)
    return written


def track_id(path: Path) -> str:
    with path.open("rb") as stream:
        return identify(stream).track_id


@pytest.fixture(params=FORMATS)
def audio(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_audio(tmp_path / "song", request.param)


def test_different_audio_is_a_different_track(audio, tmp_path):
    """Two recordings get different ids."""
    other = write_audio(tmp_path / "other", next(name for name, row in FORMATS.items() if row[2] == audio.suffix), 1)

    assert track_id(other) != track_id(audio)


def test_the_content_decides_the_format(audio):
    """The suffix comes from the content, so a wrong file name does not matter."""
    renamed = audio.rename(audio.with_suffix(".mp3" if audio.suffix != ".mp3" else ".ogg"))
    with renamed.open("rb") as stream:
        found = identify(stream).suffix

    assert found != renamed.suffix


def test_retagging_keeps_the_track_id(audio):
    """Adding and removing a title, long lyrics and a picture keeps the id."""
    before = track_id(audio)
    file = mutagen.File(audio, easy=False)
    if file.tags is None:
        file.add_tags()
    if isinstance(file.tags, mutagen.id3.ID3):
        file.tags.add(mutagen.id3.TIT2(encoding=3, text="A new title"))
        file.tags.add(mutagen.id3.APIC(encoding=3, mime="image/png", type=3, data=b"\xff\xfb" * 90_000))
    else:
        file["title"] = "A new title"
        file["lyrics"] = "la " * 90_000  # more than one Ogg page
    if isinstance(file, mutagen.flac.FLAC):
        picture = mutagen.flac.Picture()
        picture.data = b"\x00" * 100_000
        file.add_picture(picture)
    file.save()
    retagged = track_id(audio)
    mutagen.File(audio).delete()

    assert retagged == before
    assert track_id(audio) == before


def test_tags_after_mp3_audio_do_not_count(tmp_path):
    """ID3v1, APEv2 and Lyrics3 tags at the end keep the id, alone and together."""
    path = write_audio(tmp_path / "song", "mp3")
    before = track_id(path)
    lyrics = b"LYRICSBEGIN" + b"IND00002" + b"10"
    with path.open("ab") as stream:
        stream.write(lyrics + f"{len(lyrics):06}".encode() + b"LYRICS200")
        stream.write(b"TAG" + b"\0" * 125)
    with_lyrics = track_id(path)
    ape = mutagen.apev2.APEv2()
    ape["Title"] = "A title"
    ape.save(path)

    assert with_lyrics == before
    assert track_id(path) == before


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "opus"])
def test_copying_the_streams_into_a_new_container_keeps_the_track_id(name, tmp_path):
    """`ffmpeg -c copy` changes Ogg pages and the MP3 table frame, but not the packets."""
    if shutil.which("ffmpeg") is None:
        missing("ffmpeg")
    path = write_audio(tmp_path / "song", name)
    copied = path.with_stem("copied")
    command = ["ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-metadata", "title=Copied", copied]
    subprocess.run(command, check=True)

    assert copied.read_bytes() != path.read_bytes()
    assert track_id(copied) == track_id(path)


def test_one_changed_audio_byte_is_a_different_track(audio):
    """The hash covers the audio up to its end."""
    before = track_id(audio)
    data = bytearray(audio.read_bytes())
    data[-200] ^= 1
    audio.write_bytes(data)

    assert track_id(audio) != before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty (0 bytes)"),
        (b"Dear diary, today I renamed a text file to song.mp3.\n" * 100, "Not audio: plain text"),
        (b"#EXTM3U\n/etc/passwd\n", "The file is a playlist, not audio"),
        (b"MThd\x00\x00\x00\x06", "MIDI is not supported: convert it to FLAC, Opus or MP3"),
        (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", "Not a supported audio file, or damaged"),
        (b"fLaC", "The FLAC file holds no audio"),
        (b"OggS", "The Ogg file holds no Vorbis, Opus, FLAC or Speex audio, or is damaged"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00", "The WAV file holds no audio"),
        (b"\xff" * 4000, "Not a supported audio file, or damaged"),
    ],
)
def test_an_unusable_file_is_refused_with_a_reason(content, reason):
    """The error states what is wrong with the file."""
    with pytest.raises(UnsupportedAudio) as caught:
        identify(io.BytesIO(content))

    assert caught.value.detail == reason


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", FailureKind.DAMAGED),
        (b"\0\0\0\x20ftypM4A " + bytes(24) + b"\0\0\1\0mdat" + bytes(200), FailureKind.DAMAGED),
        (b"#EXTM3U\nsong.mp3\n", FailureKind.LEFT_OUT),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), FailureKind.LEFT_OUT),
        (b"Dear diary", FailureKind.UNSUPPORTED),
    ],
    ids=["empty", "M4A without its index", "playlist", "picture", "text"],
)
def test_the_kind_of_a_refused_file_decides_about_its_advice(content, kind):
    """Damaged files are to be replaced; what is no music needs nothing; the rest may be converted."""
    with pytest.raises(UnsupportedAudio) as caught:
        identify(io.BytesIO(content))

    assert caught.value.kind == kind


def test_a_wav_without_a_declared_length_is_hashed_to_its_end(tmp_path):
    """A data length of zero or 0xFFFFFFFF means that the audio reaches to the end of the file."""
    path = write_audio(tmp_path / "song", "wav")
    data = bytearray(path.read_bytes())
    position = data.index(b"data") + 4
    ids = set()
    for length in (0, 0xFFFFFFFF, struct.unpack_from("<I", data, position)[0]):
        struct.pack_into("<I", data, position, length)
        ids.add(identify(io.BytesIO(data)).track_id)

    assert len(ids) == 1


def ogg_flac_opening(serial: int, header_blocks: int) -> bytes:
    page = b"OggS\x00\x02" + bytes(8) + serial.to_bytes(4, "little") + bytes(8) + b"\x01\x09"
    return page + b"\x7fFLAC\x01\x00" + header_blocks.to_bytes(2, "big")


def test_an_ogg_that_declares_many_headers_takes_little_memory():
    """Headers that a page only declares use no memory."""
    content = b"".join(ogg_flac_opening(serial, 65535) for serial in range(50))
    tracemalloc.start()
    try:
        with pytest.raises(UnsupportedAudio, match="holds no audio"):
            identify(io.BytesIO(content))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


MP3_START = (b"\xff\xfb\x90\x00" + bytes(413)) * 4
HOSTILE = {
    "streams": (b"".join(ogg_flac_opening(serial, 1) for serial in range(1000)), "more than 64 streams"),
    "FLAC blocks": (b"fLaC" + bytes(100_000), "more than 1024 metadata blocks"),
    "WAV chunks": (b"RIFF\x00\x00\x00\x00WAVE" + bytes(100_000), "more than 1024 chunks"),
}


@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_containers_with_too_many_parts_are_refused(content, reason):
    """Streams, blocks and chunks of a few bytes are read only up to a limit."""
    with pytest.raises(UnsupportedAudio, match=reason):
        identify(io.BytesIO(content))


class CountingStream(io.BytesIO):
    """A file that counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


TAGS = {
    "ID3v2": b"ID3\x04" + bytes(6),
    "ID3v2 at the end": b"3DI\x04" + bytes(6),
    "ID3v1": b"TAG" + bytes(125),
    "Lyrics3": b"000000LYRICS200",
    "APEv2": b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(16),
}


@pytest.mark.parametrize("tag", TAGS.values(), ids=TAGS)
def test_only_a_limited_number_of_tags_is_skipped(tag):
    """Ten thousand tags in a row cause fewer than 100 reads."""
    content = tag * 10_000 + MP3_START if tag == TAGS["ID3v2"] else MP3_START + tag * 10_000
    stream = CountingStream(content)

    assert identify(stream).suffix == ".mp3"
    assert stream.reads < 100


@pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF", "CAF", "AU"])
def test_a_format_without_samples_is_no_audio(tmp_path, container):
    """All such files would be one track."""
    soundfile.write(tmp_path / "empty", np.zeros((0, 2)), SAMPLE_RATE, format=container, subtype="PCM_16")
    with pytest.raises(UnsupportedAudio, match="holds no audio"):
        track_id(tmp_path / "empty")


def test_headers_of_vorbis_without_packets_are_no_audio(tmp_path):
    """The codebook of Vorbis alone is no sound."""
    content = write_audio(tmp_path / "song", "ogg").read_bytes()
    third_page = content.index(b"OggS", content.index(b"OggS", 4) + 4)
    with pytest.raises(UnsupportedAudio, match="holds no audio"):
        identify(io.BytesIO(content[:third_page]))


@pytest.mark.parametrize("name", ["ogg", "opus"])
def test_tags_after_an_ogg_stream_keep_the_track_id(tmp_path, name):
    """Some taggers write ID3v1 and APEv2 tags behind any file."""
    path = write_audio(tmp_path / "song", name)
    before = track_id(path)
    tag = mutagen.apev2.APEv2()
    tag["Title"] = "a song"
    tag.save(path)
    with path.open("ab") as file:
        file.write(b"TAG" + bytes(125))

    assert track_id(path) == before

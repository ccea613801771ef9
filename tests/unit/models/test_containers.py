"""Audio formats are recognised by content, and MP3 frames are found between tags, junk and damage."""

import io
import struct
from pathlib import Path

import pytest

from models.audio.decode import read_windows
from models.containers.lengths import declared_seconds
from models.containers.mpeg import (
    FrameHeader,
    end_of_audio,
    find_frame,
    frame_header,
    skip_id3v2,
    table_size,
)
from models.containers.recognise import recognise
from models.errors import UnreadableAudio
from services.domain.errors import UnsupportedAudio
from services.ingest.identity import identify

FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz
ID3V2 = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
ID3V1 = b"TAG" + bytes(125)
APEV2 = b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(16)
LYRICS3 = b"LYRICSBEGIN000011LYRICS200"
EIGHT_BYTES = bytes(8)
ADTS_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)
LAYER_2_FRAME = b"\xff\xfd\x80\x00" + bytes(413)

UNSUPPORTED = {
    "M3U": (b"#EXTM3U\n/etc/passwd\n", "The file is a playlist, not audio"),
    "PLS": (b"[playlist]\nFile1=/etc/passwd\n", "The file is a playlist, not audio"),
    "XSPF": (b"<?xml version='1.0'?><playlist/>", "The file is a playlist, not audio"),
    "ASX": (b"<asx version='3.0'>", "The file is a playlist, not audio"),
    "ffconcat": (b"ffconcat version 1.0\nfile /etc/passwd\n", "The file is a playlist, not audio"),
    "SDP": (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "The file is a playlist, not audio"),
    "cue sheet": (b'FILE "/etc/passwd" WAVE\n', "Not a supported audio file, or damaged"),
    "SBaGen": (b"-SE\nmusic: /etc/passwd\n", "Not a supported audio file, or damaged"),
    "old Musepack": (b"MP+\x05", "Musepack before version 7 is not supported: convert it to FLAC, Opus or MP3"),
    "OptimFROG": (b"OFR ", "OptimFROG is not supported: convert it to FLAC, Opus or MP3"),
    "MIDI": (b"MThd\0\0\0\x06", "MIDI is not supported: convert it to FLAC, Opus or MP3"),
    "zeros": (EIGHT_BYTES, "The file starts with zero bytes: not audio, or an incomplete download"),
    "text": (b"Dear diary", "Not a supported audio file, or damaged"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + ADTS_FRAME * 3 + FRAME * 10, "Not audio: a PNG picture"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF" + FRAME * 10, "Not audio: a JPEG picture"),
    "GIF": (b"GIF89a" + LAYER_2_FRAME * 10, "Not audio: a GIF picture"),
    "WebP": (b"RIFF\0\0\0\0WEBPVP8 " + FRAME * 10, "Not audio: a WebP picture"),
    "AVIF": (b"\0\0\0\x20ftypavif", "Not audio: an AVIF picture"),
    "PDF": (b"%PDF-1.7\n" + FRAME * 10, "Not audio: a PDF document"),
    "ZIP": (b"PK\3\4" + FRAME * 10, "Not audio: a ZIP archive"),
    "HTML": (b"\n<!DOCTYPE html>\n<html>", "Not audio: a web page (HTML)"),
    "ELF": (b"\x7fELF\2\1\1" + FRAME * 10, "Not audio: a program (ELF)"),
    "shell script": (b"#!/bin/sh\n", "Not audio: a script"),
    "letters": ("Liebes Tagebuch, größer ".encode() * 40, "Not audio: plain text"),
    "tag without audio": (ID3V2 + b"\x01", "Not a supported audio file, or damaged"),
    "empty": (b"", "The file is empty (0 bytes)"),
}


@pytest.mark.parametrize(("head", "message"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_scan_and_analysis_give_the_same_message(head: bytes, message: str, tmp_path: Path):
    """A file that is not supported gets the same message from a scan, an upload and an analysis."""
    path = tmp_path / "song.mp3"
    path.write_bytes(head and head + bytes(5000))
    with pytest.raises(UnreadableAudio) as analysed:
        read_windows(path)
    with path.open("rb") as stream, pytest.raises(UnsupportedAudio) as scanned:
        identify(stream)

    assert str(analysed.value) == message
    assert scanned.value.detail == message


@pytest.mark.parametrize(
    ("content", "name", "suffix"),
    [
        (b"fLaC", "FLAC", ".flac"),
        (b"RIFF\0\0\0\0WAVE", "WAV", ".wav"),
        (b"RF64\0\0\0\0WAVE", "RF64", ".wav"),
        (b"OggS\0\x02" + bytes(20) + b"\x01\x08OpusHead", "Ogg", ".opus"),
        (b"OggS\0\x02" + bytes(20) + b"\x01\x08\x01vorbis\0", "Ogg", ".ogg"),
        (FRAME * 3, "MP3", ".mp3"),
        (b"\xff\xf1" + bytes(1000) + FRAME * 3, "MP3", ".mp3"),
    ],
)
@pytest.mark.parametrize("tag", [b"", ID3V2])
def test_supported_formats_are_recognised(tag: bytes, content: bytes, name: str, suffix: str):
    """The content decides the format, with or without an ID3v2 tag or junk before it."""
    container = recognise(io.BytesIO(tag + content))

    assert (container.name, container.suffix) == (name, suffix)


@pytest.mark.parametrize(
    ("head", "name", "demuxer"),
    [
        (b"FORM\0\0\0\0AIFF", "AIFF", "aiff"),
        (b"FORM\0\0\0\0AIFC", "AIFF", "aiff"),
        (b"\0\0\0\x20ftypM4A ", "M4A", "mov"),
        (b"\0\0\0\x20ftypisom", "MP4", "mov"),
        (b"\0\0\0\x14ftypqt  ", "QuickTime", "mov"),
        (b"\0\0\0\x08wide", "QuickTime", "mov"),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "Matroska", "matroska"),
        (b"\x1a\x45\xdf\xa3\x8b\x42\x82\x84webm", "WebM", "matroska"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "WMA", "asf"),
        (ADTS_FRAME * 3, "AAC", "aac"),
        (LAYER_2_FRAME * 3, "MP2", "mp3"),
        (b"G" + bytes(187) + b"G" + bytes(187) + b"G", "MPEG-TS", "mpegts"),
        (b"wvpk", "WavPack", "wv"),
        (b"MAC ", "Monkey's Audio", "ape"),
        (b"TTA1", "True Audio", "tta"),
        (b"MP+\x07", "Musepack", "mpc"),
        (b"MPCK", "Musepack", "mpc8"),
        (b"DSD ", "DSF", "dsf"),
        (b"FRM8" + EIGHT_BYTES + b"DSD ", "DSDIFF", "iff"),
        (b"caff", "CAF", "caf"),
        (b".snd", "AU", "au"),
        (bytes.fromhex("72696666 2e91cf11a5d628db04c10000"), "Wave64", "w64"),
        (b"\x0b\x77", "AC-3", "ac3"),
        (b"\x7f\xfe\x80\x01", "DTS", "dts"),
        (b"#!AMR\n", "AMR", "amr"),
        (b"RIFF\0\0\0\0AVI ", "AVI", "avi"),
    ],
)
def test_formats_of_ffmpeg_are_recognised(head: bytes, name: str, demuxer: str):
    """The first bytes decide the format and ffmpeg's demuxer, also if MP3 frames follow."""
    container = recognise(io.BytesIO(head + bytes(100) + FRAME * 10 * (4 < len(head) < 100)))

    assert (container.name, container.demuxer) == (name, demuxer)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"\xff\xfb\x90\x00", FrameHeader(417, 1152, (3, 0))),  # MPEG-1, 128 kbit/s, 44.1 kHz
        (b"\xff\xfb\x92\x00", FrameHeader(418, 1152, (3, 0))),  # the same with padding
        (b"\xff\xf3\x84\x00", FrameHeader(192, 576, (2, 1))),  # MPEG-2, 64 kbit/s, 24 kHz
        (b"\xff\xe3\x88\x00", FrameHeader(576, 576, (0, 2))),  # MPEG-2.5, 64 kbit/s, 8 kHz
        (b"\xff\xfb\x00\x00", None),  # free format
        (b"\xff\xfb\xf0\x00", None),  # reserved bit rate
        (b"\xff\xfb\x9c\x00", None),  # reserved sample rate
        (b"\xff\xfd\x90\x00", None),  # layer II
        (b"\xff\xeb\x90\x00", None),  # reserved version
        (b"\xff\xfb\x90", None),  # too short
    ],
)
def test_frame_header(header: bytes, expected: FrameHeader | None):
    """Size, samples and kind follow from the four header bytes; other bytes are no header."""
    assert frame_header(header) == expected


def test_id3v2_tags_are_skipped():
    """Tags in a row are skipped with their bodies and footers."""
    with_footer = b"ID3\x04\x00\x10\x00\x00\x00\x05" + bytes(5) + b"3DI" + bytes(7)

    assert skip_id3v2(io.BytesIO(ID3V2 + with_footer + FRAME)) == len(ID3V2) + len(with_footer)


@pytest.mark.parametrize("tags", [b"", ID3V1, APEV2, LYRICS3, LYRICS3 + ID3V1, APEV2 + LYRICS3 + ID3V1, ID3V1 + APEV2])
def test_tags_at_the_end_are_not_audio(tags: bytes):
    """The audio ends before ID3v1, APEv2 and Lyrics3 tags, in any order."""
    content = FRAME * 3 + tags

    assert end_of_audio(io.BytesIO(content), len(content)) == len(FRAME) * 3


def test_two_frames_in_a_row_are_not_enough():
    """Bytes that look like two frames by chance are passed over for a run of three."""
    content = FRAME * 2 + b"junk" + FRAME * 3

    assert find_frame(io.BytesIO(content), 0) == len(FRAME) * 2 + 4


def test_frames_of_different_kinds_are_no_run():
    """Two frames of one version or sample rate and one of another are passed over."""
    other = b"\xff\xf3\x84\x00" + bytes(188)

    assert find_frame(io.BytesIO(other * 2 + FRAME * 3), 0) == len(other) * 2


@pytest.mark.parametrize("mark", [b"Xing", b"Info", b"VBRI"])
def test_a_table_frame_is_told_from_audio(mark: bytes):
    """A frame with a Xing, Info or VBRI mark is a table; a plain frame is not."""
    table = FRAME[:36] + mark + FRAME[40:]

    assert table_size(table) == len(FRAME)
    assert not table_size(FRAME)


@pytest.mark.parametrize("duration", [float("inf"), float("nan"), 1e300, 1e10])
def test_a_length_of_months_is_none(duration: float):
    """The header is wrong."""
    info = b"\x15\x49\xa9\x66\x8b\x44\x89\x88" + struct.pack(">d", duration)
    content = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff" + info

    assert declared_seconds(io.BytesIO(content), recognise(io.BytesIO(content))) == 0

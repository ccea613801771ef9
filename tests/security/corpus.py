"""Hostile audio files for the security tests."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
SECONDS = 6
FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "opus": "OGG", "mp3": "MP3"}


def sound(suffix: str, seconds: float = SECONDS) -> bytes:
    """Return noise, encoded in a format."""
    samples = np.random.default_rng(5).normal(0, 0.1, (round(seconds * RATE), 2)).astype(np.float32)
    file = io.BytesIO()
    codec = "OPUS" if suffix == "opus" else None
    with soundfile.SoundFile(file, "w", RATE, 2, codec, format=FORMATS[suffix]) as sink:
        for start in range(0, len(samples), RATE):  # libsndfile can crash on one long write
            sink.write(samples[start : start + RATE])
    return file.getvalue()


def wav(frames: bytes, *, channels: int = 1, rate: int = RATE, kind: int = 1, bits: int = 16) -> bytes:
    """Return a WAV file with any header values."""
    width = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * width & 0xFFFFFFFF, width & 0xFFFF, bits)
    body = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(frames)) + frames
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def id3(size: int, frames: bytes = b"") -> bytes:
    """Return an ID3v2.3 tag that declares a size."""
    return b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frames


def flac_with(kind: int, body: bytes) -> bytes:
    """Return a FLAC file with one more metadata block, before its others."""
    content = sound("flac")
    return content[:42] + bytes([kind]) + len(body).to_bytes(3, "big") + body + content[42:]


def flac_comments(number: int) -> bytes:
    """Return a FLAC file with `number` different comments of one name."""
    comments = b"".join(struct.pack("<I", 9) + b"a=%07d" % index for index in range(number))
    return flac_with(4, struct.pack("<II", 0, number) + comments)


def playlist(*targets: str) -> bytes:
    """Return an HLS playlist."""
    lines = "".join(f"#EXTINF:10,\n{target}\n" for target in targets)
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n{lines}#EXT-X-ENDLIST\n".encode()


def ogg_pages(number: int, body: bytes = b"") -> bytes:
    """Return small Ogg pages, each the first page of another stream."""
    segments = bytes([len(body)]) if body else b""
    return b"".join(
        b"OggS\0\x02" + bytes(8) + struct.pack("<IIIB", serial, 0, 0, len(segments)) + segments + body
        for serial in range(number)
    )


def write_silence(path: Path, hours: int, rate: int, channels: int) -> Path:
    """Write hours of silence as a few megabytes of FLAC."""
    silence = np.zeros((60 * rate, channels), np.int16)
    with soundfile.SoundFile(path, "w", rate, channels, format="FLAC") as sink:
        for _ in range(60 * hours):
            sink.write(silence)
    return path


def write_vast(path: Path) -> Path:
    """Write a WAV file of a minute of zeros, eight channels at 384 kHz: sparse on disk, seconds to decode."""
    size = 8 * 3 * 384_000 * 60
    head = wav(b"", channels=8, rate=384_000, bits=24)
    path.write_bytes(head[:-4] + struct.pack("<I", size))
    os.truncate(path, len(head) + size)
    return path


def hostile_contents(canary: Path, url: str) -> dict[str, bytes]:
    """Return file name → content."""
    not_numbers = np.full(SECONDS * RATE, np.nan, "<f4").tobytes()
    infinite = np.full(SECONDS * RATE, np.inf, "<f4").tobytes()
    noise = np.random.default_rng(6).bytes(2 * SECONDS * RATE)
    return {
        "hls.mp3": playlist(str(canary), f"file://{canary}", f"{url}/a.ts"),
        "hls.flac": playlist(str(canary)),
        "hls.wav": playlist(f"{url}/key", "concat:" + str(canary)),
        "ffconcat.mp3": f"ffconcat version 1.0\nfile '{canary}'\nfile '{url}/b.mp3'\n".encode(),
        "pls.mp3": f"[playlist]\nFile1={url}/c.mp3\n".encode(),
        "smil.ogg": f'<smil><body><audio src="{url}/d.ogg"/></body></smil>'.encode(),
        "nan.wav": wav(not_numbers, kind=3, bits=32),
        "inf.wav": wav(infinite, kind=3, bits=32),
        "loud.wav": wav(np.full(SECONDS * RATE, 1e30, "<f4").tobytes(), kind=3, bits=32),
        "channels-1024.wav": wav(noise, channels=1024),
        "channels-65535.wav": wav(noise, channels=65_535, bits=8),
        "channels-0.wav": wav(noise, channels=0),
        "rate-1.wav": wav(noise, rate=1),
        "rate-0.wav": wav(noise, rate=0),
        "rate-4G.wav": wav(noise, rate=0xFFFFFFFF),
        "no-frames.wav": wav(b""),
        "gsm.wav": wav(noise, kind=0x31, bits=0),
        "empty.mp3": b"",
        "zeros.mp3": bytes(50_000),
        "noise.ogg": noise,
        "tag-200-MB.mp3": id3(200 * 2**20) + sound("mp3"),
        "tag-frame-200-MB.mp3": id3(5_000, b"TIT2" + (200 * 2**20).to_bytes(4, "big") + bytes(4_990)) + sound("mp3"),
        "tags-in-tags.mp3": id3(0) * 20_000 + sound("mp3"),
        "picture-16-MB.flac": flac_with(6, bytes(2**24 - 1)),
        "picture-with-false-size.flac": flac_with(6, struct.pack(">III", 3, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(100)),
        "comments-with-false-size.flac": flac_with(4, struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)),
        "comments-200000.flac": flac_comments(200_000),
        "blocks-5000.flac": sound("flac")[:42] + b"\x01\0\0\0" * 5_000 + sound("flac")[42:],
        "pages-100000.ogg": ogg_pages(100_000),
        "streams-1000.ogg": ogg_pages(1_000, b"\x01vorbis" + bytes(23)),
        "pages-in-pages.ogg": ogg_pages(50, b"OggS\0\x02" + bytes(21)) + sound("ogg"),
        "cut-in-header.ogg": sound("ogg")[:3_000],
        **{f"cut.{suffix}": sound(suffix)[:9_000] for suffix in FORMATS},
    }


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """Return a file with random damage, mostly in its first 400 bytes."""
    changed = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        reach = len(changed) if random.random() < 0.5 else min(len(changed), 400)
        place, length = int(random.integers(reach)), int(random.integers(1, 200))
        kind = random.integers(6)
        if kind == 0:
            changed[place] ^= 1 << int(random.integers(8))
        elif kind == 1:
            changed[place : place + length] = random.bytes(length)
        elif kind == 2:
            del changed[place : place + length]
        elif kind == 3:
            changed[place:place] = changed[place : place + length]
        elif kind == 4:
            changed[place : place + 4] = random.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
        else:
            del changed[max(place, 50) :]
    return bytes(changed)

"""One file of each audio format, written by the encoders of Debian, or by hand where there is none."""

import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mutagen
import mutagen.apev2
import mutagen.asf
import mutagen.flac
import mutagen.id3
import mutagen.mp4
import numpy as np
import soundfile

SAMPLE_RATE = 44_100
SECONDS = 7
ENCODERS = ("ffmpeg", "lame", "flac", "opusenc", "wavpack", "mpcenc")


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg, which overwrites its output."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-bitexact", *arguments], check=True)


def _ffmpeg(*options: str) -> Callable[[Path, Path], None]:
    return lambda source, target: ffmpeg("-i", source, "-threads", "1", *options, target)


def _tool(*command: str) -> Callable[[Path, Path], None]:
    """A command in which IN and OUT stand for the files."""

    def run(source: Path, target: Path) -> None:
        paths = {"IN": str(source), "OUT": str(target)}
        subprocess.run([paths.get(word, word) for word in command], check=True, capture_output=True)

    return run


def _dsf(_source: Path, target: Path) -> None:
    blocks = SECONDS * 2_822_400 // 8 // 4096
    sound = np.random.default_rng(1).bytes(blocks * 2 * 4096)
    fmt = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 2, 2, 2_822_400, 1, blocks * 4096 * 8, 4096, 0)
    data = struct.pack("<4sQ", b"data", 12 + len(sound)) + sound
    head = struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(fmt) + len(data), 0)
    target.write_bytes(head + fmt + data)


def _dff(_source: Path, target: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return kind + len(content).to_bytes(8, "big") + content + b"\0" * (len(content) % 2)

    properties = (
        b"SND "
        + chunk(b"FS  ", (2_822_400).to_bytes(4, "big"))
        + chunk(b"CHNL", b"\0\2SLFTSRGT")
        + chunk(b"CMPR", b"DSD \x0enot compressed")
    )
    sound = np.random.default_rng(2).bytes(SECONDS * 2_822_400 // 8 * 2)
    content = chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", properties) + chunk(b"DSD ", sound)
    target.write_bytes(chunk(b"FRM8", b"DSD " + content))


def _ape(_source: Path, target: Path) -> None:
    """A header as Monkey's Audio 3.99 writes it, before bytes that are no frames."""
    frames = np.random.default_rng(3).bytes(100_000)
    descriptor = struct.pack("<4sHHIIIIIII16s", b"MAC ", 3990, 0, 52, 24, 4, 44, len(frames), 0, 0, bytes(16))
    header = struct.pack("<HHIIIHHI", 2000, 0, 73_728, SECONDS * SAMPLE_RATE, 1, 16, 2, SAMPLE_RATE)
    target.write_bytes(descriptor + header + struct.pack("<I", 124) + b"RIFF" + bytes(40) + frames)


def _amr(_source: Path, target: Path) -> None:
    """Frames of 20 ms at 12.2 kbit/s with random parameters."""
    random = np.random.default_rng(4)
    target.write_bytes(b"#!AMR\n" + b"".join(b"\x3c" + random.bytes(31) for _ in range(SECONDS * 50)))


@dataclass(frozen=True, slots=True)
class Format:
    """An audio format in a container.

    Attributes:
        name: For people.
        file: Name of the file.
        container: The name that `recognise` gives it.
        write: Encodes a WAV file into a file.
        packets: Formats with the same name here store the same packets, so they have one id.
    """

    name: str
    file: str
    container: str
    write: Callable[[Path, Path], None]
    packets: str = ""

    def encode(self, source: Path, folder: Path) -> Path:
        """Write the file into a folder."""
        target = folder / self.file
        self.write(source, target)
        return target


FRAGMENTED = ("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "1000000")
FORMATS = (
    Format("AAC in M4A", "aac.m4a", "M4A", _ffmpeg("-c:a", "aac"), "AAC"),
    Format("AAC in M4A, faststart", "fast.m4a", "M4A", _ffmpeg("-c:a", "aac", "-movflags", "faststart"), "AAC"),
    Format("AAC in fragmented MP4", "aac.mp4", "MP4", _ffmpeg("-c:a", "aac", *FRAGMENTED), "AAC"),
    Format("AAC, raw (ADTS)", "aac.aac", "AAC", _ffmpeg("-c:a", "aac"), "AAC"),
    Format("AAC in Matroska", "aac.mka", "Matroska", _ffmpeg("-c:a", "aac"), "AAC"),
    Format("AAC in FLV", "aac.flv", "FLV", _ffmpeg("-c:a", "aac"), "AAC"),
    Format("ALAC in M4A", "alac.m4a", "M4A", _ffmpeg("-c:a", "alac"), "ALAC"),
    Format("ALAC in CAF", "alac.caf", "CAF", _ffmpeg("-c:a", "alac"), "ALAC"),
    Format("Opus in MP4", "opus.mp4", "MP4", _ffmpeg("-c:a", "libopus", "-ar", "48000"), "Opus"),
    Format("Opus in WebM", "opus.webm", "WebM", _ffmpeg("-c:a", "libopus", "-ar", "48000"), "Opus"),
    Format("Opus", "ffmpeg.opus", "Ogg", _ffmpeg("-c:a", "libopus", "-ar", "48000"), "Opus"),
    Format("Opus by opusenc", "opusenc.opus", "Ogg", _tool("opusenc", "--quiet", "IN", "OUT")),
    Format("PCM in QuickTime", "pcm.mov", "QuickTime", _ffmpeg("-c:a", "pcm_s16le")),
    Format("IMA ADPCM in QuickTime", "ima.mov", "QuickTime", _ffmpeg("-c:a", "adpcm_ima_qt")),
    Format("FLAC", "flac.flac", "FLAC", _ffmpeg("-c:a", "flac"), "FLAC"),
    Format("FLAC by flac", "tool.flac", "FLAC", _tool("flac", "--silent", "--force", "-o", "OUT", "IN")),
    Format("FLAC in Ogg", "flac.oga", "Ogg", _ffmpeg("-c:a", "flac"), "FLAC"),
    Format("FLAC in Matroska", "flac.mka", "Matroska", _ffmpeg("-c:a", "flac"), "FLAC"),
    Format("Vorbis", "vorbis.ogg", "Ogg", _ffmpeg("-c:a", "libvorbis"), "Vorbis"),
    Format("Vorbis in WebM", "vorbis.webm", "WebM", _ffmpeg("-c:a", "libvorbis"), "Vorbis"),
    Format("Speex", "speex.spx", "Ogg", _ffmpeg("-c:a", "libspeex", "-ar", "32000", "-f", "ogg")),
    Format("MP3 by lame", "lame.mp3", "MP3", _tool("lame", "--quiet", "-V", "2", "IN", "OUT")),
    Format("MP3", "mp3.mp3", "MP3", _ffmpeg("-c:a", "libmp3lame"), "MP3"),
    Format("MP3 in AVI", "mp3.avi", "AVI", _ffmpeg("-c:a", "libmp3lame"), "MP3"),
    Format("MP3 in Matroska", "mp3.mka", "Matroska", _ffmpeg("-c:a", "libmp3lame"), "MP3"),
    Format("MP2", "mp2.mp2", "MP2", _ffmpeg("-c:a", "mp2")),
    Format("WAV", "pcm.wav", "WAV", _ffmpeg("-c:a", "pcm_s16le"), "WAV"),
    Format("RF64", "rf64.wav", "RF64", _ffmpeg("-rf64", "always"), "WAV"),
    Format("Wave64", "pcm.w64", "Wave64", _ffmpeg("-c:a", "pcm_s16le"), "WAV"),
    Format("MS-ADPCM in WAV", "adpcm.wav", "WAV", _ffmpeg("-c:a", "adpcm_ms")),
    Format("A-law in WAV", "alaw.wav", "WAV", _ffmpeg("-c:a", "pcm_alaw")),
    Format("AIFF", "pcm.aiff", "AIFF", _ffmpeg("-c:a", "pcm_s16be")),
    Format("AIFF-C, little-endian", "sowt.aifc", "AIFF", _ffmpeg("-c:a", "pcm_s16le", "-f", "aiff")),
    Format("PCM in CAF", "pcm.caf", "CAF", _ffmpeg("-c:a", "pcm_s16le")),
    Format("AU", "pcm.au", "AU", _ffmpeg("-c:a", "pcm_s16be")),
    Format("WMA 2", "wma2.wma", "WMA", _ffmpeg("-c:a", "wmav2")),
    Format("WMA 1", "wma1.wma", "WMA", _ffmpeg("-c:a", "wmav1")),
    Format("WavPack", "tool.wv", "WavPack", _tool("wavpack", "-q", "-y", "IN", "-o", "OUT")),
    Format("WavPack by ffmpeg", "ffmpeg.wv", "WavPack", _ffmpeg("-c:a", "wavpack")),
    Format("True Audio", "tta.tta", "True Audio", _ffmpeg("-c:a", "tta"), "True Audio"),
    Format("True Audio in Matroska", "tta.mka", "Matroska", _ffmpeg("-c:a", "tta"), "True Audio"),
    Format("Musepack SV8", "sv8.mpc", "Musepack", _tool("mpcenc", "--silent", "--overwrite", "IN", "OUT")),
    Format("DSF", "dsd.dsf", "DSF", _dsf),
    Format("DSDIFF", "dsd.dff", "DSDIFF", _dff),
    Format("Monkey's Audio", "ape.ape", "Monkey's Audio", _ape),
    Format("AC-3", "ac3.ac3", "AC-3", _ffmpeg("-c:a", "ac3")),
    Format("E-AC-3", "eac3.eac3", "E-AC-3", _ffmpeg("-c:a", "eac3")),
    Format("DTS", "dts.dts", "DTS", _ffmpeg("-c:a", "dca", "-strict", "-2")),
    Format("TrueHD", "truehd.thd", "TrueHD", _ffmpeg("-c:a", "truehd", "-strict", "-2", "-ar", "48000")),
    Format("AMR", "amr.amr", "AMR", _amr),
    Format("RealMedia", "real.rm", "RealMedia", _ffmpeg("-c:a", "ac3", "-f", "rm")),
)

NOT_TAGGED = {
    "AAC",
    "AC-3",
    "AMR",
    "AU",
    "AVI",
    "CAF",
    "DTS",
    "E-AC-3",
    "FLV",
    "Matroska",
    "RF64",
    "RealMedia",
    "TrueHD",
}
TAGGED = tuple(form for form in FORMATS if form.container not in NOT_TAGGED | {"Wave64", "WebM"})
"""The formats in which mutagen writes tags."""
NOT_COPIED = {"Musepack", "DSF", "DSDIFF", "Monkey's Audio", "AMR"}
COPIED = tuple(form for form in FORMATS if form.container not in NOT_COPIED)
"""The formats that ffmpeg writes."""


def missing_encoders() -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in ENCODERS if shutil.which(name) is None]


def write_source(path: Path, seed: int = 0) -> Path:
    """Write a stereo WAV file of chords and noise."""
    random = np.random.default_rng(seed)
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220 * (1 + seed), 277.2, 329.6))
    pulse = np.exp(-8 * (time % 0.5))[:, None] * random.normal(0, 0.2, (len(time), 2))
    soundfile.write(path, 0.1 * chord[:, None] + pulse, SAMPLE_RATE, subtype="PCM_16")
    return path


def retag(path: Path, title: str, picture: bytes) -> None:
    """Write a title, long lyrics and a cover with mutagen, in a format of `TAGGED`."""
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    tags, lyrics = file.tags, "la " * 10_000
    if isinstance(tags, mutagen.id3.ID3):
        tags.add(mutagen.id3.TIT2(encoding=3, text=title))
        tags.add(mutagen.id3.USLT(encoding=3, text=lyrics))
        tags.add(mutagen.id3.APIC(encoding=3, mime="image/png", type=3, data=picture))
    elif isinstance(tags, mutagen.mp4.MP4Tags):
        tags["\xa9nam"], tags["\xa9lyr"] = [title], [lyrics]
        tags["covr"] = [mutagen.mp4.MP4Cover(picture, mutagen.mp4.MP4Cover.FORMAT_PNG)]
    elif isinstance(tags, mutagen.asf.ASFTags):
        cover = struct.pack("<BI", 3, len(picture)) + "image/png\0\0".encode("utf-16-le") + picture
        tags["Title"], tags["WM/Lyrics"] = [title], [lyrics]
        tags["WM/Picture"] = [mutagen.asf.ASFByteArrayAttribute(cover)]
    elif isinstance(tags, mutagen.apev2.APEv2):
        tags["Title"], tags["Lyrics"] = title, lyrics
        tags["Cover Art (Front)"] = mutagen.apev2.APEValue(b"cover.png\0" + picture, mutagen.apev2.BINARY)
    else:
        tags["title"], tags["lyrics"] = [title], [lyrics]
    if isinstance(file, mutagen.flac.FLAC):
        block = mutagen.flac.Picture()
        block.data = picture
        file.add_picture(block)
    file.save()

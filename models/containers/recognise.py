"""What a file is by its first bytes, for a reason that a person can act on."""

import os

from models.containers.counted_mp3 import first_frame

SNIFFED_BYTES = 64
NO_LENGTH = 2**62  # frames: libsndfile reports 2**63 - 1 for a FLAC whose header leaves the length open

# (offset, bytes, what to say). Formats that people have in music folders and that libsndfile does not decode.
UNSUPPORTED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"#EXTM3U", "An HLS playlist, not audio"),
    (
        4,
        b"ftyp",
        "M4A (AAC, ALAC) is not supported, for want of a permissively licensed decoder: convert it to FLAC or Opus",
    ),
    (0, b"\xff\xf1", "Raw AAC is not supported: convert it to FLAC, Opus or MP3"),
    (0, b"\xff\xf9", "Raw AAC is not supported: convert it to FLAC, Opus or MP3"),
    (0, b"\x30\x26\xb2\x75", "WMA is not supported: convert it to FLAC, Opus or MP3"),
    (0, b"wvpk", "WavPack is not supported: convert it to FLAC"),
    (0, b"MAC ", "Monkey's Audio is not supported: convert it to FLAC"),
    (0, b"DSD ", "DSD is not supported: convert it to FLAC"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM is not supported: convert it to FLAC, Opus or MP3"),
    (0, b"fLaC", "A FLAC header without a readable stream: the file is damaged"),
    (0, b"OggS", "An Ogg file without Vorbis or Opus sound: not supported or damaged"),
    (0, b"RIFF", "A RIFF file without readable sound: not a WAV file, or damaged"),
    (0, b"ID3", "A tag without music behind it: the file is damaged"),
)


def reason_unrecognised(descriptor: int) -> str:
    """Say why libsndfile did not recognise a file.

    Args:
        descriptor: An open, regular, non-empty file; its offset stays where it is.

    Returns:
        One sentence for a person.
    """
    head = os.pread(descriptor, SNIFFED_BYTES, 0)
    for offset, magic, reason in UNSUPPORTED:
        if head[offset : offset + len(magic)] == magic:
            return reason
    if not any(head):
        return "The file starts with zero bytes: not audio, or an incomplete download"
    return "Header missing: not an audio file"


def declares_length(descriptor: int, container: str, n_frames: int) -> bool:
    """Say whether a file declares how long it is, or libsndfile had to estimate it.

    An MP3 declares its length in a first frame named Xing, Info or VBRI; without one libsndfile multiplies
    the first frame's bit rate by the file's size, which is wrong for a variable bit rate.

    Args:
        descriptor: An open audio file; its offset stays where it is.
        container: libsndfile's name of the format, such as "MP3".
        n_frames: The length that libsndfile reports.
    """
    if container != "MP3":
        return n_frames < NO_LENGTH
    start = first_frame(descriptor)
    opening = b"" if start is None else os.pread(descriptor, SNIFFED_BYTES, start)
    return any(name in opening for name in (b"Xing", b"Info", b"VBRI"))

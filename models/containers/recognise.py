"""The audio formats that Segue reads, those that it refuses by name, and how to tell them by content.

Only the first bytes of a file decide. Playlists and scripts, which name other files, are never audio. Sources: RFC 9639
(FLAC), EBU Tech 3306 (RF64), ISO/IEC 14496-12 (MP4), RFC 9559 (Matroska), and the probes of ffmpeg's demuxers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from models.containers import (
    NotMusic,
    UnsupportedContainer,
    Update,
    asf,
    chunks,
    feed_range,
    lossless,
    matroska,
    mp4,
    mpeg,
    ogg,
    streams,
)
from models.containers.pictures import picture_name

HEAD_BYTES = 400
# FLAC metadata blocks: a real file has a dozen, and one more for each picture. A file of empty ones costs a read for
# every few bytes, in the process that serves requests.
MAX_BLOCKS = 1024

NOT_SUPPORTED_OR_DAMAGED = "Not a supported audio file, or damaged"
PLAYLIST = "The file is a playlist, not audio"

WEB_PAGE_STARTS = (b"<!doctype html", b"<html", b"\xef\xbb\xbf<!doctype html")
PLAYLIST_STARTS = (b"#EXTM3U", b"[playlist]", b"ffconcat version", b"<asx", b"<?xml", b"v=0\r\n", b"v=0\n")


@dataclass(frozen=True, slots=True)
class Container:
    """A supported audio format.

    Attributes:
        name: For messages.
        suffix: File name suffix, with its dot.
        demuxer: ffmpeg's name of the format, for `-f`.
        feed: Passes the encoded audio of a stream to an update function, without tags. Its other arguments are the
            position after leading ID3v2 tags and the size of the file.
        native: Whether libsndfile decodes the format. ffmpeg decodes the others.
    """

    name: str
    suffix: str
    demuxer: str
    feed: Callable[[BinaryIO, int, int, Update], None]
    native: bool = False


def recognise(stream: BinaryIO) -> Container:
    """Recognise the format of a file by its content.

    Args:
        stream: A seekable, non-empty file.

    Returns:
        The format.

    Raises:
        UnsupportedContainer: The file is not audio in a supported format.
    """
    start = mpeg.skip_id3v2(stream)
    stream.seek(start)
    head = stream.read(HEAD_BYTES)
    _check_audio(head)
    container = _matching(MAGIC, head)
    if container is None:
        _check_supported(head)
        container = _stream_of_frames(stream, start, head)
    if container is OGG and ogg.is_opus(stream, start):
        return OPUS
    if container is MATROSKA and b"webm" in head:
        return WEBM
    if container is not None:
        return container
    if head and not any(head):
        raise UnsupportedContainer("The file starts with zero bytes: not audio, or an incomplete download")
    if _is_text(head):
        raise UnsupportedContainer("Not audio: plain text")
    raise UnsupportedContainer(NOT_SUPPORTED_OR_DAMAGED)


def not_supported(name: str) -> str:
    """Return the message for a format that Segue does not decode."""
    return f"{name} is not supported: convert it to FLAC, Opus or MP3"


@dataclass(frozen=True, slots=True)
class Magic:
    """Bytes that begin the files of a format, and more of them at an offset."""

    first: bytes
    more: bytes = b""
    offset: int = 0

    def matches(self, head: bytes) -> bool:
        """Return whether the first bytes of a file have the format's marks."""
        return head.startswith(self.first) and head[self.offset : self.offset + len(self.more)] == self.more


def _matching(table: tuple[tuple[Magic, Container], ...], head: bytes) -> Container | None:
    return next((container for magic, container in table if magic.matches(head)), None)


def _stream_of_frames(stream: BinaryIO, start: int, head: bytes) -> Container | None:
    """Return the format whose frames come first: junk before an MP3 may begin like another one."""
    found, search_bytes = None, mpeg.SEARCH_BYTES
    for find, container in FRAMES:
        place = find(stream, start, search_bytes=search_bytes)
        if place is not None:
            found, search_bytes = container, place - start
    if found is not None:
        return found
    if head.startswith(b"\x0b\x77"):
        return EAC3 if len(head) > EAC3_BSID[0] and head[EAC3_BSID[0]] >> 3 > EAC3_BSID[1] else AC3
    if head[::TS_PACKET_BYTES] == b"GGG":  # each packet begins with this byte
        return MPEG_TS
    return None


def _check_audio(head: bytes) -> None:
    """Name a file of another kind: parts of it may look like the frames of MP3, which junk may precede."""
    name = picture_name(head)
    if name and name != "PDF":
        raise NotMusic(f"Not audio: {'an' if name in {'SVG', 'AVIF'} else 'a'} {name} picture")
    if head.lstrip().lower().startswith(WEB_PAGE_STARTS):
        raise UnsupportedContainer("Not audio: a web page (HTML)")
    for magic, kind in NOT_AUDIO:
        if magic.matches(head):
            raise UnsupportedContainer(f"Not audio: {kind}")


def _is_text(head: bytes) -> bool:
    text = head.decode("utf-8", "ignore")  # the last letter may be cut
    return len(text.encode()) > max(0, len(head) - 4) and all(
        letter.isprintable() or letter.isspace() for letter in text
    )


def _check_supported(head: bytes) -> None:
    if head.startswith(PLAYLIST_STARTS):
        raise NotMusic(PLAYLIST)
    for magic, name in REFUSED:
        if magic.matches(head):
            raise UnsupportedContainer(not_supported(name))


def _feed_all(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    """Pass everything between the tags at both ends of a file to `update`."""
    feed_range(stream, start, mpeg.end_of_audio(stream, size), update)


def _feed_flac(stream: BinaryIO, start: int, size: int, update: Update) -> None:
    position = start + 4
    for _ in range(MAX_BLOCKS):
        stream.seek(position)
        header = stream.read(4)
        if len(header) < 4:
            return
        position += 4 + int.from_bytes(header[1:], "big")
        if header[0] & 0x80:
            feed_range(stream, position, mpeg.end_of_audio(stream, size), update)
            return
    raise UnsupportedContainer(f"The FLAC file is damaged: it has more than {MAX_BLOCKS} metadata blocks")


FLAC = Container("FLAC", ".flac", "flac", _feed_flac, native=True)
OGG = Container("Ogg", ".ogg", "ogg", ogg.feed, native=True)
OPUS = Container("Ogg", ".opus", "ogg", ogg.feed, native=True)
WAV = Container("WAV", ".wav", "wav", chunks.feed_wav, native=True)
RF64 = Container("RF64", ".wav", "wav", chunks.feed_wav, native=True)
WAVE64 = Container("Wave64", ".w64", "w64", chunks.feed_wave64, native=True)
AIFF = Container("AIFF", ".aiff", "aiff", chunks.feed_aiff, native=True)
CAF = Container("CAF", ".caf", "caf", chunks.feed_caf, native=True)
AU = Container("AU", ".au", "au", chunks.feed_au, native=True)
MP3 = Container("MP3", ".mp3", "mp3", mpeg.feed, native=True)
MP2 = Container("MP2", ".mp2", "mp3", streams.feed_layer_2, native=True)
ADTS = Container("AAC", ".aac", "aac", streams.feed_adts)
M4A = Container("M4A", ".m4a", "mov", mp4.feed)
MP4 = Container("MP4", ".mp4", "mov", mp4.feed)
QUICKTIME = Container("QuickTime", ".mov", "mov", mp4.feed)
MATROSKA = Container("Matroska", ".mka", "matroska", matroska.feed)
WEBM = Container("WebM", ".webm", "matroska", matroska.feed)
WMA = Container("WMA", ".wma", "asf", asf.feed)
WAVPACK = Container("WavPack", ".wv", "wv", lossless.feed_wavpack)
APE = Container("Monkey's Audio", ".ape", "ape", lossless.feed_ape)
TTA = Container("True Audio", ".tta", "tta", lossless.feed_tta)
TAK = Container("TAK", ".tak", "tak", _feed_all)
SHORTEN = Container("Shorten", ".shn", "shn", _feed_all)
MUSEPACK_7 = Container("Musepack", ".mpc", "mpc", lossless.feed_musepack_7)
MUSEPACK_8 = Container("Musepack", ".mpc", "mpc8", lossless.feed_musepack_8)
DSF = Container("DSF", ".dsf", "dsf", chunks.feed_dsf)
DSDIFF = Container("DSDIFF", ".dff", "iff", chunks.feed_dsdiff)
AC3 = Container("AC-3", ".ac3", "ac3", _feed_all)
EAC3 = Container("E-AC-3", ".eac3", "eac3", _feed_all)
DTS = Container("DTS", ".dts", "dts", _feed_all)
TRUEHD = Container("TrueHD", ".thd", "truehd", _feed_all)
MLP = Container("MLP", ".mlp", "mlp", _feed_all)
AMR = Container("AMR", ".amr", "amr", _feed_all)
AVI = Container("AVI", ".avi", "avi", chunks.feed_avi)
FLASH = Container("FLV", ".flv", "flv", streams.feed_flv)
REAL = Container("RealMedia", ".rm", "rm", chunks.feed_real)
REAL_AUDIO = Container("RealAudio", ".ra", "rm", _feed_all)
MPEG_PS = Container("MPEG", ".mpg", "mpeg", _feed_all)
MPEG_TS = Container("MPEG-TS", ".ts", "mpegts", _feed_all)

ISO_BASE_MEDIA = b"ftyp"
W64_GUID = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
ASF_GUID = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
EBML = b"\x1a\x45\xdf\xa3"
TS_PACKET_BYTES = 188
EAC3_BSID = (5, 10)  # byte whose upper five bits are the version, and the last version of AC-3

MAGIC = (
    (Magic(b"fLaC"), FLAC),
    (Magic(b"OggS"), OGG),
    (Magic(EBML), MATROSKA),
    (Magic(b"RIFF", b"WAVE", 8), WAV),
    (Magic(b"RF64", b"WAVE", 8), RF64),
    (Magic(b"RIFF", b"AVI ", 8), AVI),
    (Magic(W64_GUID), WAVE64),
    (Magic(b"FORM", b"AIFF", 8), AIFF),
    (Magic(b"FORM", b"AIFC", 8), AIFF),
    (Magic(b"caff"), CAF),
    (Magic(b".snd"), AU),
    (Magic(b"", b"ftypM4A", 4), M4A),
    (Magic(b"", b"ftypM4B", 4), M4A),
    (Magic(b"", b"ftypqt  ", 4), QUICKTIME),
    (Magic(b"", ISO_BASE_MEDIA, 4), MP4),
    (Magic(b"", b"moov", 4), QUICKTIME),
    (Magic(b"", b"mdat", 4), QUICKTIME),
    (Magic(b"", b"wide", 4), QUICKTIME),
    (Magic(ASF_GUID), WMA),
    (Magic(b"wvpk"), WAVPACK),
    (Magic(b"MAC "), APE),
    (Magic(b"TTA1"), TTA),
    (Magic(b"tBaK"), TAK),
    (Magic(b"ajkg"), SHORTEN),
    (Magic(b"MPCK"), MUSEPACK_8),
    (Magic(b"MP+\x07"), MUSEPACK_7),
    (Magic(b"MP+\x17"), MUSEPACK_7),
    (Magic(b"DSD "), DSF),
    (Magic(b"FRM8", b"DSD ", 12), DSDIFF),
    (Magic(b"#!AMR"), AMR),
    (Magic(b"FLV\x01"), FLASH),
    (Magic(b".RMF"), REAL),
    (Magic(b".ra\xfd"), REAL_AUDIO),
    (Magic(b"\x7f\xfe\x80\x01"), DTS),
    (Magic(b"\xfe\x7f\x01\x80"), DTS),
    (Magic(b"\x1f\xff\xe8\x00"), DTS),
    (Magic(b"\xff\x1f\x00\xe8"), DTS),
    (Magic(b"", b"\xf8\x72\x6f\xba", 4), TRUEHD),
    (Magic(b"", b"\xf8\x72\x6f\xbb", 4), MLP),
    (Magic(b"\0\0\x01\xba"), MPEG_PS),
)
REFUSED = (
    (Magic(b"MP+"), "Musepack before version 7"),
    (Magic(b"OFR "), "OptimFROG"),
    (Magic(b"LA0"), "Lossless Audio"),
    (Magic(b"MThd"), "MIDI"),
)
NOT_AUDIO = (
    (Magic(b"%PDF"), "a PDF document"),
    (Magic(b"PK\3\4"), "a ZIP archive"),
    (Magic(b"PK\5\6"), "an empty ZIP archive"),
    (Magic(b"\x1f\x8b\x08"), "a gzip archive"),
    (Magic(b"Rar!\x1a\x07"), "a RAR archive"),
    (Magic(b"7z\xbc\xaf\x27\x1c"), "a 7-Zip archive"),
    (Magic(b"\x7fELF"), "a program (ELF)"),
    (Magic(b"MZ\x90\0"), "a program (Windows)"),
    (Magic(b"\xcf\xfa\xed\xfe"), "a program (Mach-O)"),
    (Magic(b"\xca\xfe\xba\xbe"), "a program (Mach-O or Java)"),
    (Magic(b"#!/"), "a script"),
)
FRAMES = ((mpeg.find_frame, MP3), (streams.find_adts, ADTS), (streams.find_layer_2, MP2))

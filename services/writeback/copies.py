"""Make a copy of an audio file with other tags.

ID3v2 tags at the start of MP3s and others and in AIFFs, the comments of FLACs, and the APEv2 tags of WavPacks are
edited here, and everything else is copied byte by byte: ffmpeg would lose ratings, cue points, second values, comments,
and the chunks and blocks that it does not know. It writes the other formats, without decoding anything.
"""

import struct
import subprocess
from collections.abc import Iterator, Mapping
from typing import IO, BinaryIO

from models.containers import feed_range
from models.containers.chunks import IFF, chunks
from models.ffmpeg import find_ffmpeg, install_command
from services.domain.errors import UnsupportedAudio
from services.ingest.formats import audio_format
from services.writeback.values import Values

FFMPEG_SECONDS = 600.0  # to copy the largest file from a slow disk to itself
LONGEST_MESSAGE = 300

ID3_CONTAINERS = {"MP3", "MP2", "AAC", "True Audio"}  # files that begin with an ID3v2 tag
ID3_HEADER_BYTES = 10
ID3V2_4 = 4
SEVEN_BITS = 0x7F
ID3_PADDING = 1024
MAX_ID3_BYTES = 64 * 2**20
ID3_FRAMES = {"bpm": b"TBPM", "key": b"TKEY", "mood": b"TMOO"}
ID3_MOOD_BEFORE_2_4 = b"MOOD"  # in a frame for own texts

COMMENTS_BLOCK, LAST_BLOCK, MAX_BLOCKS, BLOCK_HEADER_BYTES = 4, 0x80, 1024, 4
MAX_COMMENTS_BYTES = 2**24 - 1
# The first name is written; comments with the others, which mean the same, are replaced by it.
COMMENT_NAMES: Mapping[str, tuple[str, ...]] = {
    "bpm": ("BPM", "TEMPO"),
    "key": ("INITIALKEY", "KEY"),
    "mood": ("MOOD",),
}

APE_MAGIC, APE_VERSION, APE_HEADER_BYTES, APE_HAS_HEADER, APE_IS_HEADER = b"APETAGEX", 2000, 32, 1 << 31, 1 << 29
ID3V1_BYTES = 128
MAX_APE_BYTES = 64 * 2**20
FORM_BYTES, CHUNK_HEADER_BYTES = 12, 8

# Container → ffmpeg's muxer, and the names of the fields that the format holds.
MUXERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Ogg": ("ogg", ("BPM", "INITIALKEY", "MOOD")),
    "Matroska": ("matroska", ("BPM", "INITIALKEY", "MOOD")),
    "WebM": ("webm", ("BPM", "INITIALKEY", "MOOD")),
    "WMA": ("asf", ("WM/BeatsPerMinute", "WM/InitialKey", "WM/Mood")),
    "M4A": ("ipod", ("tmpo",)),
    "MP4": ("mp4", ("tmpo",)),
}
WRITTEN_NAMES = frozenset(
    name.upper()
    for names in (
        *COMMENT_NAMES.values(),
        *(fields for _, fields in MUXERS.values()),
        ("TBPM", "TKEY", "TMOO"),
        (
            "encoder",
            "TSSE",
            "WM/EncodingSettings",
            "EncodingSettings",
            "\xa9too",
            "TXXX",
        ),  # ffmpeg writes or drops its own name
    )
    for name in names
)
"""Names of entries that may differ between a file and its copy, in capitals."""


class NotWritten(Exception):  # noqa: N818  it says what happened
    """The file keeps its tags; the message is the reason."""


def fields_of(source: BinaryIO) -> frozenset[str]:
    """Return the fields of `Values` that the format of a file has a place for.

    Raises:
        NotWritten: It is no audio file that Segue takes.
    """
    try:
        name = audio_format(source).name
    except UnsupportedAudio as error:
        raise NotWritten(error.detail) from error
    held = MUXERS[name][1] if name in MUXERS else COMMENT_NAMES
    return frozenset(field for field, _ in zip(COMMENT_NAMES, held, strict=False))


def write_copy(source: BinaryIO, values: Values, target: IO[bytes], target_path: str) -> None:
    """Write a copy of a file with values in its tags.

    Args:
        source: The file, seekable.
        values: What to write; other tags stay.
        target: An open, empty file.
        target_path: Its path, for ffmpeg.

    Raises:
        NotWritten: The format has no place for the values, or its tag is one that cannot be edited.
    """
    try:
        container = audio_format(source)
    except UnsupportedAudio as error:
        raise NotWritten(error.detail) from error
    size = source.seek(0, 2)
    if container.name in ID3_CONTAINERS:
        _copy(source, _id3_head(source, values), size, target)
    elif container.name == "FLAC" and _read(source, 0, 4) == b"fLaC":
        _copy(source, _flac_head(source, values), size, target)
    elif container.name == "AIFF":
        _write_aiff(source, values, size, target)
    elif container.name == "WavPack":
        start, tag = _ape_tag(source, size, values)
        feed_range(source, 0, start, lambda data: _ignore(target.write(data)))
        target.write(tag)
        target.flush()
    elif container.name in MUXERS:
        _with_ffmpeg(source, container.name, container.demuxer, values, target_path)
    else:
        raise NotWritten(f"Segue does not write tags into {container.name} files: use --sidecar.")


def _copy(source: BinaryIO, head: tuple[bytes, int], size: int, target: IO[bytes]) -> None:
    """Write a new head, and what follows the old one from a position on."""
    target.write(head[0])
    feed_range(source, head[1], size, lambda data: _ignore(target.write(data)))
    target.flush()


def _ignore(_: object) -> None:
    return None


def _read(source: BinaryIO, position: int, count: int) -> bytes:
    source.seek(position)
    return source.read(count)


def _id3_head(source: BinaryIO, values: Values, start: int = 0) -> tuple[bytes, int]:
    """Return an ID3v2 tag with the values and all other frames of the old one, and where the old one ends."""
    header = _read(source, start, ID3_HEADER_BYTES)
    version, frames, end, room = ID3V2_4, b"", start, 0
    if header.startswith(b"ID3"):
        version, room = header[3], _synchsafe(header[6:])
        if version not in {3, ID3V2_4} or header[5] or room > MAX_ID3_BYTES:
            raise NotWritten("Its ID3 tag is of a kind that Segue does not edit (ID3v2.2, or with flags).")
        end = start + ID3_HEADER_BYTES + room
        own = {*(ID3_FRAMES[name] for name in values.as_dict())}
        frames = b"".join(
            frame
            for frame in _id3_frames(_read(source, start + ID3_HEADER_BYTES, room), version)
            if frame[:4] not in own and not _is_old_mood(frame, version, values)
        )
    body = b"".join(_id3_frame(name, text, version) for name, text in values.as_dict().items()) + frames
    if len(body) > room:
        room = len(body) + ID3_PADDING
    return b"ID3" + bytes((version, 0, 0)) + _to_synchsafe(room) + body.ljust(room, b"\0"), end


def _id3_frames(tag: bytes, version: int) -> Iterator[bytes]:
    position = 0
    while position + ID3_HEADER_BYTES <= len(tag) and tag[position]:
        data = tag[position + 4 : position + 8]
        size = _synchsafe(data) if version == ID3V2_4 else int.from_bytes(data, "big")
        end = position + ID3_HEADER_BYTES + size
        name = tag[position : position + 4]
        if end > len(tag) or not (name.isalnum() and name.isupper()) or (version == ID3V2_4 and max(data) > SEVEN_BITS):
            raise NotWritten("Its ID3 tag is damaged.")
        yield tag[position:end]
        position = end
    if any(tag[position:]):
        raise NotWritten("Its ID3 tag is damaged.")


def _id3_frame(name: str, text: str, version: int) -> bytes:
    body = b"\0" + text.encode("latin-1")
    frame = ID3_FRAMES[name]
    if name == "mood" and version < ID3V2_4:
        frame, body = b"TXXX", b"\0" + ID3_MOOD_BEFORE_2_4 + b"\0" + body[1:]
    size = _to_synchsafe(len(body)) if version == ID3V2_4 else len(body).to_bytes(4, "big")
    return frame + size + bytes(2) + body


def _is_old_mood(frame: bytes, version: int, values: Values) -> bool:
    old = frame[ID3_HEADER_BYTES + 1 :].upper().startswith(ID3_MOOD_BEFORE_2_4 + b"\0")
    return version < ID3V2_4 and values.mood is not None and frame.startswith(b"TXXX") and old


def _write_aiff(source: BinaryIO, values: Values, size: int, target: IO[bytes]) -> None:
    """Write an AIFF with the values in its ID3 chunk, which comes last; all other chunks are copied."""
    form = _read(source, 0, FORM_BYTES)
    tags = [place for kind, place in chunks(source, FORM_BYTES, size, IFF) if kind.upper() == b"ID3 "]
    if int.from_bytes(form[4:8], "big") + CHUNK_HEADER_BYTES != size or size % 2 or len(tags) > 1:
        raise NotWritten("It has several ID3 chunks, or its chunks do not end where it ends: use --sidecar.")
    first, last = tags[0] if tags else (size + CHUNK_HEADER_BYTES, size)
    tag, end = _id3_head(source, values, first)
    if tags and (end > last or end == first):
        raise NotWritten("Its ID3 tag is damaged.")
    chunk = b"ID3 " + len(tag).to_bytes(4, "big") + tag + bytes(len(tag) % 2)
    rest = size - (last + last % 2 - first + CHUNK_HEADER_BYTES)
    target.write(form[:4] + (rest + len(chunk) - CHUNK_HEADER_BYTES).to_bytes(4, "big") + form[8:])
    for start, stop in ((FORM_BYTES, first - CHUNK_HEADER_BYTES), (last + last % 2, size)):
        feed_range(source, start, stop, lambda data: _ignore(target.write(data)))
    target.write(chunk)
    target.flush()


def _ape_tag(source: BinaryIO, size: int, values: Values) -> tuple[int, bytes]:
    """Return where the APEv2 tag at the end of a file begins, and one with the values and all its other items."""
    if _read(source, max(0, size - ID3V1_BYTES), 3) == b"TAG":
        raise NotWritten("It has an ID3v1 tag, which Segue does not edit in a WavPack file: use --sidecar.")
    footer, start, items = _read(source, max(0, size - APE_HEADER_BYTES), APE_HEADER_BYTES), size, list[bytes]()
    if footer.startswith(APE_MAGIC):
        version, length, count, flags = struct.unpack("<IIII", footer[8:24])
        start = size - length - (APE_HEADER_BYTES if flags & APE_HAS_HEADER else 0)
        if version != APE_VERSION or not APE_HEADER_BYTES <= length <= MAX_APE_BYTES or start < 0:
            raise NotWritten("Its APE tag is damaged, or of version 1: use --sidecar.")
        replaced = {name for each in values.as_dict() for name in COMMENT_NAMES[each]}
        body = _read(source, size - length, length - APE_HEADER_BYTES)
        items = [item for name, item in _ape_items(body, count) if name.upper() not in replaced]
    for field, text in values.as_dict().items():
        items.append(struct.pack("<II", len(text.encode()), 0) + f"{COMMENT_NAMES[field][0]}\0{text}".encode())
    written = b"".join(items)
    head, foot = (
        APE_MAGIC + struct.pack("<IIII", APE_VERSION, len(written) + APE_HEADER_BYTES, len(items), flags) + bytes(8)
        for flags in (APE_HAS_HEADER | APE_IS_HEADER, APE_HAS_HEADER)
    )
    return start, head + written + foot


def _ape_items(body: bytes, count: int) -> Iterator[tuple[str, bytes]]:
    position = 0
    for _ in range(count):
        key_end = body.find(b"\0", position + 8)
        end = key_end + 1 + int.from_bytes(body[position : position + 4], "little")
        if key_end < 0 or end > len(body):
            raise NotWritten("Its APE tag is damaged.")
        yield body[position + 8 : key_end].decode("latin-1"), body[position:end]
        position = end
    if position != len(body):
        raise NotWritten("Its APE tag is damaged.")


def _flac_head(source: BinaryIO, values: Values) -> tuple[bytes, int]:
    """Return the metadata blocks of a FLAC with the values in its comments, and where the old ones end."""
    blocks, position, is_last, has_comments = [b"fLaC"], 4, False, False
    while not is_last:
        header = _read(source, position, 4)
        if len(header) < BLOCK_HEADER_BYTES or len(blocks) > MAX_BLOCKS:
            raise NotWritten("Its metadata blocks are damaged.")
        body = _read(source, position + 4, int.from_bytes(header[1:], "big"))
        is_last, position = bool(header[0] & LAST_BLOCK), position + 4 + len(body)
        if header[0] & ~LAST_BLOCK == COMMENTS_BLOCK:
            body, has_comments = _comments(body, values), True
        last = LAST_BLOCK if is_last and has_comments else 0
        blocks.append(bytes((header[0] & ~LAST_BLOCK | last,)) + len(body).to_bytes(3, "big") + body)
    if not has_comments:
        body = _comments(bytes(8), values)
        blocks.append(bytes((LAST_BLOCK | COMMENTS_BLOCK,)) + len(body).to_bytes(3, "big") + body)
    return b"".join(blocks), position


def _comments(block: bytes, values: Values) -> bytes:
    """Return Vorbis comments with the values in place of those with their names."""
    vendor_end = 4 + int.from_bytes(block[:4], "little")
    count, position = int.from_bytes(block[vendor_end : vendor_end + 4], "little"), vendor_end + 4
    replaced = {name for each in values.as_dict() for name in COMMENT_NAMES[each]}
    kept = []
    for _ in range(count):
        end = position + 4 + int.from_bytes(block[position : position + 4], "little")
        if position + 4 > len(block) or end > len(block):
            raise NotWritten("Its comments are damaged.")
        if block[position + 4 : end].partition(b"=")[0].decode("ascii", "replace").upper() not in replaced:
            kept.append(block[position:end])
        position = end
    written = (f"{COMMENT_NAMES[name][0]}={text}".encode() for name, text in values.as_dict().items())
    kept += [len(comment).to_bytes(4, "little") + comment for comment in written]
    changed = block[:vendor_end] + len(kept).to_bytes(4, "little") + b"".join(kept)
    if len(changed) > MAX_COMMENTS_BYTES:
        raise NotWritten("Its comments are full.")
    return changed


def _with_ffmpeg(source: BinaryIO, name: str, demuxer: str, values: Values, target_path: str) -> None:
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise NotWritten(f"Only ffmpeg writes tags into {name} files, and it is not installed: {install_command()}")
    muxer, names = MUXERS[name]
    texts = dict(zip(COMMENT_NAMES, names, strict=False))
    level = "-metadata:s:a:0" if name == "Ogg" else "-metadata"
    metadata = [part for field, text in values.as_dict().items() for part in (level, f"{texts[field]}={text}")]
    command = [
        *(ffmpeg.path, "-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file", "-format_whitelist", demuxer),
        *("-f", demuxer, "-i", f"/dev/fd/{source.fileno()}", "-map", "0", "-map_metadata", "0", "-c", "copy"),
        *("-fflags", "+bitexact", *metadata),
        *("-f", muxer, f"file:{target_path}"),
    ]
    source.seek(0)
    try:
        ran = subprocess.run(  # noqa: S603  the program that the user installed
            command, pass_fds=(source.fileno(),), capture_output=True, timeout=FFMPEG_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotWritten(f"ffmpeg did not write the copy: {error}") from error
    if ran.returncode:
        lines = ran.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise NotWritten(f"ffmpeg did not write the copy: {lines[0][:LONGEST_MESSAGE]}")


def _synchsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def _to_synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))

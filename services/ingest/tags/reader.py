"""Find the tags in a file: those of its format, and those that stand before and after the audio of any format."""

import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import BinaryIO

import structlog

from services.domain.track import Tags
from services.ingest.formats import declared_duration
from services.ingest.tags import ape, asf, chunks, id3, matroska, mp4, vorbis
from services.ingest.tags.found import FRONT_COVER, MAX_VALUE_BYTES, Found, Kind, TagList, legacy_text
from services.ingest.tags.source import Damaged, LimitExceeded, Source
from services.ingest.tags.values import tags_of

MAX_TAGS = 16  # in a row: a tagger writes one tag of each kind

# (offset, bytes at it, reader of the format's own tags)
FORMATS: tuple[tuple[int, bytes, Callable[[Source, int, TagList], None]], ...] = (
    (0, b"fLaC", vorbis.read_flac),
    (0, b"OggS", vorbis.read_ogg),
    (4, b"ftyp", mp4.read_mp4),
    (4, b"moov", mp4.read_mp4),
    (0, asf.MAGIC, asf.read_asf),
    (8, b"WAVE", chunks.read_riff),
    (8, b"AVI ", chunks.read_riff),
    (8, b"AIFF", chunks.read_aiff),
    (8, b"AIFC", chunks.read_aiff),
    (0, b"FRM8", chunks.read_dff),
    (0, b"DSD ", chunks.read_dsf),
    (0, b"caff", chunks.read_caf),
    (0, b"\x1a\x45\xdf\xa3", matroska.read_matroska),
    (0, ape.MAGIC, ape.read_at_start),
)
# Monkey's Audio, WavPack, Musepack and OptimFROG: APEv2 is their own tag.
OF_APE = (b"MAC ", b"wvpk", b"MPCK", b"MP+", b"OFR ")

log = structlog.get_logger()


def read_tags(stream: BinaryIO, *, fallback_title: str) -> Tags:
    """Read the tags of an audio file, and the length that it declares. Damaged tags are left out.

    If a parser fails in an unexpected way, all tags are left out: the audio can be used without them.

    Args:
        stream: The file, seekable.
        fallback_title: The title if the file has none.
    """
    try:
        tags = tags_of(_found_in(Source(stream)), fallback_title)
    except OSError:
        raise
    except Exception:
        log.exception("tags_not_read", file=fallback_title)
        tags = tags_of([], fallback_title)
    return replace(tags, duration_ms=declared_duration(stream))


def picture_inside(stream: BinaryIO) -> bytes | None:
    """Return the picture in an audio file, its front cover if it has one.

    Args:
        stream: The file, seekable.
    """
    found = _found_in(Source(stream))
    pictures = [picture for tag in found for picture in tag.pictures]
    for picture in sorted(pictures, key=lambda each: each.kind != FRONT_COVER):
        try:
            data = picture.read()
        except (Damaged, LimitExceeded, IndexError, zlib.error):
            continue
        if data:
            return data
    return None


def lyrics_inside(stream: BinaryIO) -> list[str]:
    """Return the lyrics in the tags of an audio file, those of the preferred tag first; some are in the format LRC.

    Args:
        stream: The file, seekable.
    """
    return [text for tag in _found_in(Source(stream)) for text in tag.fields.get("lyrics", ())]


def names_inside(stream: BinaryIO) -> list[str]:
    """Return the names of all entries in the tags of an audio file, also of those that Segue does not read.

    Args:
        stream: The file, seekable.
    """
    return [name for tag in _found_in(Source(stream)) for name in (*tag.names, *("picture" for _ in tag.pictures))]


def _found_in(source: Source) -> list[Found]:
    """Return the tags in order of precedence."""
    tags, head = TagList(), b""
    with suppress(LimitExceeded):
        start = _read_before(source, tags)
        head = source.at(start, 64)
        for offset, magic, read in FORMATS:
            if head[offset : offset + len(magic)] == magic:
                _read(partial(read, source, start, tags))
        _read(partial(_read_behind, source, start, tags))
    return list(tags.in_order(*((Kind.APE,) if head.startswith(OF_APE) else ())))


def _read(read: Callable[[], None]) -> None:
    """Read a tag; of a damaged one, what comes before the damage counts."""
    with suppress(Damaged, LimitExceeded, IndexError):  # IndexError: bytes that end too early
        read()


def _read_before(source: Source, tags: TagList) -> int:
    """Read the ID3v2 tags at the start of the file, and return the position after them."""
    position = 0
    for _ in range(MAX_TAGS):
        header = id3.header_at(source, position)
        if header is None:
            break
        _read(partial(id3.read_id3v2, source, header, tags, Kind.ID3V2))
        position = header.end
    return position


def _read_behind(source: Source, start: int, tags: TagList) -> None:
    """Read the tags at the end of the file, the last first."""
    end = source.size
    for _ in range(MAX_TAGS):
        if end - start >= 128 and source.at(end - 128, 3) == b"TAG":
            id3.read_id3v1(source, end - 128, tags)
            end -= 128
            if source.at(end - 227, 4) == b"TAG+":
                end -= 227
        elif (begin := ape.start_of_tag(source, end)) is not None:
            _read(partial(ape.read_at_end, source, end, tags))
            end = begin
        elif header := id3.header_before(source, end):
            _read(partial(id3.read_id3v2, source, header, tags, Kind.ID3V2_END))
            end = header.start
        elif source.at(end - 9, 9) == b"LYRICS200":
            written = source.at(end - 15, 6)
            size = int(written) if written.isdigit() else 0
            tags.begin(Kind.ID3V1).add("lyrics", _of_lyrics3(source.at(end - 15 - size, min(size, MAX_VALUE_BYTES))))
            end -= 15 + size
        else:
            return


def _of_lyrics3(data: bytes) -> str:
    """Return the text in a Lyrics3v2 tag: fields of a name, a length of five digits and a value follow its start."""
    position = len(b"LYRICSBEGIN")
    while len(head := data[position : position + 8]) == 8 and head[3:].isdigit():
        position += 8 + int(head[3:])
        if head.startswith(b"LYR"):
            return legacy_text(data[position - int(head[3:]) : position])
    return ""

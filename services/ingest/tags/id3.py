"""ID3v2.2, 2.3 and 2.4 with all their flags, and ID3v1.

Sources: the ID3v2.2, 2.3 and 2.4 documents of id3.org, and what taggers do against them: sizes that are synchsafe in
the wrong version, three-letter names in ID3v2.3, a flag of an extended header that is not there.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from services.ingest.tags.found import MAX_VALUE_BYTES, MAX_VALUES, Found, Kind, Picture, TagList, legacy_text
from services.ingest.tags.genres import genre_of
from services.ingest.tags.ratings import of_popularimeter
from services.ingest.tags.source import MAX_BYTES, Damaged, Source

HEADER_BYTES = 10
MAX_TAG_BYTES = MAX_BYTES - 2**20  # of a tag that must be read as a whole; the other tags need some bytes too
UNSYNCHRONISED, EXTENDED, FOOTER = 0x80, 0x40, 0x10
COMPRESSED_TAG = 0x40  # in ID3v2.2, which never said how
IS_UPDATE = 0x40  # in the extended header of ID3v2.4
FRAME_NAME = re.compile(rb"[A-Z][A-Z0-9]{2}[A-Z0-9 \0]?")

TEXTS = {
    name: field
    for field, names in {
        "title": "TIT2 TT2",
        "artist": "TPE1 TP1",
        "album": "TALB TAL",
        "album_artist": "TPE2 TP2",
        "genre": "TCON TCO",
        "date": "TDRC TYER TYE",
        "year": "TDRL",
        "original_date": "TDOR TORY TOR",
        "track": "TRCK TRK",
        "disc": "TPOS TPA",
        "composer": "TCOM TCM",
        "bpm": "TBPM TBP",
        "key": "TKEY TKE",
        "compilation": "TCMP TCP",
        "isrc": "TSRC TRC",
    }.items()
    for name in names.split()
}
GENRE_NUMBERS = re.compile(r"\((\d{1,3}|RX|CR)\)")
ENCODINGS = ("cp1252", "utf-16", "utf-16-be", "utf-8")
# Descriptions of comments that people write; others hold data of programs, such as iTunes' "iTunNORM".
COMMENTS = {"", "comment", "description", "id3v1 comment"}
LINK = b"-->"
MUSICBRAINZ_OWNER = "http://musicbrainz.org"
MASTER_VOLUME = 1
TIMED_HEADER_BYTES, IN_MILLISECONDS = 6, 2


@dataclass(frozen=True, slots=True)
class Header:
    """The header of an ID3v2 tag, and where the tag begins and ends."""

    start: int
    version: int
    flags: int
    size: int

    @property
    def end(self) -> int:
        """The position after the tag."""
        return self.start + HEADER_BYTES + self.size + (HEADER_BYTES if self.flags & FOOTER else 0)


def header_at(source: Source, position: int) -> Header | None:
    """Return the header of the ID3v2 tag at a position; None if there is no tag."""
    data = source.at(position, HEADER_BYTES)
    if len(data) < HEADER_BYTES or not data.startswith(b"ID3") or not 2 <= data[3] <= 4 or max(data[6:]) >= 0x80:
        return None
    return Header(position, data[3], data[5], _synchsafe(data[6:]))


def header_before(source: Source, end: int) -> Header | None:
    """Return the header of the ID3v2.4 tag whose footer ends at a position; None if there is none."""
    data = source.at(end - HEADER_BYTES, HEADER_BYTES)
    if len(data) < HEADER_BYTES or not data.startswith(b"3DI"):
        return None
    return header_at(source, end - 2 * HEADER_BYTES - _synchsafe(data[6:]))


def read_id3v2(source: Source, header: Header, tags: TagList, kind: Kind) -> None:
    """Read an ID3v2 tag."""
    start, end = header.start + HEADER_BYTES, min(header.start + HEADER_BYTES + header.size, source.size)
    if header.version == 2 and header.flags & COMPRESSED_TAG:
        return
    if header.flags & UNSYNCHRONISED and header.version < 4:
        data = _synchronised(source.at(start, min(end - start, MAX_TAG_BYTES)))
        source, start, end = source.within(data), 0, len(data)
    extended = _extended_header(source, start) if header.version > 2 and header.flags & EXTENDED else b""
    if header.version == 3 and extended:
        start += 4 + int.from_bytes(extended[:4], "big")
    elif extended:
        start += _synchsafe(extended[:4])
    is_update = header.version == 4 and len(extended) > 5 and bool(extended[5] & IS_UPDATE)
    found = tags.begin(kind, is_update=is_update)
    for frame in _frames(source, start, end, header):
        found.names.append(frame.name)
        _take(frame, found)


def read_id3v1(source: Source, position: int, tags: TagList) -> None:
    """Read the ID3v1 tag at a position."""
    data, found = source.exactly(position, 128), tags.begin(Kind.ID3V1)
    for name, start, end in (("title", 3, 33), ("artist", 33, 63), ("album", 63, 93), ("date", 93, 97)):
        found.add(name, legacy_text(data[start:end]))
    has_track = data[125] == 0 and data[126] != 0
    found.add("comment", legacy_text(data[97 : 125 if has_track else 127]))
    if has_track:
        found.add("track", str(data[126]))
    found.add("genre", *genre_of(data[127]))


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame: its name, and where its content lies. Content that is encoded in some way is decoded when it is read."""

    name: str
    source: Source
    start: int
    size: int
    is_unsynchronised: bool = False
    is_compressed: bool = False

    def read(self, limit: int = MAX_VALUE_BYTES) -> bytes:
        """Return the content, at most `limit` bytes of it."""
        if not (self.is_unsynchronised or self.is_compressed):
            return self.source.at(self.start, min(self.size, limit))
        data = self.source.at(self.start, self.size)
        if self.is_unsynchronised:
            data = _synchronised(data)
        return zlib.decompressobj().decompress(data, limit) if self.is_compressed else data[:limit]


def _frames(source: Source, position: int, end: int, header: Header) -> Iterator[_Frame]:
    name_bytes, header_bytes = (3, 6) if header.version == 2 else (4, HEADER_BYTES)
    while position + header_bytes <= end:
        data = source.exactly(position, header_bytes)
        if not FRAME_NAME.fullmatch(data[:name_bytes]):
            return  # padding, or damage
        size = _frame_size(source, position, end, header.version)
        start = position + header_bytes
        position = start + size
        name = data[:name_bytes].rstrip(b"\0 ").decode()
        if header.version == 2:
            yield _Frame(name, source, start, min(size, end - start))
        elif frame := _flagged(source, name, (start, min(position, end)), data[9], header):
            yield frame


def _flagged(source: Source, name: str, place: tuple[int, int], flags: int, header: Header) -> _Frame | None:
    start, end = place
    if header.version == 3:
        compressed, encrypted, grouped, unsynchronised, length_stated = (flags & 0x80, flags & 0x40, flags & 0x20, 0, 0)
        length_stated = compressed
    else:
        compressed, encrypted, grouped, unsynchronised, length_stated = (
            flags & bit for bit in (0x08, 0x04, 0x40, 0x02, 0x01)
        )
        unsynchronised = unsynchronised or header.flags & UNSYNCHRONISED
        length_stated = length_stated or compressed
    if encrypted:
        return None
    start += (1 if grouped else 0) + (4 if length_stated else 0)
    return _Frame(name, source, start, max(0, end - start), bool(unsynchronised), bool(compressed))


def _frame_size(source: Source, position: int, end: int, version: int) -> int:
    """Return the size of a frame; where the reading of the other version alone leads to a next frame, that one."""
    if version == 2:
        return source.big(position + 3, 3)
    data = source.exactly(position + 4, 4)
    plain = int.from_bytes(data, "big")
    if plain < 0x80 or max(data) >= 0x80:
        return plain
    sizes = (_synchsafe(data), plain) if version == 4 else (plain, _synchsafe(data))
    return next((size for size in sizes if _is_next(source, position + HEADER_BYTES + size, end)), sizes[0])


def _is_next(source: Source, position: int, end: int) -> bool:
    name = source.at(position, 4)
    return position <= end and (end - position < HEADER_BYTES or name == bytes(4) or bool(FRAME_NAME.fullmatch(name)))


def _take(frame: _Frame, found: Found) -> None:
    try:
        if field := TEXTS.get(frame.name):
            texts = _texts(frame.read())
            found.add(field, *(_genres(texts) if field == "genre" else texts))
        elif take := _TAKERS.get(frame.name):
            take(frame, found)
    except (zlib.error, Damaged, IndexError):
        return  # the frames behind it are read all the same


def _take_own(frame: _Frame, found: Found) -> None:
    description, *values = _texts(frame.read())
    found.add_written(description, *values)


def _take_comment(frame: _Frame, found: Found) -> None:
    data = frame.read()
    description, *values = _texts(data[:1] + data[4:])
    if description.casefold() in COMMENTS:
        found.add("comment", *values)


def _take_lyrics(frame: _Frame, found: Found) -> None:
    data = frame.read()
    found.add("lyrics", *_texts(data[:1] + data[4:])[1:])


def _take_synchronised_lyrics(frame: _Frame, found: Found) -> None:
    """Take lyrics with times as text in the format LRC: `[minutes:seconds]line`."""
    data = frame.read()
    end_of_text = 2 if data[:1] in (b"\1", b"\2") else 1
    position, lines = _end_of_text(data, TIMED_HEADER_BYTES, end_of_text) + end_of_text, []
    while position < len(data):
        end = _end_of_text(data, position, end_of_text)
        text = _texts(data[:1] + data[position:end])[0].strip()
        position = end + end_of_text + 4
        minutes, milliseconds = divmod(int.from_bytes(data[position - 4 : position], "big"), 60_000)
        lines.append(f"[{minutes:02}:{milliseconds / 1000:06.3f}]{text}" if data[4] == IN_MILLISECONDS else text)
    found.add("lyrics", "\n".join(lines))


def _end_of_text(data: bytes, start: int, width: int) -> int:
    """Return where a text ends: at a NUL of one or two bytes, or at the end of the data."""
    places = range(start, len(data) - width + 1, width)
    return next((place for place in places if not any(data[place : place + width])), len(data))


def _take_rating(frame: _Frame, found: Found) -> None:
    data = frame.read().partition(b"\0")[2]
    if rating := of_popularimeter(data[0]):
        found.add("rating_share", rating)


def _take_identifier(frame: _Frame, found: Found) -> None:
    owner, _, value = frame.read().partition(b"\0")
    if owner.decode("latin-1").rstrip("/") == MUSICBRAINZ_OWNER:
        found.add("mbid", legacy_text(value))


def _take_volume(frame: _Frame, found: Found) -> None:
    name, _, data = frame.read().partition(b"\0")
    if name.lower() != b"album" and data[0] == MASTER_VOLUME:
        found.add("relative_volume", str(int.from_bytes(data[1:3], "big", signed=True) / 512))


def _take_picture(frame: _Frame, found: Found) -> None:
    found.pictures.append(Picture(_picture_of(frame.read())[0], lambda: _picture_of(frame.read(MAX_BYTES))[1]))


def _take_old_picture(frame: _Frame, found: Found) -> None:
    """An ID3v2.2 picture has three letters for its format, instead of a media type that ends with NUL."""
    found.pictures.append(
        Picture(frame.read()[4], lambda: _without_description(frame.read(MAX_BYTES)[5:], frame.read(1)[0]))
    )


_TAKERS = {
    **dict.fromkeys(("TXXX", "TXX"), _take_own),
    **dict.fromkeys(("COMM", "COM"), _take_comment),
    **dict.fromkeys(("USLT", "ULT"), _take_lyrics),
    **dict.fromkeys(("SYLT", "SLT"), _take_synchronised_lyrics),
    **dict.fromkeys(("POPM", "POP"), _take_rating),
    **dict.fromkeys(("UFID", "UFI"), _take_identifier),
    "RVA2": _take_volume,
    "APIC": _take_picture,
    "PIC": _take_old_picture,
}


def _picture_of(data: bytes) -> tuple[int, bytes]:
    media_type, _, rest = data[1:].partition(b"\0")
    if media_type == LINK:
        raise Damaged  # the address of a picture is none
    return rest[0], _without_description(rest[1:], data[0])


def _without_description(data: bytes, encoding: int) -> bytes:
    if encoding not in {1, 2}:
        return data.partition(b"\0")[2]
    end = data.find(b"\0\0", 0, MAX_VALUE_BYTES)
    while end % 2 == 1 and end > 0:  # the zero bytes of two characters
        end = data.find(b"\0\0", end + 1, MAX_VALUE_BYTES)
    if end < 0:
        raise Damaged
    return data[end + 2 :]


def _texts(data: bytes) -> list[str]:
    """Return the texts of a frame: a byte for the encoding, then texts with NUL between them; at least one."""
    encoding = ENCODINGS[data[0]] if data[:1] <= b"\x03" and data else "cp1252"
    content = data[1:]
    if encoding == "utf-16" and content[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16-le"  # what programs that forget the byte order mark write
    texts = content.decode(encoding, "replace").split("\0", 2 * MAX_VALUES)
    return [text.removeprefix("\ufeff") for text in texts]


def _genres(texts: list[str]) -> Iterator[str]:
    """Resolve numbers: "17", "(17)", "(17)Hard Rock", "(4)(8)", "(RX)"; "((" begins a text in brackets."""
    for text in texts:
        if text.strip().isdecimal():
            yield from genre_of(int(text.strip()[:4])) or (text,)
            continue
        position = 0
        for match in islice(GENRE_NUMBERS.finditer(text), MAX_VALUES):
            if match.start() != position:
                break
            yield from {"RX": ("Remix",), "CR": ("Cover",)}.get(match[1]) or genre_of(int(match[1]))
            position = match.end()
        rest = text[position:]
        yield rest[1:] if rest.startswith("((") else rest


def _extended_header(source: Source, start: int) -> bytes:
    data = source.at(start, 6)
    return b"" if FRAME_NAME.fullmatch(data[:4]) else data


def _synchronised(data: bytes) -> bytes:
    return data.replace(b"\xff\0", b"\xff")


def _synchsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))

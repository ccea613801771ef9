"""MP4 and QuickTime: iTunes' metadata list, the keys of QuickTime, and its older texts.

Sources: ISO/IEC 14496-12 (boxes), Apple's QuickTime File Format Specification, and mutagen's description of the list.
"""

from collections.abc import Iterator
from functools import partial

from services.ingest.tags.found import FRONT_COVER, MAX_VALUE_BYTES, Found, Kind, Picture, TagList
from services.ingest.tags.genres import genre_of
from services.ingest.tags.source import Source

Box = tuple[bytes, int, int]  # name, start of the content, end

MAX_BOXES = 4096
TEXTS = {
    b"\xa9nam": "title",
    b"\xa9ART": "artist",
    b"\xa9alb": "album",
    b"aART": "album_artist",
    b"\xa9gen": "genre",
    b"\xa9day": "date",
    b"\xa9wrt": "composer",
    b"\xa9cmt": "comment",
    b"\xa9lyr": "lyrics",
    b"\xa9cpy": "",
}
NUMBERS = {b"tmpo": "bpm", b"cpil": "compilation"}
PAIRS = {b"trkn": ("track", "track_total"), b"disk": ("disc", "disc_total")}
UTF_16, UTF_16_SORTED = 2, 5  # types of texts; all others are UTF-8


def read_mp4(source: Source, start: int, tags: TagList) -> None:
    """Read the metadata of an MP4 or QuickTime file."""
    for name, begin, end in _boxes(source, start, source.size):
        if name == b"moov":
            _read_movie(source, (begin, end), tags)


def _read_movie(source: Source, place: tuple[int, int], tags: TagList) -> None:
    for name, begin, end in _boxes(source, *place):
        if name == b"meta":
            _read_meta(source, (begin, end), tags)
        elif name == b"udta":
            quicktime = tags.begin(Kind.CHUNKS)
            for inner, inner_begin, inner_end in _boxes(source, begin, end):
                if inner == b"meta":
                    _read_meta(source, (inner_begin, inner_end), tags)
                elif field := TEXTS.get(inner):
                    size = min(source.big(inner_begin, 2), inner_end - inner_begin - 4, MAX_VALUE_BYTES)
                    quicktime.add(field, source.at(inner_begin + 4, size).decode("utf-8", "replace"))


def _read_meta(source: Source, place: tuple[int, int], tags: TagList) -> None:
    begin, end = place
    if source.at(begin + 4, 4) != b"hdlr":
        begin += 4  # version and flags, which QuickTime's box has not
    found, keys = tags.begin(Kind.MP4), dict[bytes, str]()
    for name, inner_begin, inner_end in _boxes(source, begin, end):
        if name == b"keys":
            keys = _keys(source, inner_begin, inner_end)
        elif name == b"ilst":
            for item in _boxes(source, inner_begin, inner_end):
                _read_item(source, item, keys, found)


def _keys(source: Source, begin: int, end: int) -> dict[bytes, str]:
    """Return the names of a list by number; of "com.apple.quicktime.title" the last part."""
    keys = {}
    for number, (_, start, stop) in enumerate(_boxes(source, begin + 8, end), start=1):
        name = source.at(start, min(stop - start, 255)).decode("utf-8", "replace")
        keys[number.to_bytes(4, "big")] = name.rpartition(".")[2]
    return keys


def _read_item(source: Source, item: Box, keys: dict[bytes, str], found: Found) -> None:
    name, begin, end = item
    written = keys.get(name)
    found.names.append(name.decode("latin-1"))
    values = []
    for inner, start, stop in _boxes(source, begin, end):
        if inner == b"name":
            written = source.at(start + 4, min(stop - start - 4, 255)).decode("utf-8", "replace")
        elif inner == b"data":
            values.append((source.big(start, 4), start + 8, stop))
    for kind, start, stop in values:
        if name == b"covr":
            found.pictures.append(Picture(FRONT_COVER, partial(source.at, start, stop - start)))
        elif written is None:
            _add_known(found, name, source.at(start, min(stop - start, MAX_VALUE_BYTES)), kind)
        else:
            found.add_written(written, _text(source.at(start, min(stop - start, MAX_VALUE_BYTES)), kind))


def _add_known(found: Found, name: bytes, data: bytes, kind: int) -> None:
    if field := TEXTS.get(name):
        found.add(field, _text(data, kind))
    elif field := NUMBERS.get(name):
        found.add(field, str(int.from_bytes(data, "big")))
    elif fields := PAIRS.get(name):
        found.add(fields[0], str(int.from_bytes(data[2:4], "big")))
        found.add(fields[1], str(int.from_bytes(data[4:6], "big")))
    elif name == b"gnre":
        found.add("genre", *genre_of(int.from_bytes(data, "big") - 1))
    elif name == b"rate":  # of MusicBee and others: a percentage, as text
        found.add("rating_percent", _text(data, kind))


def _text(data: bytes, kind: int) -> str:
    return data.decode("utf-16-be" if kind in {UTF_16, UTF_16_SORTED} else "utf-8", "replace")


def _boxes(source: Source, position: int, end: int) -> Iterator[Box]:
    for _ in range(MAX_BOXES):
        head = source.at(position, 16)
        if position + 8 > end or len(head) < 8:
            return
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        stop = position + size if size else end
        if stop < position + header:
            return
        yield head[4:8], position + header, min(stop, end)
        position = stop

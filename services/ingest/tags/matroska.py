"""Matroska and WebM: the tags of the file and its title, and attached pictures.

Sources: RFC 9559 (Matroska), RFC 8794 (EBML), the Matroska tagging specification.
"""

from collections.abc import Iterator
from functools import partial

from services.ingest.tags.found import FRONT_COVER, MAX_VALUE_BYTES, Kind, Picture, TagList
from services.ingest.tags.source import MAX_BYTES, Damaged, Source

Element = tuple[int, int, int]  # id, start of the content, end

SEGMENT, SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
INFO, TITLE, CLUSTER = 0x1549A966, 0x7BA9, 0x1F43B675
TAGS, TAG, TARGETS, TARGET_TYPE_VALUE = 0x1254C367, 0x7373, 0x63C0, 0x68CA
SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x67C8, 0x45A3, 0x4487
ATTACHMENTS, ATTACHED_FILE, FILE_NAME, FILE_MEDIA_TYPE, FILE_DATA = 0x1941A469, 0x61A7, 0x466E, 0x4660, 0x465C
ALBUM_LEVEL = 50
# What the names say in the tags of the album, where they are not the same as in those of the track.
OF_ALBUM = {"TITLE": "album", "ARTIST": "album_artist", "TOTAL_PARTS": "track_total", "PART_NUMBER": "disc"}
OF_TRACK = {"PART_NUMBER": "track"}
STARS = "RATING"  # 0 to 5


def read_matroska(source: Source, start: int, tags: TagList) -> None:
    """Read the tags of a Matroska file. Clusters are skipped; where their size is unknown, the seek head leads on."""
    for name, begin, end in _elements(source, start, source.size):
        if name == SEGMENT:
            _read_segment(source, begin, end, tags)


def _read_segment(source: Source, begin: int, end: int, tags: TagList) -> None:
    seen = set[int]()
    sought = list[int]()
    for element in _elements(source, begin, end):
        if element[0] == SEEK_HEAD:
            sought += (begin + offset for offset in _sought(source, element))
        if element[0] == CLUSTER and sought:
            break
        seen.add(element[1])
        _read_top(source, element, tags)
    for position in sought:
        element = next(_elements(source, position, end), (0, 0, 0))
        if element[1] not in seen:
            seen.add(element[1])
            _read_top(source, element, tags)


def _sought(source: Source, head: Element) -> Iterator[int]:
    for name, begin, end in _elements(source, *head[1:]):
        if name == SEEK:
            place = {inner: source.big(start, stop - start) for inner, start, stop in _elements(source, begin, end)}
            if place.get(SEEK_ID) in {TAGS, INFO, ATTACHMENTS} and SEEK_POSITION in place:
                yield place[SEEK_POSITION]


def _read_top(source: Source, element: Element, tags: TagList) -> None:
    name, begin, end = element
    if name == INFO:
        for inner, start, stop in _elements(source, begin, end):
            if inner == TITLE:
                tags.begin(Kind.CHUNKS).add("title", _text(source, start, stop))
    elif name == TAGS:
        for inner, start, stop in _elements(source, begin, end):
            if inner == TAG:
                _read_tag(source, start, stop, tags)
    elif name == ATTACHMENTS:
        for inner, start, stop in _elements(source, begin, end):
            if inner == ATTACHED_FILE:
                _read_file(source, start, stop, tags)


def _read_tag(source: Source, begin: int, end: int, tags: TagList) -> None:
    found, names = tags.begin(Kind.MATROSKA), OF_TRACK
    for name, start, stop in _elements(source, begin, end):
        if name == TARGETS:
            values = [
                source.big(at, to - at)
                for inner, at, to in _elements(source, start, stop)
                if inner == TARGET_TYPE_VALUE
            ]
            names = OF_ALBUM if ALBUM_LEVEL in values else OF_TRACK
        elif name == SIMPLE_TAG:
            texts = {
                inner: _text(source, at, to)
                for inner, at, to in _elements(source, start, stop)
                if inner in {TAG_NAME, TAG_STRING}
            }
            written, value = texts.get(TAG_NAME, "").upper(), texts.get(TAG_STRING, "")
            if field := names.get(written):
                found.add(field, value)
            elif written == STARS:
                found.add("rating_stars", value)
            else:
                found.add_written(written, value)


def _read_file(source: Source, begin: int, end: int, tags: TagList) -> None:
    parts = {name: (start, stop) for name, start, stop in _elements(source, begin, end)}
    if FILE_DATA not in parts or not _text(source, *parts.get(FILE_MEDIA_TYPE, (0, 0))).startswith("image/"):
        return
    is_front = _text(source, *parts.get(FILE_NAME, (0, 0))).lower().startswith("cover")
    start, stop = parts[FILE_DATA]
    read = partial(source.at, start, min(stop - start, MAX_BYTES))
    tags.begin(Kind.MATROSKA).pictures.append(Picture(FRONT_COVER if is_front else 0, read))


def _text(source: Source, begin: int, end: int) -> str:
    return source.at(begin, min(end - begin, MAX_VALUE_BYTES)).decode("utf-8", "replace").split("\0", 1)[0]


def _elements(source: Source, position: int, end: int) -> Iterator[Element]:
    while position < end:
        head = source.at(position, 12)
        if len(head) < 2:
            return
        name_bytes = _length(head[0])
        size_bytes = _length(head[name_bytes : name_bytes + 1].ljust(1, b"\0")[0])
        if name_bytes > 4 or size_bytes > 8 or len(head) < name_bytes + size_bytes:
            raise Damaged
        name = int.from_bytes(head[:name_bytes], "big")
        bits = 7 * size_bytes
        size = int.from_bytes(head[name_bytes : name_bytes + size_bytes], "big") & ((1 << bits) - 1)
        begin = position + name_bytes + size_bytes
        stop = end if size == (1 << bits) - 1 else min(begin + size, end)  # all ones: unknown
        yield name, begin, stop
        position = stop


def _length(first: int) -> int:
    """Return the number of bytes of a variable-length number from its first byte; 9 if it is none."""
    return 9 - first.bit_length()

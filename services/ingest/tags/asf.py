"""ASF (WMA): the content description, the extended one, and the metadata library.

Source: Microsoft's Advanced Systems Format specification, 01.20.06.
"""

import uuid
from collections.abc import Iterator
from functools import partial

from services.ingest.tags.found import MAX_VALUE_BYTES, Found, Kind, Picture, TagList
from services.ingest.tags.ratings import of_shared_user_rating
from services.ingest.tags.source import MAX_BYTES, Source


def _guid(text: str) -> bytes:
    return uuid.UUID(text).bytes_le


MAGIC = _guid("75b22630-668e-11cf-a6d9-00aa0062ce6c")
DESCRIPTION = _guid("75b22633-668e-11cf-a6d9-00aa0062ce6c")
EXTENDED_DESCRIPTION = _guid("d2d0a440-e307-11d2-97f0-00a0c95ea850")
HEADER_EXTENSION = _guid("5fbf03b5-a92e-11cf-8ee3-00c00c205365")
METADATA = _guid("c5f8cbea-5baf-4877-8467-aa8c44fa4cca")
METADATA_LIBRARY = _guid("44231c94-9498-49d1-a141-1d134e457054")

MAX_OBJECTS = 1024
DESCRIPTION_FIELDS = ("title", "artist", "", "comment", "")  # the third is the copyright, the fifth an age rating
UNICODE, BYTES, BOOL, DWORD, QWORD, WORD = range(6)


def read_asf(source: Source, start: int, tags: TagList) -> None:
    """Read the header of an ASF file."""
    _read_objects(source, start + 30, start + source.little(start + 16, 8), tags.begin(Kind.ASF))


def _read_objects(source: Source, position: int, end: int, found: Found, *, is_inside: bool = False) -> None:
    for _ in range(MAX_OBJECTS):
        if position + 24 > end:
            return
        name, size = source.exactly(position, 16), source.little(position + 16, 8)
        body = position + 24
        if name == DESCRIPTION:
            _read_description(source, body, found)
        elif name == EXTENDED_DESCRIPTION:
            _read_attributes(source, body, found, is_library=False)
        elif name in {METADATA, METADATA_LIBRARY}:
            _read_attributes(source, body, found, is_library=True)
        elif name == HEADER_EXTENSION and not is_inside:
            _read_objects(source, body + 22, position + size, found, is_inside=True)
        if size < 24:
            return
        position += size


def _read_description(source: Source, position: int, found: Found) -> None:
    sizes = [source.little(position + 2 * place, 2) for place in range(len(DESCRIPTION_FIELDS))]
    position += 2 * len(sizes)
    for field, size in zip(DESCRIPTION_FIELDS, sizes, strict=True):
        if field:
            found.add(field, _text(source.at(position, min(size, MAX_VALUE_BYTES))))
        position += size


def _read_attributes(source: Source, position: int, found: Found, *, is_library: bool) -> None:
    for written, kind, start, size in _attributes(source, position, is_library=is_library):
        name = written.removeprefix("WM/")
        found.names.append(written)
        if name == "Track":  # counts from zero, beside WM/TrackNumber
            continue
        if name == "Picture":
            picture = partial(_picture, source, start, size)
            found.pictures.append(Picture(source.at(start, 1)[0], picture))
            continue
        data = source.at(start, min(size, MAX_VALUE_BYTES))
        value = _text(data) if kind == UNICODE else str(int.from_bytes(data[:8], "little"))
        if kind == BYTES:
            continue
        if name == "SharedUserRating":
            found.add("rating_share", of_shared_user_rating(int(value) if value.isdecimal() else 0) or "")
        else:
            found.add_written(name, value)


def _attributes(source: Source, position: int, *, is_library: bool) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, type, and place of the value of each attribute."""
    count = source.little(position, 2)
    position += 2
    for _ in range(count):
        if is_library:  # numbers of language and stream; lengths of name and value, and the type, before both
            head = source.exactly(position + 4, 8)
            name_size, kind, size = (int.from_bytes(head[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8)))
            name_start, start = position + 12, position + 12 + name_size
        else:
            name_size = source.little(position, 2)
            name_start = position + 2
            head = source.exactly(name_start + name_size, 4)
            kind, size = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:], "little")
            start = name_start + name_size + 4
        yield _text(source.at(name_start, min(name_size, 512))), kind, start, size
        position = start + size


def _text(data: bytes) -> str:
    return data.decode("utf-16-le", "replace").split("\0", 1)[0]


def _picture(source: Source, start: int, size: int) -> bytes:
    length = source.little(start + 1, 4)
    head = source.at(start + 5, min(size, MAX_VALUE_BYTES)).decode("utf-16-le", "replace")
    texts = head.split("\0", 2)[:2]  # media type and description
    begin = start + 5 + 2 * sum(len(text.encode("utf-16-le")) // 2 + 1 for text in texts)
    return source.at(begin, min(length, MAX_BYTES))

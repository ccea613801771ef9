"""APEv1 and APEv2, at the end or the start of a file. Source: the APEv2 specification of the Hydrogenaudio wiki."""

from services.ingest.tags.found import FRONT_COVER, MAX_VALUE_BYTES, Kind, Picture, TagList
from services.ingest.tags.source import Damaged, Source

HEADER_BYTES = 32  # of the footer too
MAGIC = b"APETAGEX"
MAX_ITEMS = 4096
MAX_KEY = 255
HAS_HEADER, IS_HEADER = 1 << 31, 1 << 29
TEXT, BINARY = 0, 1  # kinds of items, in bits 1 and 2 of their flags


def start_of_tag(source: Source, end: int) -> int | None:
    """Return where the tag begins whose footer ends at a position; None if there is none."""
    footer = source.at(end - HEADER_BYTES, HEADER_BYTES)
    if len(footer) < HEADER_BYTES or not footer.startswith(MAGIC):
        return None
    size, flags = int.from_bytes(footer[12:16], "little"), int.from_bytes(footer[20:24], "little")
    if flags & IS_HEADER or not HEADER_BYTES <= size <= end:
        return None
    return max(0, end - size - (HEADER_BYTES if flags & HAS_HEADER else 0))


def read_at_end(source: Source, end: int, tags: TagList) -> None:
    """Read the tag whose footer ends at a position."""
    size, count = source.little(end - 20, 4), source.little(end - 16, 4)
    _read_items(source, end - size, end - HEADER_BYTES, count, tags)


def read_at_start(source: Source, start: int, tags: TagList) -> None:
    """Read a tag whose header is at a position."""
    size, count = source.little(start + 12, 4), source.little(start + 16, 4)
    _read_items(source, start + HEADER_BYTES, start + size, count, tags)


def _read_items(source: Source, position: int, end: int, count: int, tags: TagList) -> None:
    found = tags.begin(Kind.APE)
    for _ in range(min(count, MAX_ITEMS)):
        if position + 8 >= end:
            return
        head = source.at(position, 8 + MAX_KEY + 1).ljust(8)
        size, kind = int.from_bytes(head[:4], "little"), head[4] >> 1 & 3
        key, ended, _ = head[8:].partition(b"\0")
        if not ended:
            raise Damaged
        start = position + 8 + len(key) + 1
        name = key.decode("latin-1")
        if kind == TEXT:
            data = source.at(start, min(size, end - start, MAX_VALUE_BYTES))
            found.add_written(name, *data.decode("utf-8", "replace").split("\0"))
        elif kind == BINARY and name.lower().startswith("cover art"):
            number = FRONT_COVER if "front" in name.lower() else 0
            found.pictures.append(Picture(number, _Cover(source, start, min(size, end - start))))
        position = start + size


class _Cover:
    """Reads a picture, which follows its file name and NUL."""

    def __init__(self, source: Source, start: int, size: int) -> None:
        self._place = (start, size)
        self._source = source

    def __call__(self) -> bytes:
        return self._source.at(*self._place).partition(b"\0")[2]

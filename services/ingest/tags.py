"""Read a file's tags with tinytag, in bounded bytes and processor time, and make them safe to store."""

import io
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO, cast

from tinytag import TinyTag, TinyTagException

from services.domain.track import Tags

MAX_TEXT_LENGTH = 500  # characters kept of a tag
MAX_DURATION = 1e6  # seconds; a header that declares more is wrong
MAX_BYTES = 16 * 1024 * 1024  # read per file: the largest FLAC block; tinytag reads pictures in Ogg files too
MAX_SECONDS = 2.0  # of processor time per file; most take milliseconds, but a million comments take tinytag hours
EVENTS_PER_CHECK = 64  # reading the clock is slower than most calls of a parser
EARLIEST_YEAR, LATEST_YEAR = 1000, 2999
MAX_ID_LENGTH = 255
MAX_NUMBER = 9999  # of a track or a disc

# tinytag's names of external ids → their namespaces in Segue.
ID_TAGS = {"isrc": "isrc", "musicbrainz_trackid": "mbid", "musicbrainz track id": "mbid"}


class LimitExceeded(Exception):  # noqa: N818  not a ValueError: a parser would treat it as a bad number
    """Reading the tags needs more bytes or more processor time than any real file."""


class LimitedStream(io.RawIOBase):
    """A readable, seekable stream that raises once more than `max_bytes` are read from it."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes
        self._size = stream.seek(0, os.SEEK_END)
        stream.seek(0)

    def read(self, size: int = -1, /) -> bytes:
        """Read like a file; bytes beyond the end of the file do not count.

        Raises:
            LimitExceeded: More bytes are requested than remain of the limit.
        """
        available = max(0, self._size - self._stream.tell())
        count = available if size < 0 else min(size, available)
        if count > self._left:
            raise LimitExceeded(f"The tags need more than {MAX_BYTES} bytes")
        data = self._stream.read(count)
        self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Change the position, as in a file."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the position in the file."""
        return self._stream.tell()


@contextmanager
def limited_processor_time(seconds: float) -> Iterator[None]:
    """Limit the processor time of the enclosed code, which must call Python functions.

    A signal reaches only the main thread, but the API reads tags in other threads. The interpreter's profiling hook is
    per thread and runs at every call, and the code receives the exception that the hook raises.

    Raises:
        LimitExceeded: The code used more time.
    """
    deadline = time.thread_time() + seconds
    events = 0
    previous = sys.getprofile()

    def check_time(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal events
        events += 1
        if events % EVENTS_PER_CHECK == 0 and time.thread_time() > deadline:
            raise LimitExceeded(f"The tags need more than {seconds:g} s of processor time")

    sys.setprofile(check_time)
    try:
        yield
    finally:
        sys.setprofile(previous)


def read_tags(stream: BinaryIO, suffix: str, *, fallback_title: str) -> Tags:
    """Read the tags of an audio file.

    Args:
        stream: The file, seekable.
        suffix: The file name's suffix, by which tinytag chooses its parser.
        fallback_title: The title if the file has none or its tags are unreadable.
    """
    try:
        limited = cast("BinaryIO", LimitedStream(stream, MAX_BYTES))
        with limited_processor_time(MAX_SECONDS):
            found = TinyTag.get(suffix, limited)
    except (TinyTagException, LimitExceeded, OSError):  # tinytag wraps every exception of its parsers
        # Damaged tags do not make the audio unusable.
        return Tags(title=_clean(fallback_title) or "Untitled")
    return Tags(
        title=_clean(found.title) or _clean(fallback_title) or "Untitled",
        artists=_texts(found.artist) or _texts(found.albumartist),
        album=_clean(found.album),
        year=_year(found.year),
        genres=_texts(found.genre),
        duration_ms=_milliseconds(found.duration),
        album_artists=_texts(found.albumartist),
        disc_number=_number(found.disc),
        track_number=_number(found.track),
        ids=_ids(found),
    )


def _clean(text: str | None) -> str | None:
    if not text:
        return None
    printable = re.sub(r"[\x00-\x1f\x7f]+", " ", text).encode("utf-8", "replace").decode("utf-8")
    return printable.strip()[:MAX_TEXT_LENGTH] or None


def _milliseconds(seconds: float | None) -> int | None:
    return round(seconds * 1000) if seconds and 0 < seconds < MAX_DURATION else None


def _number(value: int | None) -> int | None:
    return value if value and 0 < value <= MAX_NUMBER else None


def _year(text: str | None) -> int | None:
    match = re.search(r"\d{4}", text or "")
    year = int(match.group()) if match else 0
    return year if EARLIEST_YEAR <= year <= LATEST_YEAR else None


def _texts(text: str | None) -> tuple[str, ...]:
    cleaned = _clean(text)
    return (cleaned,) if cleaned else ()


def _ids(found: TinyTag) -> dict[str, tuple[str, ...]]:
    ids: dict[str, tuple[str, ...]] = {}
    for name, values in found.other.items():
        namespace = ID_TAGS.get(name.casefold())
        value = _clean(values[0]) if values else None
        if namespace and value and len(value) <= MAX_ID_LENGTH:
            ids.setdefault(namespace, (value,))
    return ids

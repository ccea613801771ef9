"""What a file's tags say, read by tinytag and made safe to store."""

import re
from typing import BinaryIO, cast

from tinytag import TinyTag, TinyTagException

from services.domain.track import Tags
from services.ingest.bounds import BoundedStream, BoundExceeded, processor_time

LONGEST_TEXT = 500
"""Characters kept of a tag: more is an essay in the wrong field."""
LONGEST_DURATION = 1e6
"""Seconds; a header that claims more is wrong."""
MAX_BYTES = 16 * 1024 * 1024
"""Read of a file for its tags: the largest FLAC block; pictures in other formats are skipped, in Ogg they count."""
MAX_SECONDS = 2.0
"""Processor time for one file's tags; they take milliseconds. A million comments would take tinytag hours."""
EARLIEST_YEAR, LATEST_YEAR = 1000, 2999

# tinytag's names of external ids → the namespaces they have here.
ID_TAGS = {"isrc": "isrc", "musicbrainz_trackid": "mbid", "musicbrainz track id": "mbid"}
LONGEST_ID = 255


def read_tags(stream: BinaryIO, suffix: str, *, fallback_title: str) -> Tags:
    """Read the tags of an audio file, named by its suffix; one without readable tags is known by `fallback_title`."""
    try:
        bounded = cast("BinaryIO", BoundedStream(stream, MAX_BYTES))
        with processor_time(MAX_SECONDS):
            found = TinyTag.get(suffix, bounded)
    except (TinyTagException, BoundExceeded, OSError):  # tinytag wraps whatever its parsers raise
        # Damaged tags are no reason to refuse music.
        return Tags(title=_clean(fallback_title) or "Untitled")
    return Tags(
        title=_clean(found.title) or _clean(fallback_title) or "Untitled",
        artist=_clean(found.artist) or _clean(found.albumartist),
        album=_clean(found.album),
        year=_year(found.year),
        genre=_clean(found.genre),
        duration_ms=_milliseconds(found.duration),
        ids=_ids(found),
    )


def _clean(text: str | None) -> str | None:
    if not text:
        return None
    printable = re.sub(r"[\x00-\x1f\x7f]+", " ", text).encode("utf-8", "replace").decode("utf-8")
    return printable.strip()[:LONGEST_TEXT] or None


def _milliseconds(seconds: float | None) -> int | None:
    return round(seconds * 1000) if seconds and 0 < seconds < LONGEST_DURATION else None


def _year(text: str | None) -> int | None:
    match = re.search(r"\d{4}", text or "")
    year = int(match.group()) if match else 0
    return year if EARLIEST_YEAR <= year <= LATEST_YEAR else None


def _ids(found: TinyTag) -> dict[str, str]:
    ids: dict[str, str] = {}
    for name, values in found.other.items():
        namespace = ID_TAGS.get(name.casefold())
        value = _clean(values[0]) if values else None
        if namespace and value and len(value) <= LONGEST_ID:
            ids.setdefault(namespace, value)
    return ids

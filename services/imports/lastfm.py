"""Scrobbles of Last.fm in CSV, as the common exporters write them."""

import codecs
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Self

from services.imports.entries import Entry, Fields, InvalidEntry, LeftOut
from services.imports.values import clean, moment, shown, uuid_of
from services.storage.csv_files import CsvRowError, csv_rows

ENCODINGS = ("utf-8", "cp1252", "latin-1")
"""Tried in this order; the last one reads every file."""

CHUNK = 1 << 20
DATE_FORMATS = ("%d %b %Y, %H:%M", "%d %b %Y %H:%M", "%d %b %Y, %H:%M:%S", "%d %b %Y %H:%M:%S")

NAMES = {
    "artist": ("artist", "artistname", "trackartist"),
    "title": ("track", "trackname", "tracktitle", "title", "song", "name"),
    "album": ("album", "albumname", "albumtitle", "release", "releasename"),
    "mbid": ("trackmbid", "recordingmbid", "mbid"),
    # A number since 1970 is exact, a date has minutes only.
    "at": (
        "uts",
        "timestamp",
        "unixtimestamp",
        "timems",
        "date",
        "utctime",
        "datetime",
        "listenedat",
        "playedat",
        "time",
    ),
}
"""Names of columns, in lower case and without spaces and signs; the first that a file has counts."""

UNTITLED_COLUMNS = 4
"""Columns of the exporters that write no titles of columns."""

_TITLES = re.compile(r"[\W_]+")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of the columns in a row."""

    artist: int
    title: int
    at: Sequence[int]
    """A date, or a date and a time."""
    album: int | None = None
    mbid: int | None = None
    width: int = UNTITLED_COLUMNS
    has_titles: bool = True

    @classmethod
    def of(cls, first: Sequence[str]) -> Self | None:
        """Return the columns of a file by its first row; None if they are not known."""
        titles = [_TITLES.sub("", title.partition("#")[0].casefold()) for title in first]
        places = {
            name: next((titles.index(each) for each in known if each in titles), None) for name, known in NAMES.items()
        }
        artist, title, at = places["artist"], places["title"], places["at"]
        if artist is not None and title is not None and at is not None:
            return cls(artist, title, (at,), places["album"], places["mbid"], len(first))
        return cls._without_titles(first)

    @classmethod
    def _without_titles(cls, first: Sequence[str]) -> Self | None:
        if len(first) != UNTITLED_COLUMNS:
            return None
        if _ISO_DATE.fullmatch(first[0]) and _TIME.fullmatch(first[1]):
            return cls(2, 3, (0, 1), has_titles=False)
        if not first[3].strip() or _is_date(first[3]):  # the first one may be playing, without a date
            return cls(0, 2, (3,), 1, has_titles=False)
        return None


def rows(stream: IO[bytes], name: str) -> Generator[tuple[int, Entry]]:
    """Yield the rows of a file with the numbers of their lines.

    Raises:
        InvalidEntry: the columns are not known, or the file is no CSV.
    """
    columns: Columns | None = None
    try:
        with closing(csv_rows(stream, _encoding_of(stream, name))) as found:  # before the file
            for number, row in found:
                if columns is None:
                    columns = Columns.of(row)
                    if columns is None:
                        why = f"columns such as artist, track and date are missing: {shown(','.join(row))}"
                        raise InvalidEntry(f"{name}, line {number}", why)
                    if columns.has_titles:
                        continue
                yield number, {"row": row, "columns": columns}
    except CsvRowError as error:
        raise InvalidEntry(f"{name}, line {error.line}", error.why) from error


def scrobble(entry: Entry) -> Iterator[Fields | LeftOut]:
    """Yield the play of a row, or why it is none.

    Raises:
        ValueError: it has another number of columns, no artist or title, or a time that cannot be read.
    """
    row: list[str] = entry["row"]
    columns: Columns = entry["columns"]
    if len(row) != columns.width:
        raise ValueError(f"it has {len(row)} columns instead of {columns.width}")
    artist, title = clean(row[columns.artist]), clean(row[columns.title])
    if artist is None or title is None:
        raise ValueError(f"the {'artist' if artist is None else 'track'} is missing")
    at = " ".join(row[place] for place in columns.at).strip()
    if not at:
        yield LeftOut.PLAYING
        return
    mbid = None if columns.mbid is None else uuid_of(row[columns.mbid])
    yield {
        "artist": artist,
        "title": title,
        "album": None if columns.album is None else clean(row[columns.album]),
        "other_ids": [f"mbid:{mbid}"] if mbid else [],
        "at": moment(at, DATE_FORMATS),
    }


def _is_date(text: str) -> bool:
    try:
        moment(text, DATE_FORMATS)
    except ValueError:
        return False
    return True


def _encoding_of(stream: IO[bytes], name: str) -> str:
    """Return the encoding of a file, which is read for it in chunks.

    Raises:
        InvalidEntry: a part of the file is UTF-8 and another is not.
    """
    start = stream.tell()
    try:
        if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        return next(each for each in ENCODINGS if _is_encoded(stream, start, each, name))
    finally:
        stream.seek(start)


def _is_encoded(stream: IO[bytes], start: int, encoding: str, name: str) -> bool:
    stream.seek(start)
    decoder, is_ascii = codecs.getincrementaldecoder(encoding)(), True
    try:
        while chunk := stream.read(CHUNK):
            is_ascii &= decoder.decode(chunk).isascii()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # Letters of another encoding are hardly ever valid UTF-8: read as such, they would all be wrong.
        if encoding == ENCODINGS[0] and not (is_ascii and error.object[: error.start].isascii()):
            raise InvalidEntry(name, "not all of it is UTF-8: the file may be cut off or changed") from error
        return False
    return True

"""Read the listens of imported files one after another, whatever their format and size."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import IO

from pydantic import ValidationError
from pydantic_core import from_json

from services.api.schemas.exports import ExportHead
from services.api.schemas.listens import ListenIn
from services.imports import lastfm, spotify
from services.imports.arrays import BrokenArray, entries_of
from services.imports.entries import Entry, Fields, InvalidEntry, LeftOut, Tally
from services.imports.listenbrainz import ListenBrainz
from services.imports.sources import Source

ENTRY_MAX_BYTES = 1 << 20
"""Size of one entry: more than any listen has, so that a file without entries does not fill the memory."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Found = tuple[int, Entry | Exception]
"""An entry with its number, or why it cannot be read."""


class Reader:
    """Reads the listens of some files, and tells what else is in them."""

    def __init__(self, sources: Sequence[Source], *, skip_invalid: bool = False) -> None:
        self._sources = sources
        self._skip_invalid = skip_invalid
        self._listenbrainz = ListenBrainz()
        self.tally = Tally()
        self.head: ExportHead | None = None
        """What an export of Segue has besides listens."""

    def listens(self) -> Iterator[ListenIn]:
        """Yield all listens, in the order of the files.

        Raises:
            InvalidEntry: an entry cannot be read, unless invalid ones are skipped, or a file is no list of entries.
            InvalidRequest: a file cannot be read.
        """
        for source in self._sources:
            with source.open() as stream:
                unit, entries = _entries(stream, source.name)
                with closing(entries):  # before the file
                    for number, entry in entries:
                        yield from self._read(source.name, unit, number, entry)
        yield from self._checked(self._listenbrainz.rest())

    def _read(self, name: str, unit: str, number: int, entry: Entry | Exception) -> Iterator[ListenIn]:
        try:
            if isinstance(entry, Exception):
                raise entry
            if unit == LINE and number == 1 and self._take_head(entry):
                return
            yield from self._checked(self._format_of(entry)(entry))
        except ValueError as error:
            invalid = InvalidEntry(f"{name}, {unit} {number}", _reason(error))
            if not self._skip_invalid:
                raise invalid from error
            self.tally.leave_out(LeftOut.INVALID, invalid.detail)

    def _checked(self, found: Iterable[Fields | LeftOut]) -> Iterator[ListenIn]:
        for each in found:
            if isinstance(each, LeftOut):
                self.tally.leave_out(each)
            else:
                listen = ListenIn.model_validate(each)
                self.tally.listens += 1
                yield listen

    def _format_of(self, entry: Entry) -> Callable[[Entry], Iterator[Fields | LeftOut]]:
        if "columns" in entry:
            return lastfm.scrobble
        if self._listenbrainz.is_listen(entry):
            return self._listenbrainz.listen
        if self._listenbrainz.is_feedback(entry):
            return self._listenbrainz.feedback
        if spotify.is_stream(entry):
            return spotify.stream
        if spotify.is_recent_stream(entry):
            return spotify.recent_stream
        return _own

    def _take_head(self, entry: Entry) -> bool:
        if entry and not ExportHead.model_fields.keys() >= entry.keys():
            return False
        self.head = ExportHead.model_validate(entry)
        return True


LINE, ENTRY = "line", "entry"


def _entries(stream: IO[bytes], name: str) -> tuple[str, Generator[Found]]:
    """Return how entries are counted, and the entries with their numbers."""
    if stream.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
        stream.seek(0)
    start = stream.tell()
    first = stream.read(ENTRY_MAX_BYTES).lstrip()[:1]
    stream.seek(start)
    if first == b"[":
        return ENTRY, _array(stream, name)
    return LINE, _json_lines(stream, name) if first in (b"{", b"") else lastfm.rows(stream, name)


def _own(entry: Entry) -> Iterator[Fields]:
    """Yield a listen of an export of Segue."""
    if not ListenIn.model_fields.keys() & entry.keys():
        raise ValueError("it is not a listen of Segue, ListenBrainz, Spotify or Last.fm")
    if entry.get("at") is None and entry.get("undated_plays") is None:
        raise ValueError("it has no time: add the field `at`")
    yield dict(entry)


def _json_lines(stream: IO[bytes], name: str) -> Generator[Found]:
    number = 0
    while line := stream.readline(ENTRY_MAX_BYTES):
        number += 1
        if len(line) == ENTRY_MAX_BYTES:
            raise InvalidEntry(f"{name}, {LINE} {number}", f"it has more than {ENTRY_MAX_BYTES:,} bytes")
        if line.strip():
            try:
                yield number, _object(from_json(line))
            except ValueError as error:
                yield number, ValueError(f"it is no object of JSON ({error})")


def _array(stream: IO[bytes], name: str) -> Generator[Found]:
    number = 0
    try:
        for entry in entries_of(stream, ENTRY_MAX_BYTES):
            number += 1
            yield number, entry if isinstance(entry, dict) else ValueError("it is no object of JSON")
    except BrokenArray as error:
        raise InvalidEntry(f"{name}, {ENTRY} {number + 1}", str(error)) from error


def _object(found: object) -> Entry:
    if not isinstance(found, dict):
        raise ValueError("a list or a value")  # noqa: TRY004  caught with the errors of the parser
    return found


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    wrong = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, wrong["loc"]))
    return f"{place}: {wrong['msg']}" if place else wrong["msg"]

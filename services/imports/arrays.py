"""Read the entries of an array of JSON one after another, so that a file may be larger than the memory."""

import codecs
import json
import re
from collections.abc import Generator
from typing import IO, Any, NoReturn

CHUNK_BYTES = 1 << 16

_SPACE = re.compile(r"[ \t\n\r]*")


class BrokenArray(Exception):  # noqa: N818  it becomes an `InvalidEntry`
    """The array cannot be read further; the message says why."""


def entries_of(stream: IO[bytes], entry_max: int) -> Generator[Any]:
    """Yield the entries of an array that is encoded in UTF-8; none may have more than `entry_max` characters.

    Raises:
        BrokenArray: the JSON ends too early or is wrong, or an entry is too long or nested too deeply.
    """
    text = _Text(stream, entry_max)
    text.take("[")
    if text.next() == "]":
        text.take("]")
    else:
        yield text.value()
        while text.next() == ",":
            text.take(",")
            yield text.value()
        text.take("]")
    if text.next():
        raise BrokenArray("text follows the end of the list")


class _Text:
    """A part of the text of a file, and a place in it."""

    def __init__(self, stream: IO[bytes], entry_max: int) -> None:
        self._stream = stream
        self._entry_max = entry_max
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder(parse_constant=_refuse_constant)
        self._text = ""
        self._place = 0

    def next(self) -> str:
        """Skip white space, and return the next character; empty at the end."""
        skipped = 0
        while True:
            end = self._space_until()
            if end < len(self._text):
                self._place = end
                return self._text[end]
            skipped += end - self._place
            self._place = end
            if skipped > self._entry_max:
                raise self._too_long()
            if not self._read():
                return ""

    def take(self, sign: str) -> None:
        """Skip white space and a sign."""
        if self.next() != sign:
            raise BrokenArray(_BROKEN)
        self._place += 1

    def value(self) -> Any:  # noqa: ANN401  as JSON has it
        """Skip white space, and return the value that follows."""
        self.next()
        while True:
            try:
                found, self._place = self._json.raw_decode(self._text, self._place)
            except RecursionError as error:
                raise BrokenArray("it is nested too deeply") from error
            except ValueError as error:  # wrong, or not read as a whole
                if len(self._text) - self._place > self._entry_max:
                    raise self._too_long() from error
                if not self._read():
                    raise BrokenArray(_BROKEN) from error
            else:
                return found

    def _space_until(self) -> int:
        found = _SPACE.match(self._text, self._place)
        return self._place if found is None else found.end()

    def _read(self) -> bool:
        """Read a chunk more; return False at the end of the file."""
        chunk = self._stream.read(CHUNK_BYTES)
        try:
            self._text = self._text[self._place :] + self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise BrokenArray("it is not encoded in UTF-8") from error
        self._place = 0
        return bool(chunk)

    def _too_long(self) -> BrokenArray:
        return BrokenArray(f"it has more than {self._entry_max:,} characters")


_BROKEN = "the JSON ends or is wrong here: the file may be cut off"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")

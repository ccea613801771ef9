"""The rows of CSV files of any size, with the lines in which they end, so that an editor finds them."""

import csv
import re
from collections.abc import Generator, Iterator
from io import TextIOWrapper
from itertools import chain
from typing import IO

DELIMITERS = ",;\t"

LINE_MAX = 1 << 20
"""Characters of a line: more than any row has, so that a file without line breaks does not fill the memory."""

_UNDECODED = re.compile("[\udc80-\udcff]")


class CsvRowError(ValueError):
    """A line is no part of a CSV file."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


def csv_rows(stream: IO[bytes], encoding: str = "utf-8-sig") -> Generator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with the numbers of the lines in which they end.

    The delimiter is the one that gives the first line the most cells. Who opened the stream closes it.

    Raises:
        CsvRowError: a line is too long, has another encoding or is no CSV.
    """
    text = TextIOWrapper(stream, encoding, "surrogateescape", newline="")
    try:
        lines = _lines(text)
        first = next(lines, "")
        reader = csv.reader(chain([first], lines), delimiter=_delimiter_of(first), strict=True)
        try:
            for row in filter(None, reader):
                yield reader.line_num, row
        except csv.Error as error:
            raise CsvRowError(reader.line_num, f"it is no CSV ({error})") from error
    finally:
        text.detach()


def _delimiter_of(first: str) -> str:
    try:
        return max(DELIMITERS, key=lambda each: len(next(csv.reader([first], delimiter=each), [])))
    except csv.Error as error:
        raise CsvRowError(1, f"it is no CSV ({error})") from error


def _lines(text: TextIOWrapper) -> Iterator[str]:
    number = 0
    try:
        while line := text.readline(LINE_MAX):
            number += 1
            if len(line) == LINE_MAX:
                raise CsvRowError(number, f"it has more than {LINE_MAX:,} characters")
            if not line.isascii() and _UNDECODED.search(line):
                raise CsvRowError(number, "it is not encoded in UTF-8")
            yield line
    except UnicodeDecodeError as error:  # of UTF-16
        raise CsvRowError(number + 1, f"it is not encoded in {error.encoding}: the file may be cut off") from error

"""Tempo and key of the library as CSV, with the column names that Rekordbox, Mixxx and Serato use for their lists."""

import csv
from collections.abc import Iterable
from typing import TextIO

from services.catalog.files import MeasuredFile
from services.domain.notation import Notation
from services.writeback.values import bpm_text, key_of, mood_of

COLUMNS = (
    *("Artist", "Track Title", "Album", "Genre", "Year", "BPM", "Key", "Camelot", "Open Key", "Time", "Mood"),
    "Location",
)


def write_table(files: Iterable[MeasuredFile], target: TextIO, min_confidence: float) -> int:
    """Write one line for each file, below a line of column names (RFC 4180); return the number of files."""
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    count = 0
    for count, file in enumerate(files, start=1):  # noqa: B007  the last number is returned
        seconds = round((file.duration_ms or 0) / 1000)
        writer.writerow(
            (
                *(file.artist, file.title, file.album, file.genre, file.year),
                bpm_text(file, min_confidence, digits=1),
                *(key_of(file, notation, min_confidence) for notation in Notation),
                f"{seconds // 60}:{seconds % 60:02}",
                mood_of(file.energy, file.valence),
                file.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
            )
        )
    return count

"""The same music more than once: files with the same audio, and tracks that are the same recording."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.catalog.reports import FileContent, TrackContent
from services.domain.recordings import SAME_NAME_COSINE, TOLERANCE_MS, artist_of, same_recording
from services.domain.track import Embedded
from services.report.contents import Contents

OF_ARTIST = 2_000
"""Tracks of an artist that are compared at once; each pair of them is."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The same music, and how many bytes all of its files but the largest take."""

    music: Sequence[tuple[TrackContent, Sequence[FileContent]]]
    """Tracks with their files."""
    spare_bytes: int


def copies(contents: Contents) -> list[Duplicates]:
    """Return the tracks with several files of the same audio, those with the most bytes first."""
    found = ([(track, contents.files[track.id])] for track in contents.tracks if len(_files(contents, track)) > 1)
    return sorted((Duplicates(each, _spare(each)) for each in found), key=_first)


def recordings(contents: Contents) -> list[Duplicates]:
    """Return the tracks that are the same recording, on other releases or in other formats."""
    rows = defaultdict[str, list[int]](list)
    for row, track in enumerate(contents.analysed):
        if track.artist_key and track.duration_ms and artist_of(_embedded(track, contents, row)) is not None:
            rows[track.artist_key].append(row)
    groups = (group for of_artist in rows.values() for group in _same(contents, of_artist[:OF_ARTIST]))
    found = ([(track, _files(contents, track)) for track in group] for group in groups)
    return sorted((Duplicates(each, _spare(each)) for each in found), key=_first)


def _same(contents: Contents, rows: Sequence[int]) -> Iterator[list[TrackContent]]:
    """Yield groups of an artist's tracks that are the same recording."""
    vectors = contents.vectors[rows]
    lengths = np.array([contents.tracks[row].duration_ms for row in rows])
    near = (vectors @ vectors.T >= SAME_NAME_COSINE) & (np.abs(lengths[:, None] - lengths) <= TOLERANCE_MS)
    group = list(range(len(rows)))  # of each track, the first track of its group
    for one, other in np.argwhere(np.triu(near, 1)).tolist():
        first, second = (_embedded(contents.tracks[rows[each]], contents, rows[each]) for each in (one, other))
        if same_recording(first, second, float(vectors[one] @ vectors[other])):
            group = [group[one] if each == group[other] else each for each in group]
    for number in sorted(set(group)):
        members = [contents.tracks[row] for row, each in zip(rows, group, strict=True) if each == number]
        if len(members) > 1:
            yield members


def _embedded(track: TrackContent, contents: Contents, row: int) -> Embedded:
    names = (track.title, track.artist, track.album)
    return Embedded(track.id, contents.vectors[row], *names, track.duration_ms, performer=track.artist_key)


def _files(contents: Contents, track: TrackContent) -> Sequence[FileContent]:
    return contents.files.get(track.id, ())


def _spare(music: Sequence[tuple[TrackContent, Sequence[FileContent]]]) -> int:
    sizes = [file.size for _, files in music for file in files]
    return sum(sizes) - max(sizes, default=0)


def _first(found: Duplicates) -> tuple[int, str]:
    return -found.spare_bytes, found.music[0][0].id

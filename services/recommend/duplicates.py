"""Leave out tracks that are the same recording as another one: other releases, remasters, other encodings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.recordings import (
    SAME_NAME_COSINE,
    SAME_SOUND_COSINE,
    TOLERANCE_MS,
    artist_of,
    same_recording,
)
from services.domain.titles import title_of
from services.domain.track import Embedded

Array = NDArray[np.floating[Any]]

NOBODY = 0
"""The number of tracks whose artist is unknown."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Tracks with what comparisons of recordings need of them, so that most pairs are compared in one step.

    `lengths` has shape (n,): milliseconds, NaN if unknown. `names` has shape (n,): numbers that are equal for the same
    artist and piece, and `NOBODY` without an artist.
    """

    tracks: Sequence[Embedded]
    lengths: NDArray[np.float64]
    names: NDArray[np.int64]

    @classmethod
    def of(cls, tracks: Iterable[Embedded]) -> "Recordings":
        """Return the tracks for comparisons."""
        found = list(tracks)
        lengths = np.array([np.nan if track.duration_ms is None else track.duration_ms for track in found])
        return cls(found, lengths, _names(found))

    def part(self, places: slice) -> "Recordings":
        """Return some of the tracks."""
        return Recordings(self.tracks[places], self.lengths[places], self.names[places])

    def same_as(self, other: "Recordings", cosines: Array) -> list[tuple[int, int]]:
        """Return the pairs that are the same recording: the index of a track here and of one there, in order.

        Args:
            other: m tracks.
            cosines: (n, m), between the tracks here and there.
        """
        ours, theirs = self.names[:, None], other.names
        alike = (cosines >= SAME_NAME_COSINE) & (ours == theirs) & (ours != NOBODY)
        sounding = (cosines >= SAME_SOUND_COSINE) & (np.abs(self.lengths[:, None] - other.lengths) <= TOLERANCE_MS)
        possible = alike | (sounding & ((ours == NOBODY) | (theirs == NOBODY)))
        return [
            (row, column)
            for row, column in np.argwhere(possible).tolist()
            if same_recording(self.tracks[row], other.tracks[column], float(cosines[row, column]))
        ]


def without_copies(candidates: Iterable[Embedded], known: Iterable[Embedded]) -> list[Embedded]:
    """Return the candidates that are not the same recording as one of the known tracks."""
    ours, theirs = list(candidates), list(known)
    if not ours or not theirs:
        return ours
    both = Recordings.of([*ours, *theirs])
    offered, others = both.part(slice(len(ours))), both.part(slice(len(ours), None))
    vectors = np.stack([track.vector for track in both.tracks])
    copies = {row for row, _ in offered.same_as(others, vectors[: len(ours)] @ vectors[len(ours) :].T)}
    return [track for row, track in enumerate(ours) if row not in copies]


def distinct(tracks: Sequence[Embedded], *, keep_first: int = 0) -> list[Embedded]:
    """Return the tracks without copies of earlier ones; the first `keep_first` tracks always stay."""
    if not tracks:
        return []
    recordings = Recordings.of(tracks)
    vectors = np.stack([track.vector for track in tracks]).astype(np.float64)
    dropped: set[int] = set()
    for index, other in recordings.same_as(recordings, vectors @ vectors.T):
        if index < other and index not in dropped and other >= keep_first:
            dropped.add(other)
    return [track for index, track in enumerate(tracks) if index not in dropped]


def _names(tracks: Sequence[Embedded]) -> NDArray[np.int64]:
    """Return (n,): numbers that are equal for tracks with the same artist and piece; `NOBODY` without an artist.

    Titles are taken apart only of artists with several tracks, because that takes most of the time.
    """
    artists = [artist_of(track) for track in tracks]
    counts = Counter(artists)
    names = [
        NOBODY if artist is None else hash((artist, title_of(track.title).piece if counts[artist] > 1 else None)) or 1
        for artist, track in zip(artists, tracks, strict=True)
    ]
    return np.array(names, dtype=np.int64)

"""Leave out tracks that are the same recording as another one: other releases, remasters, other encodings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.recordings import (
    EDIT_COSINE,
    SAME_NAME_COSINE,
    SAME_SOUND_COSINE,
    TOLERANCE_MS,
    artist_of,
    same_recording,
)
from services.domain.track import Embedded

Array = NDArray[np.floating[Any]]

NOBODY = 0
"""The number of the artist of tracks without one."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Tracks with what comparisons of recordings need of them, so that most pairs are compared in one step.

    `lengths` has shape (n,): milliseconds, NaN if unknown. `artists` has shape (n,): numbers that are equal for the
    same artist, and `NOBODY` without one.
    """

    tracks: Sequence[Embedded]
    lengths: NDArray[np.float64]
    artists: NDArray[np.int64]

    @classmethod
    def of(cls, tracks: Iterable[Embedded]) -> "Recordings":
        """Return the tracks for comparisons."""
        found = list(tracks)
        lengths = np.array([np.nan if track.duration_ms is None else track.duration_ms for track in found])
        artists = [NOBODY if (artist := artist_of(track)) is None else hash(artist) or 1 for track in found]
        return cls(found, lengths, np.array(artists, dtype=np.int64))

    def part(self, places: slice) -> "Recordings":
        """Return some of the tracks."""
        return Recordings(self.tracks[places], self.lengths[places], self.artists[places])

    def same_as(self, other: "Recordings", cosines: Array) -> list[tuple[int, int]]:
        """Return the pairs that are the same recording: the index of a track here and of one there, in order.

        Args:
            other: m tracks.
            cosines: (n, m), between the tracks here and there.
        """
        as_long = np.abs(self.lengths[:, None] - other.lengths) <= TOLERANCE_MS
        alike = (cosines >= EDIT_COSINE) | ((cosines >= SAME_NAME_COSINE) & as_long)
        nameless = (self.artists == NOBODY)[:, None] | (other.artists == NOBODY)
        sounding = nameless & as_long & (cosines >= SAME_SOUND_COSINE)
        possible = (alike & (self.artists[:, None] == other.artists) & ~nameless) | sounding
        return [
            (row, column)
            for row, column in np.argwhere(possible).tolist()
            if same_recording(self.tracks[row], other.tracks[column], float(cosines[row, column]))
        ]

    def copies_of(self, place: int, cosines: Array) -> list[int]:
        """Return the indices of the other tracks that are the same recording as one; (n,) cosines to it."""
        artist = self.artists[place]
        near = cosines >= SAME_NAME_COSINE
        if artist != NOBODY:
            near &= (self.artists == artist) | (self.artists == NOBODY)
        near[place] = False
        track = self.tracks[place]
        return [
            other
            for other in np.flatnonzero(near).tolist()
            if same_recording(track, self.tracks[other], float(cosines[other]))
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
    # Each pair once.
    for index, other in recordings.same_as(recordings, np.triu(vectors @ vectors.T, 1)):
        if index not in dropped and other >= keep_first:
            dropped.add(other)
    return [track for index, track in enumerate(tracks) if index not in dropped]

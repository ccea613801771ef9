"""Tracks that sound like another genre than the one that their tags name."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.catalog.reports import TrackContent
from services.report.contents import Contents, genre_of

TRACKS_MIN = 8
"""Tracks of the smallest genre that has a sound of its own."""

MARGIN = 0.15
"""How much nearer, in cosine, another genre must be."""

SHOWN, OF_GENRE, OF_ALBUM = 24, 4, 2
"""Tracks that are listed at most: in all, of one genre, and of one album."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """A track, the key of its genre, and that of the genre that it sounds like."""

    track: TrackContent
    genre: str
    sounds_like: str
    margin: float
    """The cosine to the mean of the other genre, less that to the mean of the rest of its own."""


def odd_ones_out(contents: Contents) -> tuple[int, list[Oddity]]:
    """Return how many tracks sound like another genre, and those that do so most.

    Each genre is the mean of the embeddings of its tracks. A track is compared with the mean of its genre's other
    tracks, and with the means of the other genres.
    """
    tracks = contents.analysed
    rows = defaultdict[str, list[int]](list)
    for row, track in enumerate(tracks):
        if track.fragment is None and (genre := genre_of(track)) is not None:
            rows[genre].append(row)
    genres = [genre for genre, of_genre in rows.items() if len(of_genre) >= TRACKS_MIN]
    if len(genres) < 2:  # noqa: PLR2004  nothing to compare with
        return 0, []
    sums = np.array([contents.vectors[rows[genre]].sum(axis=0, dtype=np.float64) for genre in genres])
    found = [
        Oddity(tracks[row], genre, genres[other], margin)
        for number, genre in enumerate(genres)
        for row, other, margin in _odd(contents.vectors, rows[genre], sums, number)
    ]
    found.sort(key=lambda each: (-each.margin, each.track.id))
    return len(found), _spread(found)


def _odd(
    vectors: NDArray[np.float32], rows: Sequence[int], sums: NDArray[np.float64], own: int
) -> list[tuple[int, int, float]]:
    """Return the rows of a genre that are nearer to another one, with its number and the margin."""
    members = vectors[rows].astype(np.float64)
    cosines = members @ _unit(sums).T
    kept = np.einsum("ij,ij->i", members, _unit(sums[own] - members))
    cosines[:, own] = -np.inf
    others = np.argmax(cosines, axis=1)
    margins = cosines[np.arange(len(rows)), others] - kept
    return [(rows[i], int(others[i]), float(margins[i])) for i in np.flatnonzero(margins >= MARGIN).tolist()]


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float64).tiny)


def _spread(found: Sequence[Oddity]) -> list[Oddity]:
    """Return the first ones, a few of each genre and album."""
    shown, genres, albums = list[Oddity](), Counter[str](), Counter[str]()
    for each in found:
        album = each.track.album_id or each.track.id
        if len(shown) < SHOWN and genres[each.genre] < OF_GENRE and albums[album] < OF_ALBUM:
            shown.append(each)
            genres[each.genre] += 1
            albums[album] += 1
    return shown

"""Is it the same recording, on another release or in another encoding?"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.track import Embedded

SAME_SOUND = 0.97
"""Cosine that is enough whatever the names: half of all MP3s of 64 kbit/s keep .98, one neighbour in a hundred does."""

SAME_NAME = 0.7
"""Cosine that is enough where artist and title agree, too: a live version lies further away."""

LENGTHS_DIFFER_MS = 2_000

Array = NDArray[np.floating[Any]]

_EDITION = re.compile(
    r"\s*[(\[][^()\[\]]*\b(remaster(ed)?|version|edit|mono|stereo|bonus)\b[^()\[\]]*[)\]]\s*", re.IGNORECASE
)


def same_recording(one: Embedded, other: Embedded, cosine: float) -> bool:
    """Whether two tracks that lie this close sound the same to a listener."""
    if one.duration_ms is None or other.duration_ms is None:
        return False
    if abs(one.duration_ms - other.duration_ms) > LENGTHS_DIFFER_MS:
        return False
    return cosine >= SAME_SOUND or (cosine >= SAME_NAME and one.artist is not None and _name(one) == _name(other))


def unheard(candidates: Iterable[Embedded], heard: Iterable[Embedded]) -> list[Embedded]:
    """The candidates that are none of the recordings that were heard already."""
    offered, known = list(candidates), list(heard)
    if not offered or not known:
        return offered
    cosines = np.stack([track.vector for track in offered]) @ np.stack([track.vector for track in known]).T
    same = set()
    for row, column in np.argwhere(_may_be_same(cosines, lengths(offered), lengths(known))).tolist():
        if row not in same and same_recording(offered[row], known[column], float(cosines[row, column])):
            same.add(row)
    return [track for row, track in enumerate(offered) if row not in same]


def distinct(tracks: Sequence[Embedded], *, staying: int = 0) -> list[Embedded]:
    """The tracks without those that are the same recording as an earlier one; the first `staying` stay."""
    if not tracks:
        return []
    vectors = np.stack([track.vector for track in tracks]).astype(np.float64)
    cosines = vectors @ vectors.T
    later = np.triu(_may_be_same(cosines, lengths(tracks), lengths(tracks)), 1)
    kept = [True] * len(tracks)
    for index, other in np.argwhere(later).tolist():
        if kept[index] and other >= staying and same_recording(tracks[index], tracks[other], cosines[index, other]):
            kept[other] = False
    return [track for track, keep in zip(tracks, kept, strict=True) if keep]


def copies(chosen: Embedded, candidates: Sequence[Embedded], cosines: Array, milliseconds: Array) -> list[int]:
    """The places of those candidates that are the same recording as the chosen one.

    Args:
        chosen: A track.
        candidates: n others.
        cosines: (n,), between it and them.
        milliseconds: (n,), from `lengths`.
    """
    likely = _may_be_same(cosines[None], lengths([chosen]), milliseconds)[0]
    return [
        place
        for place in np.flatnonzero(likely).tolist()
        if same_recording(chosen, candidates[place], float(cosines[place]))
    ]


def lengths(tracks: Sequence[Embedded]) -> Array:
    """(n,): milliseconds; NaN, which is near to nothing, where none is known."""
    return np.array([np.nan if track.duration_ms is None else track.duration_ms for track in tracks])


def _may_be_same(cosines: Array, ours: Array, theirs: Array) -> NDArray[np.bool_]:
    """(ours, theirs): what `same_recording` must look at; it is true of nothing else."""
    likely: NDArray[np.bool_] = (cosines >= SAME_NAME) & (np.abs(ours[:, None] - theirs) <= LENGTHS_DIFFER_MS)
    return likely


def _name(track: Embedded) -> tuple[str, str]:
    return (track.artist or "").casefold(), _EDITION.sub("", track.title).casefold()

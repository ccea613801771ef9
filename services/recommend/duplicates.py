"""Recognise the same recording on another release or in another encoding."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.track import Embedded

SAME_SOUND_COSINE = 0.97
"""Cosine that is enough whatever the names are: half of all MP3s of 64 kbit/s keep .98 to their original, and one
nearest neighbour in a hundred reaches it."""

SAME_NAME_COSINE = 0.7
"""Cosine that is enough if artist and title agree, too; a live version has a lower one."""

DURATION_TOLERANCE_MS = 2_000

Array = NDArray[np.floating[Any]]

_EDITION = re.compile(
    r"\s*[(\[][^()\[\]]*\b(remaster(ed)?|version|edit|mono|stereo|bonus)\b[^()\[\]]*[)\]]\s*", re.IGNORECASE
)


def same_recording(one: Embedded, other: Embedded, cosine: float) -> bool:
    """Return whether two tracks with this cosine are the same recording."""
    if one.duration_ms is None or other.duration_ms is None:
        return False
    if abs(one.duration_ms - other.duration_ms) > DURATION_TOLERANCE_MS:
        return False
    same_name = one.artist is not None and _name(one) == _name(other)
    return cosine >= SAME_SOUND_COSINE or (cosine >= SAME_NAME_COSINE and same_name)


def without_copies(candidates: Iterable[Embedded], known: Iterable[Embedded]) -> list[Embedded]:
    """Return the candidates that are not the same recording as one of the known tracks."""
    offered, others = list(candidates), list(known)
    if not offered or not others:
        return offered
    cosines = np.stack([track.vector for track in offered]) @ np.stack([track.vector for track in others]).T
    copies = set()
    for row, column in np.argwhere(_possible_copies(cosines, durations(offered), durations(others))).tolist():
        if row not in copies and same_recording(offered[row], others[column], float(cosines[row, column])):
            copies.add(row)
    return [track for row, track in enumerate(offered) if row not in copies]


def distinct(tracks: Sequence[Embedded], *, keep_first: int = 0) -> list[Embedded]:
    """Return the tracks without copies of earlier ones; the first `keep_first` tracks always stay."""
    if not tracks:
        return []
    vectors = np.stack([track.vector for track in tracks]).astype(np.float64)
    cosines = vectors @ vectors.T
    later = np.triu(_possible_copies(cosines, durations(tracks), durations(tracks)), 1)
    kept = [True] * len(tracks)
    for index, other in np.argwhere(later).tolist():
        if kept[index] and other >= keep_first and same_recording(tracks[index], tracks[other], cosines[index, other]):
            kept[other] = False
    return [track for track, keep in zip(tracks, kept, strict=True) if keep]


def copies_of(chosen: Embedded, candidates: Sequence[Embedded], cosines: Array, milliseconds: Array) -> list[int]:
    """Return the indices of the candidates that are the same recording as the chosen track.

    Args:
        chosen: A track.
        candidates: n others.
        cosines: (n,), between the chosen track and them.
        milliseconds: (n,), from `durations`.
    """
    possible = _possible_copies(cosines[None], durations([chosen]), milliseconds)[0]
    return [
        index
        for index in np.flatnonzero(possible).tolist()
        if same_recording(chosen, candidates[index], float(cosines[index]))
    ]


def durations(tracks: Sequence[Embedded]) -> Array:
    """Return (n,): milliseconds, NaN for an unknown duration."""
    return np.array([np.nan if track.duration_ms is None else track.duration_ms for track in tracks])


def _possible_copies(cosines: Array, ours: Array, theirs: Array) -> NDArray[np.bool_]:
    """Return (ours, theirs): the pairs that `same_recording` has to check; it is false for all others."""
    possible: NDArray[np.bool_] = (cosines >= SAME_NAME_COSINE) & (
        np.abs(ours[:, None] - theirs) <= DURATION_TOLERANCE_MS
    )
    return possible


def _name(track: Embedded) -> tuple[str, str]:
    return (track.artist or "").casefold(), _EDITION.sub("", track.title).casefold()

"""Why a track is recommended: the plays that led to it."""

from collections.abc import Mapping

import numpy as np

from services.domain.listening import Taste
from services.domain.track import Embedded, Vector

PLAYS_NAMED = 3
"""A reason is read at a glance: the strongest few plays."""


class Reasons:
    """The plays of one taste, for which tracks are recommended."""

    def __init__(self, taste: Taste, heard: Mapping[str, Embedded]) -> None:
        plays = sorted((track_id, weight) for track_id, weight in taste.plays if weight > 0)
        self._ids = [track_id for track_id, _ in plays]
        self._weighted = np.array([weight * heard[track_id].vector for track_id, weight in plays])  # (plays, 128)

    def of(self, vector: Vector, itself: str | None = None) -> tuple[str, ...]:
        """The plays that pulled the taste towards a track most, strongest first.

        A play's pull is its weight times its cosine similarity to the track. Where none pulls towards it (the track
        is only the nearest of a far-away library), the one that pushes away least is named. What was rejected is no
        reason; a track that comes again, `itself`, is one only where there is no other.
        """
        if not self._ids:
            return ()
        pulls = self._weighted @ vector
        strongest = [index for index in np.argsort(-pulls, kind="stable").tolist() if self._ids[index] != itself]
        towards = [self._ids[index] for index in strongest if pulls[index] > 0]
        return tuple(towards[:PLAYS_NAMED]) or (self._ids[strongest[0]] if strongest else self._ids[0],)

"""A few tracks that stand for the whole library."""

import time
from collections.abc import Callable, Mapping

from services.catalog.tracks import TrackStore
from services.domain.track import Vector

SIZE = 1_000
"""Enough to tell crowded surroundings from empty ones, few enough to compare with every candidate of a request."""

FRESH_SECONDS = 60.0
"""A library changes slowly beside its sample."""


class LibrarySample:
    """Read from the catalogue when first needed, and again once it is no longer fresh."""

    def __init__(self, tracks: TrackStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._tracks = tracks
        self._clock = clock
        self._read: tuple[float, Mapping[str, Vector]] | None = None

    def vectors(self) -> Mapping[str, Vector]:
        """Embeddings by track id."""
        now = self._clock()
        if self._read is None or now - self._read[0] > FRESH_SECONDS:
            self._read = now, self._tracks.sample(SIZE)
        return self._read[1]

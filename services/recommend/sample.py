"""A few tracks that stand for the whole library."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.catalog.tracks import TrackStore
from services.domain.track import EMBEDDING_DIM, Embedded, Vector

SIZE = 1_000
"""Enough to tell crowded surroundings from empty ones, few enough to compare with every candidate of a request."""

FRESH_SECONDS = 60.0
"""A library changes slowly beside its sample."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Tracks of a library.

    Attributes:
        vectors: (n, 128), their embeddings.
        places: Which row is whose, by track id.
    """

    vectors: Vector = field(default_factory=lambda: np.empty((0, EMBEDDING_DIM), dtype=np.float32))
    places: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, embeddings: Mapping[str, Vector]) -> Self:
        """The tracks with these embeddings, by id."""
        if not embeddings:
            return cls()
        return cls(np.stack(list(embeddings.values())), {name: place for place, name in enumerate(embeddings)})


class LibrarySample:
    """Read from the catalogue when first needed, and again once it is no longer fresh."""

    def __init__(self, tracks: TrackStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._tracks = tracks
        self._clock = clock
        self._read: tuple[float, Sample] | None = None

    def get(self) -> Sample:
        """At most `SIZE` tracks."""
        now = self._clock()
        if self._read is None or now - self._read[0] > FRESH_SECONDS:
            self._read = now, Sample.of(self._tracks.sample(SIZE))
        return self._read[1]


NEAREST = 0.1
"""Share of the sample whose nearness counts."""

STRENGTH = 0.5
"""Part of that nearness that is taken off: with the whole of it, what fits best no longer comes first."""

FEWEST = 20
"""Below so many tracks there are no hubs worth a correction."""


def crowding(candidates: Sequence[Embedded], sample: Sample) -> NDArray[np.float64]:
    """(n,): what each candidate loses for being near to everything.

    Args:
        candidates: n tracks.
        sample: Of the library.
    """
    size = len(sample.vectors)
    if size < FEWEST or not candidates:
        return np.zeros(len(candidates))
    near = np.stack([candidate.vector for candidate in candidates]) @ sample.vectors.T
    for row, candidate in enumerate(candidates):
        if candidate.id in sample.places:  # nobody is a neighbour of itself
            near[row, sample.places[candidate.id]] = -1.0
    counted = max(1, round(NEAREST * size))
    nearest = np.partition(near, -counted, axis=1)[:, -counted:]
    lost: NDArray[np.float64] = STRENGTH * nearest.mean(1, dtype=np.float64)
    return lost

"""Penalties that a candidate gets in the ranking: for hubs, for missed targets, for resembling rejected tracks."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from services.catalog.tracks import TrackStore
from services.domain.filters import ATTRIBUTES, Filters, Range
from services.domain.listening import Negative
from services.domain.track import EMBEDDING_DIM, Embedded, Vector

Array = NDArray[np.float64]

SAMPLE_SIZE = 1_000
"""Tracks in a library sample: enough to recognise hubs, few enough to compare with every candidate of a request."""

SAMPLE_MAX_AGE_SECONDS = 60.0
"""A sample is read again after this time; a library changes more slowly."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Tracks that stand for a whole library.

    Attributes:
        vectors: (n, dimension), their embeddings.
        rows: The row of each track in `vectors`, by track id.
    """

    vectors: Vector = field(default_factory=lambda: np.empty((0, EMBEDDING_DIM), dtype=np.float32))
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, embeddings: Mapping[str, Vector]) -> Self:
        """Return a sample of the tracks with these embeddings, by track id."""
        if not embeddings:
            return cls()
        return cls(np.stack(list(embeddings.values())), {name: row for row, name in enumerate(embeddings)})


class LibrarySample:
    """Reads a sample from the catalogue and keeps it for `SAMPLE_MAX_AGE_SECONDS`."""

    def __init__(self, tracks: TrackStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._tracks = tracks
        self._clock = clock
        self._read: tuple[float, str | None, Sample] | None = None

    def get(self) -> Sample:
        """Return a sample of at most `SAMPLE_SIZE` tracks, in the space that the request reads."""
        now, space = self._clock(), self._tracks.space
        read = self._read
        if read is None or read[1] != space or now - read[0] > SAMPLE_MAX_AGE_SECONDS:
            self._read = read = now, space, Sample.of(self._tracks.sample(SAMPLE_SIZE))
        return read[2]


HUB_NEIGHBOURS = 0.1
"""Share of the sample, the nearest tracks, whose mean similarity tells how much of a hub a candidate is."""

HUB_STRENGTH = 0.5
"""Share of that mean similarity that is subtracted. With all of it, the best matches no longer rank first."""

HUB_SAMPLE_MIN = 20
"""Smallest sample in which hubs are corrected."""


def hub_penalty(candidates: Sequence[Embedded], sample: Sample) -> Array:
    """Return the penalty of each candidate for being similar to very many tracks (a hub).

    The correction is one side of cross-domain similarity local scaling (CSLS; Conneau et al., 2018).

    Args:
        candidates: n tracks.
        sample: Of the library. Below `HUB_SAMPLE_MIN` tracks there is no penalty.

    Returns:
        (n,), in cosine.
    """
    size = len(sample.vectors)
    if size < HUB_SAMPLE_MIN or not candidates:
        return np.zeros(len(candidates))
    cosines = np.stack([candidate.vector for candidate in candidates]) @ sample.vectors.T
    for row, candidate in enumerate(candidates):
        if candidate.id in sample.rows:  # a track is not its own neighbour
            cosines[row, sample.rows[candidate.id]] = -1.0
    counted = max(1, round(HUB_NEIGHBOURS * size))
    nearest = np.partition(cosines, -counted, axis=1)[:, -counted:]
    penalty: Array = HUB_STRENGTH * nearest.mean(1, dtype=np.float64)
    return penalty


SCALES = {
    **dict.fromkeys(ATTRIBUTES, 1.0),
    "tempo": 100.0,
    "loudness": 30.0,
    "brightness": 4_000.0,
    "onset_rate": 10.0,
    "flux": 3.0,
    "mobility": 4.0,
    "key": 6.0,
    "mode": 1.0,
    "time_signature": 1.0,
    "year": 50.0,
    "duration_ms": 300_000.0,
}
"""Difference of each field that counts as distance 1: about the spread within one library."""

TARGET_PENALTY = 0.6
"""Penalty, in cosine, of a track at distance 1 from its targets."""

TARGET_WINDOW = 0.1
"""Distance around each target within which the index is queried for additional candidates."""

KEYS_PER_OCTAVE = 12


def target_penalty(candidates: Sequence[Embedded], targets: Mapping[str, float]) -> Array:
    """Return the penalty of each candidate for missing the targets: (n,), in cosine."""
    if not targets:
        return np.zeros(len(candidates))
    return TARGET_PENALTY * np.array([target_distance(candidate, targets) for candidate in candidates])


def target_distance(track: Embedded, targets: Mapping[str, float]) -> float:
    """Return the mean distance to the targets, 0 to 1. An unknown value is at distance 1."""
    return sum(_distance(name, track.measured.get(name), value) for name, value in targets.items()) / len(targets)


def _distance(name: str, value: float | None, target: float) -> float:
    if value is None:
        return 1.0
    difference = abs(value - target)
    if name == "key":  # keys are a circle: B is next to C
        difference = min(difference, KEYS_PER_OCTAVE - difference)
    return min(1.0, difference / SCALES[name])


def near_targets(filters: Filters, targets: Mapping[str, float]) -> Filters | None:
    """Return the filters narrowed to the surroundings of each target, or None if they exclude each other."""
    ranges = dict(filters.ranges)
    for name, target in targets.items():
        wanted = ranges.get(name, Range())
        low = max(target - TARGET_WINDOW * SCALES[name], -np.inf if wanted.min is None else wanted.min)
        high = min(target + TARGET_WINDOW * SCALES[name], np.inf if wanted.max is None else wanted.max)
        if low > high:
            return None
        ranges[name] = Range(low, high)
    return replace(filters, ranges=ranges)


OVERLAP_MIN = 0.1
"""Cosine to a rejected track above which a rejection has an effect."""


def rejection_penalty(vectors: Array, negatives: Sequence[Negative], largest: float) -> Array:
    """Return the penalty of each vector for its similarity to rejected tracks: (n,), the largest of them.

    `largest` is the penalty at the position of a track that was rejected with strength 1.
    """
    if not negatives:
        return np.zeros(len(vectors))
    cosines = vectors @ np.stack([negative.vector for negative in negatives]).astype(np.float64).T
    strength = np.array([negative.strength for negative in negatives])
    penalty: Array = largest * (strength * rejection_overlap(cosines)).max(1)
    return penalty


def rejection_overlap(cosine: npt.ArrayLike, full: float = 1.0) -> Array:
    """Return the effect of a rejection at these cosines: 0 up to `OVERLAP_MIN`, rising to 1 at `full`."""
    overlap: Array = np.clip((np.asarray(cosine, dtype=np.float64) - OVERLAP_MIN) / (full - OVERLAP_MIN), 0.0, 1.0)
    return overlap


AVOIDANCE_PENALTY = 1.0
"""Penalty, in cosine, per cosine by which a track is more similar to a dismissed taste than to every taste."""


def avoidance_penalty(vectors: Array, tastes: Sequence[Vector], avoided: Sequence[Vector]) -> Array:
    """Return the penalty of each vector for being more similar to a dismissed taste than to every taste: (n,).

    Tracks of a taste that resembles a dismissed one have no penalty.
    """
    if not avoided:
        return np.zeros(len(vectors))
    unwanted = (vectors @ np.stack(avoided).astype(np.float64).T).max(1)
    wanted = (vectors @ np.stack(tastes).astype(np.float64).T).max(1)
    penalty: Array = AVOIDANCE_PENALTY * np.maximum(unwanted - wanted, 0.0)
    return penalty

"""Values to aim for: how far a track lies from them, and where to look for those that lie near."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.domain.filters import ATTRIBUTES, Filters, Range
from services.domain.track import Embedded

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
"""What a whole step is: as far apart as tracks of one library are, about."""

NEAR = 0.1
"""Part of the scale around each target within which the index is asked for more candidates."""

PULL = 0.6
"""What a track a whole step from its targets loses, in cosines."""

OCTAVE_KEYS = 12


def distance(track: Embedded, targets: Mapping[str, float]) -> float:
    """Mean distance to the targets in steps, 0 to 1; what is not known lies a whole step away."""
    return sum(_apart(name, track.measured.get(name), value) for name, value in targets.items()) / len(targets)


def _apart(name: str, value: float | None, target: float) -> float:
    if value is None:
        return 1.0
    apart = abs(value - target)
    if name == "key":  # B lies beside C
        apart = min(apart, OCTAVE_KEYS - apart)
    return min(1.0, apart / SCALES[name])


def pull(candidates: Sequence[Embedded], targets: Mapping[str, float]) -> NDArray[np.float64]:
    """(n,): what each candidate loses for missing the targets."""
    if not targets:
        return np.zeros(len(candidates))
    return PULL * np.array([distance(candidate, targets) for candidate in candidates])


def around(filters: Filters, targets: Mapping[str, float]) -> Filters | None:
    """The same conditions, and near each target besides; None where they contradict each other."""
    ranges = dict(filters.ranges)
    for name, target in targets.items():
        wanted = ranges.get(name, Range())
        low = max(target - NEAR * SCALES[name], -np.inf if wanted.min is None else wanted.min)
        high = min(target + NEAR * SCALES[name], np.inf if wanted.max is None else wanted.max)
        if low > high:
            return None
        ranges[name] = Range(low, high)
    return replace(filters, ranges=ranges)

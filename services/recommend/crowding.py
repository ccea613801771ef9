"""How crowded a track's surroundings are: hubs are near everything, and would be answered to everyone.

Cross-domain similarity local scaling (CSLS; Conneau et al., "Word translation without parallel data", ICLR 2018)
takes from each similarity the mean similarity of the candidate to its own nearest neighbours. Here the neighbours are
those in a sample of the library: it costs one small matrix product a request and nothing when a track is added.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.domain.track import Embedded
from services.recommend.sample import Sample

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

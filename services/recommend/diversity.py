"""How different the tracks of a list are."""

from collections.abc import Sequence

import numpy as np

from services.domain.track import Vector


def mean_distance(vectors: Sequence[Vector]) -> float | None:
    """Return the mean cosine distance of two of some unit vectors (intra-list diversity; Ziegler et al., 2005).

    None without two of them.
    """
    count = len(vectors)
    if count < 2:  # noqa: PLR2004  one vector has no distance to another
        return None
    # The square of a sum of unit vectors is their number and twice the sum of the cosines of all pairs.
    whole = np.asarray(vectors, np.float64).sum(axis=0)
    return 1 - (float(np.dot(whole, whole)) - count) / (count * (count - 1))

"""Finding the highest of many scores."""

import numpy as np
import pytest

from services.index.points import BLOCK, highest


@pytest.mark.parametrize("count", [1, BLOCK, 10 * BLOCK, 11 * BLOCK, 100 * BLOCK + 3])
@pytest.mark.parametrize("values", [5, 1_000_000])
def test_the_highest_scores_are_found(count, values):
    """They are found in blocks and in the rest, with many equal scores and with few, each place once."""
    scores = np.random.default_rng(count).integers(values, size=count).astype(np.float32)
    scores[-1] = values

    found = highest(scores, 10)

    assert len(set(found.tolist())) == min(10, count)
    assert sorted(scores[found]) == sorted(scores)[-10:]

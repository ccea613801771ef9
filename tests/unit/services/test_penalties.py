"""Penalties for hubs, and the sample of the library."""

import numpy as np

from services.domain.track import Embedded
from services.recommend.penalties import (
    HUB_SAMPLE_MIN,
    HUB_STRENGTH,
    SAMPLE_MAX_AGE_SECONDS,
    SAMPLE_SIZE,
    LibrarySample,
    Sample,
    hub_penalty,
)

UNIT = np.eye(128, dtype=np.float32)


def test_a_hub_has_a_larger_penalty_than_an_isolated_track():
    """If all vectors of the sample are equal, their own has HUB_STRENGTH and an orthogonal one 0."""
    sample = Sample.of({f"s{number}": UNIT[0] for number in range(HUB_SAMPLE_MIN)})

    lost = hub_penalty([Embedded("hub", UNIT[0], ""), Embedded("alone", UNIT[1], "")], sample)

    assert lost.tolist() == [HUB_STRENGTH, 0.0]


def test_a_track_is_not_its_own_neighbour():
    """Its similarity to itself in the sample does not count."""
    sample = Sample.of({f"s{number}": UNIT[number] for number in range(HUB_SAMPLE_MIN)})

    assert hub_penalty([Embedded("s0", UNIT[0], "")], sample).tolist() == [0.0]


def test_a_small_library_has_no_hubs():
    """Below HUB_SAMPLE_MIN tracks nothing is corrected."""
    sample = Sample.of({f"s{number}": UNIT[0] for number in range(HUB_SAMPLE_MIN - 1)})

    assert hub_penalty([Embedded("hub", UNIT[0], "")], sample).tolist() == [0.0]


def test_the_sample_is_read_again_when_it_is_old():
    """Within SAMPLE_MAX_AGE_SECONDS it is read once."""

    class Tracks:
        reads = 0
        space = None

        def sample(self, count):
            assert count == SAMPLE_SIZE
            self.reads += 1
            return {}

    tracks, moment = Tracks(), [0.0]
    sample = LibrarySample(tracks, lambda: moment[0])
    for moment[0] in (0.0, SAMPLE_MAX_AGE_SECONDS, SAMPLE_MAX_AGE_SECONDS + 1, 2 * SAMPLE_MAX_AGE_SECONDS):
        sample.get()

    assert tracks.reads == 2

"""Baselines on noise, tones and random vectors."""

import numpy as np
import pytest

from models.evaluation import baselines


def test_loudness_is_a_level_and_mfcc_has_60_numbers():
    """Ten times the amplitude is 20 dB more; MFCC are 30 means and 30 standard deviations."""
    samples = np.random.default_rng(0).standard_normal((2, 16_000)).astype(np.float32) * 0.1

    assert baselines.loudness(samples * 10)[0] - baselines.loudness(samples)[0] == pytest.approx(20.0, abs=0.01)
    assert baselines.mfcc(samples).shape == (60,)


def test_nearness_and_cosine_rank_the_twin_first():
    """Each vector is nearest to its own copy under both measures."""
    vectors = np.random.default_rng(0).standard_normal((6, 4))
    vectors[:, 3] = 0.5  # a constant dimension

    for measure in (baselines.standardised_nearness, baselines.standardised_cosine):
        assert measure(vectors, vectors).argmax(axis=1).tolist() == list(range(6))


@pytest.mark.parametrize("module", ["bliss_audio", "pymusly"])
def test_bliss_and_musly_find_the_same_kind_of_sound(module):
    """Noise, tones and pulses are each nearest to another example of the same kind."""
    pytest.importorskip(module)
    random = np.random.default_rng(0)
    time = np.arange(320_000) / 16_000

    def sounds():
        hiss = random.standard_normal(320_000)
        tones = sum(np.sin(2 * np.pi * f * time) for f in (220, 277, 330))
        pulses = hiss * (np.sin(2 * np.pi * 2 * time) > 0.9)
        return [(0.1 * x + 0.001 * hiss).astype(np.float32).reshape(2, -1) for x in (hiss, tones, pulses)]

    first, second = sounds(), sounds()
    if module == "bliss_audio":
        similarity = baselines.euclidean(
            np.stack([*map(baselines.bliss, first)]), np.stack([*map(baselines.bliss, second)])
        )
    else:
        similarity = baselines.musly_similarity(
            [*map(baselines.musly_model, first)], [*map(baselines.musly_model, second)]
        )

    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]

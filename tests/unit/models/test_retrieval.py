"""Retrieval figures on cases small enough to work out by hand."""

import numpy as np
import pytest

from models.evaluation import baselines
from models.evaluation.retrieval import ceiling, hubness, retrieve
from models.evaluation.trials import figure, interval, package_interval

SOUNDTRACKS = ["a", "a", "b"]


def test_a_worked_example():
    """Three tracks of two soundtracks, every figure worked out on paper."""
    similarity = np.array([[0.9, 0.5, 0.7], [0.8, 0.6, 0.1], [0.2, 0.3, 0.4]])

    result = retrieve(similarity, SOUNDTRACKS)

    assert result.same_track.tolist() == [1.0, 0.0, 1.0]  # the second finds the first before itself
    assert result.precision_10.tolist() == [0.5, 0.5, 0.0]  # of two other tracks, one is of its soundtrack
    assert result.average_precision.tolist() == [0.5, 1.0, 0.0]  # at rank 2; at rank 1; nothing to find
    assert result.hubness == 0.0  # each track is among the ten nearest of both others


def test_precision_counts_only_the_nearest():
    """Of 12 tracks in two soundtracks, only the 5 and 10 nearest others count."""
    soundtracks = ["a"] * 6 + ["b"] * 6
    same = np.array([[x == y for y in soundtracks] for x in soundtracks], dtype=float)

    perfect = retrieve(same + np.eye(12), soundtracks)

    assert perfect.precision_5.tolist() == [1.0] * 12
    assert perfect.precision_10.tolist() == [0.5] * 12
    assert perfect.average_precision.tolist() == [1.0] * 12
    assert perfect.same_track.tolist() == [1.0] * 12
    assert retrieve(-same, soundtracks).precision_5.tolist() == [0.0] * 12


def test_a_constant_similarity_finds_no_track():
    """A representation that says the same of everything gets no credit for ties."""
    assert retrieve(np.ones((3, 3)), SOUNDTRACKS).same_track.tolist() == [0.0, 0.0, 0.0]


def test_a_hub_shows_as_skew():
    """A few tracks near to every other give a clearly positive skew; a ring gives none."""
    n = 60
    ring = np.array([[-min((i - j) % n, (j - i) % n) for j in range(n)] for i in range(n)], dtype=float)
    crowded = np.random.default_rng(0).random((n, n))
    crowded[:, :5] += 1.0

    assert retrieve(ring, ["a"] * n).hubness == pytest.approx(0.0, abs=1e-9)
    assert retrieve(crowded, ["a"] * n).hubness > 2.0


def test_the_ceiling_counts_what_there_is_to_find():
    """A soundtrack of three has two others: P@10 can reach 0.2 for each of its tracks."""
    assert ceiling(["a"] * 3 + ["b"] * 11) == pytest.approx((3 * 0.2 + 11 * 1.0) / 14)


def test_the_interval_covers_the_mean_and_shrinks():
    """The interval holds the mean, is the same at each run, and is narrower for more tracks."""
    few = np.tile([0.0, 1.0], 10)
    many = np.tile([0.0, 1.0], 1000)

    low, high = interval(few)
    assert low < 0.5 < high
    assert interval(few) == (low, high)
    assert interval(many)[1] - interval(many)[0] < (high - low) / 5


def test_packages_that_differ_widen_the_interval():
    """Tracks that resemble each other within their package count as one: the interval over packages is wider."""
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 25)
    packages = np.repeat(["a", "b", "c", "d"], 25).tolist()

    whole = figure(values, packages)

    assert whole.package_low < whole.low < whole.value == 0.5 < whole.high < whole.package_high
    assert package_interval(np.tile([0.0, 1.0], 50), packages) == pytest.approx((0.5, 0.5), abs=0.03)


def test_a_package_counts_by_its_tracks():
    """With packages of 1 and 99 tracks, the mean of a resample is over tracks, not over packages."""
    low, high = package_interval(np.array([1.0] + [0.0] * 99), ["a"] + ["b"] * 99)

    assert low == 0.0
    assert high == 1.0
    assert figure(np.array([1.0] + [0.0] * 99), ["a"] + ["b"] * 99).value == 0.01


def test_a_track_that_nobody_is_near_to_is_never_recommended():
    """Of 20 tracks, one that all others put last is never recommended; it counts as a twentieth."""
    similarity = np.random.default_rng(0).random((20, 20))
    similarity[:, 7] = -1.0

    found = hubness(similarity)

    assert found.counts[7] == 0
    assert found.never == pytest.approx(np.mean(found.counts == 0))
    assert found.counts.sum() == 20 * 10
    assert hubness(np.ones((5, 5))).never == 0.0


def test_baselines_tell_quiet_from_loud_and_low_from_high():
    """Loudness is a level in dBFS, MFCC 60 numbers; a scaled copy changes the first and not the shape of both."""
    samples = np.random.default_rng(0).standard_normal((2, 16_000)).astype(np.float32) * 0.1

    assert baselines.loudness(samples * 10)[0] - baselines.loudness(samples)[0] == pytest.approx(20.0, abs=0.01)
    assert baselines.mfcc(samples).shape == (60,)


def test_nearness_and_cosine_rank_the_twin_first():
    """Each vector's own copy is its nearest under both measures."""
    vectors = np.random.default_rng(0).standard_normal((6, 4))
    vectors[:, 3] = 0.5  # a dimension that never changes

    for measure in (baselines.nearness, baselines.cosine):
        assert measure(vectors, vectors).argmax(axis=1).tolist() == list(range(6))

"""Targets of the student: half-whitening, and the shapes, units and order of the axes."""

import numpy as np
import pytest

from models import checkpoint
from models.network import TIMBRE_SIZE, VIBE_SIZE
from models.training.examples import Examples
from models.training.space import VibeSpace, half_whitening

TAGS = [f"{teacher}:{name}" for teacher, names in checkpoint.read_card().tags.items() for name in names]


def track(seed, n=12):
    random = np.random.default_rng(seed)
    own = random.normal(size=400) * np.linspace(3, 0.1, 400)
    return Examples(
        log_mel=random.gamma(2.0, 0.5, (n, 40, 96)).astype(np.float16),
        penultimate=(own + random.normal(size=(n, 400)) * 0.3).astype(np.float16),
        tags=random.uniform(0.01, 0.99, (n, 100)).astype(np.float16),
    )


@pytest.fixture(scope="module")
def tracks():
    return [track(seed) for seed in range(30)]


@pytest.fixture(scope="module")
def space(tracks):
    return VibeSpace.fit(tracks, TAGS)


def test_half_whitening_takes_the_root_of_each_deviation():
    """Half-whitened axes are uncorrelated; their standard deviation is the square root of the original one."""
    features = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32) * [9, 4, 2, 1, 0.5, 0.1]

    centre, projection = half_whitening(features.astype(np.float32), 4)

    covariance = np.cov(((features - centre) @ projection).T)
    np.testing.assert_allclose(np.diag(covariance), [9, 4, 2, 1], rtol=0.15)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-3


def test_half_whitening_gives_no_mirror_images():
    """The largest weight of each axis is positive, so that another fit gives the same space."""
    features = np.random.default_rng(1).normal(size=(200, 8)).astype(np.float32)

    _, projection = half_whitening(features, 5)

    assert (np.take_along_axis(projection, np.abs(projection).argmax(0)[None], 0) > 0).all()


def test_targets_have_their_shapes_and_units(space, tracks):
    """The vibe has length 1; mood and timbre are in standard deviations of the windows of the fit."""
    targets = [space.targets(each) for each in tracks]
    vibe, mood, timbre = (
        np.concatenate([getattr(each, name) for each in targets]) for name in ("vibe", "mood", "timbre")
    )

    assert vibe.shape == (360, VIBE_SIZE)
    assert timbre.shape == (360, TIMBRE_SIZE)
    np.testing.assert_allclose(np.linalg.norm(vibe, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(mood.std(0), 1.0, atol=0.01)
    np.testing.assert_allclose(timbre.std(0), 1.0, atol=0.01)


def test_windows_of_one_track_are_nearer_than_those_of_others(space, tracks):
    """The cosine to the own track's mean exceeds that to other tracks' means."""
    vibe = np.stack([space.targets(each).vibe for each in tracks])
    means = vibe.mean(1)

    own = np.einsum("twd,td->tw", vibe, means).mean()
    others = np.einsum("twd,sd->tsw", vibe, means).mean()
    assert own > others + 0.5


def test_mood_follows_its_tags(space, tracks):
    """A higher probability of "fast" raises energy, and one of "sad" lowers valence."""
    raised = tracks[0].tags.copy()
    raised[:, TAGS.index("mtt:fast")] = 0.99
    raised[:, TAGS.index("msd:sad")] = 0.99
    changed = Examples(tracks[0].log_mel, tracks[0].penultimate, raised)

    difference = space.targets(changed).mood - space.targets(tracks[0]).mood

    assert (difference[:, 0] > 0).all()
    assert (difference[:, 1] < 0).all()

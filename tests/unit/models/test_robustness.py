"""Robustness and determinism of the encoder."""

import numpy as np
import pytest

from models import checkpoint
from models.evaluation.direction import pieces, windows_of
from models.evaluation.robustness import cosine, embed, finds_original, mean_change


def test_a_copy_must_be_nearest_to_its_own_original():
    """A copy that is nearer, or equally near, to another original does not count."""
    similarity = np.array([[0.9, 0.1, 0.2], [0.8, 0.3, 0.1], [0.5, 0.1, 0.5]])

    assert finds_original(similarity, [0, 1, 2]).tolist() == [1.0, 0.0, 0.0]
    assert finds_original(similarity[1:2], [0]).tolist() == [1.0]


def test_changes_do_not_cancel():
    """The mean change of +0.1 and −0.1 is 0.1."""
    assert mean_change([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1)


def test_the_embedding_does_not_depend_on_the_batch():
    """A window has the same embedding alone and in a batch; noise has another one."""
    encoder = checkpoint.load()
    samples = windows_of(pieces(1)[0]).samples[:1]

    alone = embed(encoder, samples)

    assert cosine(alone, embed(encoder, np.tile(samples, (2, 1)))) >= 0.99999
    assert cosine(alone, embed(encoder, np.random.default_rng(0).standard_normal(samples.shape, np.float32))) < 0.9

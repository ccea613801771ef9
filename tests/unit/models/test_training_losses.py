"""What the student is told."""

import pytest
import torch

from models.training.losses import contrast


def points(n, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, 128, generator=generator), dim=1)


def test_contrast_rewards_windows_of_one_track_that_lie_together():
    """Pairs that match cost less than pairs that do not."""
    mine = points(8, seed=0)
    matching = mine.repeat_interleave(2, 0)
    strangers = torch.stack([mine, points(8, seed=1)], dim=1).flatten(0, 1)

    assert contrast(matching, torch.arange(8), 0.1) < contrast(strangers, torch.arange(8), 0.1) - 1.0


def test_a_track_twice_in_a_batch_is_no_negative_of_itself():
    """Another copy of a track costs nothing when it is known to be the same track."""
    twice = points(1, seed=0).repeat(4, 1)

    assert float(contrast(twice, torch.tensor([5, 5]), 0.1)) == pytest.approx(0.0, abs=1e-5)
    assert float(contrast(twice, torch.tensor([5, 6]), 0.1)) == pytest.approx(0.6931, abs=1e-3)

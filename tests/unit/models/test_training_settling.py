"""What is fitted after training."""

import numpy as np
import pytest
import torch

from models import checkpoint
from models.encoder import FELT, VibeEncoder
from models.training.examples import Examples
from models.training.settling import BALANCES, _steady_regression, settle

CARD = checkpoint.read_card()


def test_every_balance_names_tags_that_exist():
    """And each attribute of the head has one."""
    names = {f"{teacher}:{name}" for teacher, known in CARD.tags.items() for name in known}

    assert tuple(BALANCES) == FELT
    for favouring, opposing in BALANCES.values():
        assert names.issuperset({*favouring, *opposing})
        assert not set(favouring) & set(opposing)


def test_regression_prefers_what_stays_the_same():
    """Of two features that tell the target alike, the one that copies change is hardly used."""
    random = np.random.default_rng(0)
    wanted = random.normal(size=(400, 1))
    clean = np.concatenate([wanted, wanted], axis=1) + 0.01 * random.normal(size=(400, 2))
    copy = clean + np.stack([np.zeros(400), random.normal(size=400)], axis=1)

    weight, bias = _steady_regression(clean, [copy], wanted)

    assert weight[0, 0] == pytest.approx(1.0, abs=0.05)
    assert abs(weight[0, 1]) < 0.05
    np.testing.assert_allclose(copy @ weight.T + bias, wanted, atol=0.3)


def test_settling_centres_the_space_and_fills_the_head():
    """After it, the mean track lies nowhere near anything, and the head follows the teachers' tags."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    encoder = VibeEncoder(CARD.mel, CARD.tags).eval()
    tracks = [
        Examples(
            log_mel=(random.gamma(2.0, 0.5, (3, 200, 96)) * random.uniform(0.2, 3, 96)).astype(np.float16),
            penultimate=np.zeros((3, 400), np.float16),
            tags=random.uniform(0.01, 0.99, (3, 100)).astype(np.float16),
        )
        for _ in range(8)
    ]
    batch = torch.from_numpy(np.concatenate([track.log_mel for track in tracks]).astype(np.float32))
    with torch.inference_mode():
        before = encoder.network(batch).embedding.mean(0).norm()

    settle(encoder, tracks, [], seed=0)

    with torch.inference_mode():
        after = encoder.network(batch).embedding.mean(0).norm()
    assert after < 0.3 * before
    assert encoder.feel.weight.abs().sum() > 0

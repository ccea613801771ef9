"""Fits after training: feel head, centre of the space, and the quantiles in the model card."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from models import checkpoint
from models.corpus.corpus import CorpusTrack
from models.encoder import FEEL_ATTRIBUTES, VibeEncoder
from models.tag_balances import FEEL_BALANCES
from models.training.calibration import _invariant_regression, calibrate_card, fit_centre_and_feel
from models.training.examples import Examples

CARD = checkpoint.read_card()


def test_every_attribute_has_a_balance_of_existing_tags():
    """The balances are those of the feel head, and their tags are in the model card."""
    names = {f"{teacher}:{name}" for teacher, known in CARD.tags.items() for name in known}

    assert tuple(FEEL_BALANCES) == FEEL_ATTRIBUTES
    for favouring, opposing in FEEL_BALANCES.values():
        assert names.issuperset({*favouring, *opposing})
        assert not set(favouring) & set(opposing)


def test_regression_prefers_features_that_copies_keep():
    """Of two equally predictive features, the one that differs between copies gets hardly any weight."""
    random = np.random.default_rng(0)
    targets = random.normal(size=(400, 1))
    clean = np.concatenate([targets, targets], axis=1) + 0.01 * random.normal(size=(400, 2))
    copy = clean + np.stack([np.zeros(400), random.normal(size=400)], axis=1)

    weight, bias = _invariant_regression(clean, [copy], targets)

    assert weight[0, 0] == pytest.approx(1.0, abs=0.05)
    assert abs(weight[0, 1]) < 0.05
    np.testing.assert_allclose(copy @ weight.T + bias, targets, atol=0.3)


def test_the_fit_centres_the_space_and_sets_the_head():
    """The mean embedding becomes short, and the feel head gets weights."""
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

    fit_centre_and_feel(encoder, tracks, [], seed=0)

    with torch.inference_mode():
        after = encoder.network(batch).embedding.mean(0).norm()
    assert after < 0.3 * before
    assert encoder.feel.weight.abs().sum() > 0


@pytest.fixture
def weights(tmp_path):
    """A copy of the shipped weights with an empty calibration."""
    directory = tmp_path / "weights"
    shutil.copytree(checkpoint.WEIGHTS_DIRECTORY, directory)
    checkpoint.write_card(replace(checkpoint.read_card(directory=directory), calibration={}), directory)
    return directory


def track(path):
    return CorpusTrack("package", path, path.stem, "Nobody", "CC0-1.0", 6.0)


def test_the_card_gets_the_quantiles_and_keeps_the_rest(tmp_path, weights, write_sound, sine):
    """Readable files are measured, a damaged one is reported, and nothing else in the card changes."""
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.1, 6 * 44_100).astype(np.float32)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    files = [write_sound("tone.wav", sine(440.0, 6.0)), tmp_path / "broken.wav", write_sound("noise.wav", noise)]
    before, lines = checkpoint.read_card(directory=weights), []

    calibrate_card([track(file) for file in files], weights, lines.append)

    card = checkpoint.read_card(directory=weights)
    assert {"energy", "valence", "danceability", "acousticness"} <= card.calibration.keys()
    assert card.calibration["energy"][0] < card.calibration["energy"][-1]
    assert replace(card, calibration={}) == before
    assert [line.split(":")[0].rsplit("/")[-1] for line in lines] == ["broken.wav", "tone.wav", "noise.wav"]

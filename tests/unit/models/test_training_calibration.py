"""The attributes' ranks in the model card: what they are measured on, and that nothing else in the card changes."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from models import checkpoint
from models.corpus.corpus import CorpusTrack
from models.training.calibration import calibrate_card


@pytest.fixture
def weights(tmp_path):
    """A copy of the shipped weights whose card is not calibrated."""
    directory = tmp_path / "weights"
    shutil.copytree(checkpoint.WEIGHTS_DIRECTORY, directory)
    checkpoint.write_card(replace(checkpoint.read_card(directory=directory), calibration={}), directory)
    return directory


def track(path):
    return CorpusTrack("package", path, path.stem, "Nobody", "CC0-1.0", 6.0)


def test_the_card_gets_the_ranks_and_keeps_the_rest(tmp_path, weights, write_sound, sine):
    """Each recording that can be read counts, a damaged one is named, and ranks have ends that differ."""
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

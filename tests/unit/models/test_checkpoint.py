"""Weights are loaded only with the card they belong to."""

import json
from dataclasses import replace

import pytest
import torch

from models.checkpoint import DEFAULT_VERSION, CheckpointError, ModelCard, load, read_card, save
from models.encoder import VibeEncoder
from models.frontend import MelParameters

TAGS = {"msd": [f"a{i}" for i in range(50)], "mtt": [f"b{i}" for i in range(50)]}


@pytest.fixture
def card():
    return ModelCard(
        version="test-1", summary="", mel=MelParameters(target_dbfs=-20.0), tags=TAGS, data=[], licence="", limits=[]
    )


@pytest.fixture
def saved(tmp_path, card):
    torch.manual_seed(0)
    encoder = VibeEncoder(card.mel, card.tags)
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    save(encoder, card, tmp_path)
    return encoder


def test_weights_survive_the_disk(saved, tmp_path):
    """What is loaded encodes as what was saved, to half precision."""
    windows = torch.randn(1, 160_000, generator=torch.Generator().manual_seed(0)) * 0.1

    loaded = load("test-1", tmp_path)

    assert loaded.mel == MelParameters(target_dbfs=-20.0)
    assert loaded.encode(windows).embedding @ saved.encode(windows).embedding >= 0.999
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_damaged_weights_are_refused(saved, tmp_path):
    """One flipped bit is enough: the error names the file and both digests."""
    file = tmp_path / "vibe-test-1.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)

    with pytest.raises(CheckpointError, match=r"vibe-test-1\.safetensors: SHA-256 is \w{64}, but .* \w{64}"):
        load("test-1", tmp_path)


def test_another_encoders_weights_are_refused(tmp_path, card):
    """A file whose digest fits but whose tensors do not is refused."""
    save(VibeEncoder(card.mel, {"msd": TAGS["msd"]}), card, tmp_path)

    with pytest.raises(CheckpointError, match=r"not the weights of this encoder|lacks"):
        load("test-1", tmp_path)


def test_a_missing_card_is_named(tmp_path):
    """An unknown version gives an error that names the card."""
    with pytest.raises(CheckpointError, match=r"vibe-nothing\.json: no model card"):
        load("nothing", tmp_path)


def test_missing_weights_are_named(saved, tmp_path):
    """A card without its weights gives an error that names them."""
    (tmp_path / "vibe-test-1.safetensors").unlink()

    with pytest.raises(CheckpointError, match=r"vibe-test-1\.safetensors: the weights are missing"):
        load("test-1", tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"mel": {"unknown": 1}}'])
def test_a_damaged_card_is_named(tmp_path, content):
    """A card that is not one gives an error that names it."""
    (tmp_path / "vibe-test-1.json").write_text(content)

    with pytest.raises(CheckpointError, match=r"vibe-test-1\.json: not a model card"):
        read_card("test-1", tmp_path)


def test_a_card_survives_the_disk(saved, tmp_path, card):
    """A card is read as it was written, with the digest of its weights."""
    again = read_card("test-1", tmp_path)

    assert len(again.sha256) == 64
    assert json.loads(json.dumps(again.tags)) == TAGS
    assert replace(again, sha256="", tags={}, data=[], limits=[]) == replace(card, tags={}, data=[], limits=[])


def test_the_shipped_card_says_what_a_user_must_know():
    """The default version's card names data, licence, limits and calibration."""
    shipped = read_card()

    assert shipped.version == DEFAULT_VERSION
    assert shipped.data
    assert shipped.licence
    assert shipped.limits
    assert {"energy", "valence", "danceability", "acousticness"} <= shipped.calibration.keys()

"""Weights are loaded only with the card they belong to."""

import hashlib
import json
from dataclasses import replace

import pytest
import torch

from models.audio.frontend import MelParameters
from models.checkpoint import (
    DEFAULT_VERSION,
    WEIGHTS_DIRECTORY,
    CheckpointError,
    ModelCard,
    load,
    read_card,
    save,
)
from models.encoder import VibeEncoder

TAGS = {"msd": [f"a{i}" for i in range(50)], "mtt": [f"b{i}" for i in range(50)]}


@pytest.fixture
def card():
    return ModelCard(
        version="test-1", summary="", mel=MelParameters(target_dbfs=-20.0), tags=TAGS, data=[], licence="", limits=[]
    )


@pytest.fixture
def saved(tmp_path, card):
    torch.manual_seed(0)
    encoder = VibeEncoder(card.mel, card.tags).eval()
    save(encoder, card, tmp_path)
    return encoder


def test_saved_weights_are_loaded(saved, tmp_path):
    """A loaded encoder gives the encodings of the saved one, to half precision."""
    windows = torch.randn(1, 160_000, generator=torch.Generator().manual_seed(0)) * 0.1

    loaded = load("test-1", tmp_path)

    assert loaded.mel == MelParameters(target_dbfs=-20.0)
    assert loaded.encode(windows).embedding @ saved.encode(windows).embedding >= 0.999
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_damaged_weights_are_refused(saved, tmp_path):
    """One flipped bit is refused; the error names the file and both digests."""
    file = tmp_path / "vibe-test-1.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)

    with pytest.raises(CheckpointError, match=r"vibe-test-1\.safetensors: the SHA-256 is \w{64}, but .* \w{64}"):
        load("test-1", tmp_path)


@pytest.mark.parametrize(("size", "complaint"), [(99, "do not fit this encoder"), (None, "the weights lack")])
def test_another_encoders_weights_are_refused(tmp_path, card, size, complaint):
    """A file with the right digest but missing or misshapen tensors is refused."""
    encoder = VibeEncoder(card.mel, card.tags)
    encoder.network.tags = torch.nn.Conv1d(400, size, 1) if size else torch.nn.Identity()
    save(encoder, card, tmp_path)

    with pytest.raises(CheckpointError, match=complaint):
        load("test-1", tmp_path)


def test_a_missing_card_is_named(tmp_path):
    """An unknown version gives an error that names the card."""
    with pytest.raises(CheckpointError, match=r"vibe-nothing\.json: the model card is missing"):
        load("nothing", tmp_path)


def test_missing_weights_are_named(saved, tmp_path):
    """A card without its weights gives an error that names them."""
    (tmp_path / "vibe-test-1.safetensors").unlink()

    with pytest.raises(CheckpointError, match=r"vibe-test-1\.safetensors: the weights file is missing"):
        load("test-1", tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"mel": {"unknown": 1}}'])
def test_a_damaged_card_is_named(tmp_path, content):
    """An invalid card gives an error that names it."""
    (tmp_path / "vibe-test-1.json").write_text(content)

    with pytest.raises(CheckpointError, match=r"vibe-test-1\.json: not a valid model card"):
        read_card("test-1", tmp_path)


def test_a_saved_card_is_loaded(saved, tmp_path, card):
    """A card is read as it was written, with the digest of its weights."""
    again = read_card("test-1", tmp_path)

    assert len(again.sha256) == 64
    assert json.loads(json.dumps(again.tags)) == TAGS
    assert replace(again, sha256="", tags={}, data=[], limits=[]) == replace(card, tags={}, data=[], limits=[])


@pytest.fixture(scope="module")
def shipped():
    return read_card()


def test_the_shipped_card_describes_the_weights(shipped):
    """The default version's card names data, licence, limits and calibration, and 100 different tags."""
    assert shipped.version == DEFAULT_VERSION
    assert shipped.data
    assert shipped.licence
    assert shipped.limits
    assert {"energy", "valence", "danceability", "acousticness"} <= shipped.calibration.keys()
    assert [len(set(names)) for names in shipped.tags.values()] == [50, 50]


def test_the_shipped_weights_match_the_card(shipped):
    """The digest on the card is that of the weights file."""
    weights = (WEIGHTS_DIRECTORY / f"vibe-{DEFAULT_VERSION}.safetensors").read_bytes()

    assert shipped.sha256 == hashlib.sha256(weights).hexdigest()


def test_the_shipped_encoder_is_small():
    """At most 0.6 million parameters in 1.5 MB of half-precision weights, all finite."""
    parameters = list(load().parameters())

    assert sum(parameter.numel() for parameter in parameters) <= 600_000
    assert all(torch.isfinite(parameter).all() for parameter in parameters)
    assert (WEIGHTS_DIRECTORY / f"vibe-{DEFAULT_VERSION}.safetensors").stat().st_size <= 1_500_000


def test_the_teachers_licence_is_shipped_with_the_weights():
    """The weights derive from musicnn's, so its name and licence are shipped with them."""
    notice = (WEIGHTS_DIRECTORY / "NOTICE").read_text(encoding="utf-8")

    assert "musicnn" in notice
    assert "Permission to use, copy, modify" in notice

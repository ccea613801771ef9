import copy
import json
import math

import numpy as np
import pytest
import torch

from models import analysis
from models.analysis import analyse
from models.corpus.synthesis import Piece, render, write
from models.descriptors.describe import Descriptors
from models.encoders.vibe import SHIPPED_SOURCE
from models.errors import AnalysisError, RefusedAudio, UnreadableAudio

CALM = Piece("Calm", "Tests", 60, 45, minor=True, sustain=1, brightness=0.1, level=-22, seconds=12)
LIVELY = Piece("Lively", "Tests", 125, 48, minor=False, sustain=0.2, brightness=0.9, percussion=1, seconds=12)


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """Files: a calm and a lively piece, and the calm one again in another format."""
    folder = tmp_path_factory.mktemp("pieces")
    paths = {"calm": folder / "calm.flac", "lively": folder / "lively.flac", "calm again": folder / "again.ogg"}
    for name, path in paths.items():
        write(LIVELY if name == "lively" else CALM, path)
    return paths


@pytest.fixture(scope="module")
def analyses(pieces):
    """The analyses of those files."""
    return {name: analyse(path) for name, path in pieces.items()}


def test_analysis_is_complete(analyses):
    """An analysis has a unit embedding, attributes between 0 and 1, tags, a model version and timings."""
    found = analyses["calm"]

    assert found.embedding.shape == (128,)
    assert found.embedding.dtype == np.float32
    assert np.linalg.norm(found.embedding) == pytest.approx(1, abs=1e-4)
    assert found.dispersion >= 0
    assert found.descriptors.keys() == Descriptors.__annotations__.keys()
    assert {"energy", "valence", "danceability", "acousticness"} <= found.attributes.keys()
    assert all(value is None or 0 <= value <= 1 for value in found.attributes.values())
    assert len(found.tags) == 100
    assert found.model_version
    assert found.seconds.total >= found.seconds.decode + found.seconds.descriptors + found.seconds.encode - 1e-6


def test_same_file_same_embedding(pieces, analyses):
    """Analysing a file twice gives the same embedding."""
    np.testing.assert_array_equal(analyse(pieces["calm"]).embedding, analyses["calm"].embedding)


def test_format_hardly_changes_the_embedding(analyses):
    """The same piece as FLAC and as Ogg Vorbis is closer together than two pieces of different mood."""
    calm, again, lively = (analyses[name].embedding for name in ("calm", "calm again", "lively"))

    assert calm @ again > 0.9
    assert calm @ again > calm @ lively + 0.2


def test_a_lively_piece_has_more_energy(analyses):
    """A fast bright piece with drums has more energy than a slow dark one without."""
    assert analyses["lively"].attributes["energy"] > analyses["calm"].attributes["energy"]


def test_json(analyses):
    """`to_json` gives strict JSON with the documented keys."""
    found = json.loads(json.dumps(analyses["calm"].to_json(), allow_nan=False))

    assert found.keys() == {
        "embedding",
        "highlight",
        "dispersion",
        "attributes",
        "descriptors",
        "tags",
        "model_version",
        "seconds",
    }
    assert len(found["embedding"]) == 128
    assert math.hypot(*found["embedding"]) == pytest.approx(1, abs=1e-4)
    assert found["seconds"].keys() == {"decode", "descriptors", "encode", "total"}


def test_shortest_track(write_sound, tmp_path):
    """A track of exactly 5 s is analysed; one of 4.9 s is refused."""
    samples = render(LIVELY)

    assert analyse(write_sound("five.wav", samples[: 5 * 44_100])).descriptors["duration"] == 5
    with pytest.raises(RefusedAudio, match=r"Too short: 4\.9 s"):
        analyse(write_sound("less.wav", samples[: round(4.9 * 44_100)]))


def test_reasons_of_decoding_are_kept(tmp_path):
    """An analysis fails with the reason that decoding gives."""
    path = tmp_path / "notes.mp3"
    path.write_text("Dear diary, " * 100)

    with pytest.raises(UnreadableAudio, match="Not audio: plain text"):
        analyse(path)


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_unusable_embeddings_are_refused(pieces, value):
    """An encoder with damaged weights gives an error instead of an invalid embedding."""
    network = analysis._loaded(SHIPPED_SOURCE).network.network
    good = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for tensor in (network.place.weight, network.place.bias, network.centre):
        tensor.fill_(value)
    try:
        with pytest.raises(AnalysisError, match="embedding"):
            analyse(pieces["calm"])
    finally:
        network.load_state_dict(good)


def test_warm_up_prepares_a_worker():
    """After the warm-up, torch uses one thread and the encoder is loaded."""
    threads = torch.get_num_threads()
    analysis._loaded.cache_clear()
    try:
        analysis.warm_up(threads=1)

        assert torch.get_num_threads() == 1
        assert analysis._loaded.cache_info().currsize == 1
    finally:
        torch.set_num_threads(threads)


def test_library_errors_become_reasons(pieces, monkeypatch):
    """An error inside a library becomes an AnalysisError and keeps its cause."""
    encoder = analysis._loaded(SHIPPED_SOURCE)
    broken = copy.deepcopy(encoder)
    broken.network.network.place = torch.nn.Linear(3, 3)
    monkeypatch.setattr(analysis, "_loaded", lambda _: broken)

    with pytest.raises(AnalysisError, match="The analysis of this file failed") as failure:
        analyse(pieces["calm"])

    assert isinstance(failure.value.__cause__, RuntimeError)

"""Encoders of the interface: the shipped one, those of packages, and the encoding of any vectors."""

import re
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from models.analysis import analyse_with, resampled
from models.attributes import NAMES
from models.checkpoint import CheckpointError
from models.encoders.installed import find, installed
from models.encoders.interface import Encoder, MelEncoder, encoding_of, without_attributes
from models.encoders.vibe import SHIPPED_SOURCE
from models.errors import AnalysisError
from tests.fakes.encoder_package import DIMENSION, NAME, VERSION, write_package
from tests.fakes.installation import write_songs


class Loudness(Encoder):
    """An encoder of two numbers at 8 kHz: the level of each window, and 1."""

    version, dimension, sample_rate = "loudness-1", 2, 8_000

    def encode(self, windows):
        assert windows.shape[1] == 48_000
        return encoding_of(torch.stack([windows.square().mean(1).sqrt(), torch.ones(len(windows))], dim=1))

    def attributes(self, encoding, descriptors):
        del descriptors
        return without_attributes() | {"energy": float(encoding.embedding[0])}


class LoudnessSource:
    version, dimension = Loudness.version, Loudness.dimension

    def load(self):
        return Loudness()


class Broken(Loudness):
    """An encoder that fails, or returns what cannot be stored."""

    version = "broken-1"

    def __init__(self, fault):
        self.fault = fault

    def encode(self, windows):
        if self.fault == "raises":
            raise KeyError("layer")
        if self.fault == "returns nothing":
            return None
        found = super().encode(windows)
        return replace(found, embedding=np.full(2, np.nan, np.float32)) if self.fault == "NaN" else found

    def attributes(self, encoding, descriptors):
        values = {"attribute of NaN": np.nan, "attribute of 7": 7.0}
        return super().attributes(encoding, descriptors) | {"energy": values.get(self.fault)}


@dataclass(frozen=True)
class BrokenSource:
    fault: str
    version: str = "broken-1"
    dimension: int = 2

    def load(self):
        return Broken(self.fault)


@pytest.mark.parametrize("fault", ["raises", "returns nothing", "NaN", "attribute of NaN", "attribute of 7"])
def test_a_broken_encoder_fails_only_its_own_space(tmp_path, fault):
    """Beside another encoder it is left out; alone, the track gets a reason."""
    [song] = write_songs(tmp_path, 1)

    [only] = analyse_with(song, (SHIPPED_SOURCE, BrokenSource(fault)))

    assert only.model_version == SHIPPED_SOURCE.version
    with pytest.raises(AnalysisError):
        analyse_with(song, (BrokenSource(fault), SHIPPED_SOURCE))


def test_an_encoder_that_is_not_the_announced_one_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="announced as broken-1 of 3"):
        analyse_with(*write_songs(tmp_path, 1), (BrokenSource("", dimension=3),))


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("raise RuntimeError('no licence')", "cannot be imported: no licence"),
        ("SOURCE = None", "cannot be imported"),
        (f"class SOURCE: version, dimension = '{SHIPPED_SOURCE.version}', 128", "of an encoder that Segue ships with"),
        ("class SOURCE: version, dimension = '../x', 128", "has the version '../x'"),
        ("class SOURCE: version, dimension = 'x-1', 0", "0 dimensions"),
    ],
)
def test_an_unusable_package_is_named(tmp_path, monkeypatch, module, reason):
    """A version of the shipped encoder would mix vectors of both in one space."""
    monkeypatch.syspath_prepend(str(write_package(tmp_path)))
    (tmp_path / "segue_random_musicnn.py").write_text(module)
    sys.modules.pop("segue_random_musicnn", None)

    with pytest.raises(CheckpointError, match=re.escape(reason)):
        find(NAME)
    sys.modules.pop("segue_random_musicnn", None)


def test_a_name_of_two_packages_is_refused(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(write_package(tmp_path)))
    about = tmp_path / "segue_other-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: segue-other\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[segue.encoders]\n{NAME} = segue_other:SOURCE\n")

    with pytest.raises(CheckpointError, match="segue_other:SOURCE and segue_random_musicnn:SOURCE"):
        find(NAME)


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(write_package(tmp_path / "package")))
    yield
    sys.modules.pop("segue_random_musicnn", None)


def test_one_file_is_decoded_for_several_encoders(tmp_path, package):
    """Each analysis has the version, the dimension and the attributes of its encoder; the descriptors are the same."""
    [song] = write_songs(tmp_path, 1)

    sources = (SHIPPED_SOURCE, find(NAME), LoudnessSource())
    shipped, random, loudness = analyse_with(song, sources)

    assert [each.model_version for each in (shipped, random, loudness)] == [
        SHIPPED_SOURCE.version,
        VERSION,
        "loudness-1",
    ]
    assert [each.embedding.shape for each in (shipped, random, loudness)] == [(128,), (DIMENSION,), (2,)]
    assert shipped.descriptors == random.descriptors == loudness.descriptors
    assert random.attributes == dict.fromkeys(NAMES)
    assert shipped.attributes.keys() == set(NAMES)
    assert 0 < loudness.attributes["energy"] < 1
    assert isinstance(find(NAME).load(), MelEncoder)


def test_an_encoder_that_is_not_installed_is_named():
    """The error names the encoder and those that are installed."""
    with pytest.raises(CheckpointError, match="brings the encoder 'clap'"):
        find("clap")
    assert NAME not in installed()


def test_windows_count_by_their_direction():
    """The embedding is the normalised mean of unit vectors, whatever their length."""
    found = encoding_of(np.array([[3.0, 0.0, 0.0], [0.0, 0.5, 0.0]], dtype=np.float32), {"rock": 0.5})

    assert found.embedding == pytest.approx([2**-0.5, 2**-0.5, 0])
    assert found.dispersion == pytest.approx(1 - 2**-0.5)
    assert (found.tags, found.weights.tolist()) == ({"rock": 0.5}, [0.5, 0.5])


@pytest.mark.parametrize("vectors", [[[0.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0]], [[np.nan, 1.0]]])
def test_vectors_without_a_direction_are_refused(vectors):
    with pytest.raises(ValueError, match="no direction"):
        encoding_of(np.array(vectors, dtype=np.float32))


def test_windows_are_resampled_to_the_rate_of_an_encoder():
    """A tone keeps its pitch and its level."""
    samples = np.sin(2 * np.pi * 440 * np.arange(160_000) / 16_000).astype(np.float32)[None]
    found = resampled(samples, 48_000)

    assert found.shape == (1, 480_000)
    expected = np.sin(2 * np.pi * 440 * np.arange(480_000) / 48_000)
    assert np.abs(found[0, 1000:-1000] - expected[1000:-1000]).max() < 0.01
    assert resampled(samples, 16_000) is samples

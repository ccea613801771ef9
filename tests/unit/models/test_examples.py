"""Training examples are labelled once, kept on disk, and made again if a file is missing."""

import numpy as np
import pytest
import soundfile
import torch

from models import checkpoint
from models.audio.decode import SAMPLE_RATE
from models.audio.frontend import MelParameters
from models.errors import AnalysisError
from models.teachers.musicnn import Teachers
from models.training.examples import Examples, Source, make_mix_examples, make_track_examples


class QuickTeachers(Teachers):
    """Teachers whose outputs are the mean of each band."""

    calls = 0

    def encode_log_mel(self, log_mel):
        """See `Teachers`."""
        self.calls += 1
        bands = log_mel.mean(1)  # (n, 96)
        return bands.repeat(1, 5)[:, :400], torch.sigmoid(bands.repeat(1, 2)[:, :100])


@pytest.fixture(scope="module")
def teachers():
    return QuickTeachers(MelParameters(), checkpoint.read_card().tags)


def write_music(path, seconds):
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * frequency * time) for frequency in (220, 330, 1234)) * 0.1
    soundfile.write(path, tones.astype(np.float32), SAMPLE_RATE)


def test_recordings_are_labelled_once(tmp_path, teachers):
    """A second run uses the existing files; short recordings are omitted, damaged ones reported."""
    write_music(tmp_path / "long.wav", 25)
    write_music(tmp_path / "short.wav", 8)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    sources = [
        Source(tmp_path / f"{name}.wav", tmp_path / f"examples/{name}.npz") for name in ("broken", "long", "short")
    ]
    skipped = []

    def skip(path, error):
        assert isinstance(error, AnalysisError)
        skipped.append(path.name)

    first = make_track_examples(sources, teachers, skip)
    before = teachers.calls
    second = make_track_examples(sources, teachers, skip)

    assert first == second == [tmp_path / "examples/long.npz"]
    assert teachers.calls == before
    assert skipped == ["broken.wav"] * 2
    assert Examples.read(first[0]).log_mel.shape == (2, 626, 96)
    assert not list(tmp_path.glob("examples/*.partial"))


def test_a_missing_shard_is_made_again(tmp_path, teachers, make_examples):
    """A shard whose file is missing is made again with the same content."""
    clean = []
    for name in ("a", "b"):
        file = tmp_path / name / "track.npz"
        make_examples(ord(name)).write(file)
        clean.append(file)

    files = make_mix_examples(clean, teachers, tmp_path / "mixes", 2, lambda *_: None)
    before = [Examples.read(file).log_mel for file in files]
    files[1].unlink()
    make_mix_examples(clean, teachers, tmp_path / "mixes", 2, lambda *_: None)

    np.testing.assert_array_equal(Examples.read(files[1]).log_mel, before[1])
    assert not np.array_equal(before[0], before[1])

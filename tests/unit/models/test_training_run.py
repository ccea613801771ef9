"""Examples, batches and steps: what is kept, what repeats, and what an interruption loses, which is nothing."""

import numpy as np
import pytest
import soundfile
import torch

from models import checkpoint
from models.audio.decode import SAMPLE_RATE
from models.errors import AnalysisError
from models.frontend import MelParameters
from models.network import VibeNetwork
from models.teachers.musicnn import Teachers
from models.training.dataset import Dataset
from models.training.examples import Examples, Source, hear_mixes, hear_tracks
from models.training.losses import LossWeights, distillation
from models.training.space import VibeSpace
from models.training.train import Run, Schedule

CARD = checkpoint.read_card()
TAGS = [f"{teacher}:{name}" for teacher, names in CARD.tags.items() for name in names]


class QuickTeachers(Teachers):
    """Hear nothing but the mean of each band, at once."""

    hearings = 0

    def hear(self, log_mel):
        """See `Teachers`."""
        self.hearings += 1
        bands = log_mel.mean(1)  # (n, 96)
        return bands.repeat(1, 5)[:, :400], torch.sigmoid(bands.repeat(1, 2)[:, :100])


@pytest.fixture(scope="module")
def teachers():
    return QuickTeachers(MelParameters(), CARD.tags)


def examples(seed, n=4):
    random = np.random.default_rng(seed)
    return Examples(
        log_mel=(random.gamma(2.0, 0.5, (n, 200, 96)) * random.uniform(0.5, 2, 96)).astype(np.float16),
        penultimate=random.normal(size=(n, 400)).astype(np.float16),
        tags=random.uniform(0.01, 0.99, (n, 100)).astype(np.float16),
    )


@pytest.fixture(scope="module")
def space():
    return VibeSpace.fit([examples(seed, 12) for seed in range(12)], TAGS)


@pytest.fixture(scope="module")
def dataset(space):
    clean = [examples(seed) for seed in range(6)]
    return Dataset(clean, ["a", "a", "a", "b", "b", "c"], [examples(10, 8), examples(11, 8)], space, batch_size=8)


def write_music(path, seconds):
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * frequency * time) for frequency in (220, 330, 1234)) * 0.1
    soundfile.write(path, tones.astype(np.float32), SAMPLE_RATE)


def test_recordings_are_heard_once(tmp_path, teachers):
    """A second run reads what the first kept; short recordings are left out, damaged ones reported."""
    write_music(tmp_path / "long.wav", 25)
    write_music(tmp_path / "short.wav", 8)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    sources = [Source(tmp_path / f"{name}.wav", tmp_path / f"kept/{name}.npz") for name in ("broken", "long", "short")]
    skipped = []

    def skip(path, error):
        assert isinstance(error, AnalysisError)
        skipped.append(path.name)

    first = hear_tracks(sources, teachers, skip)
    before = teachers.hearings
    second = hear_tracks(sources, teachers, skip)

    assert first == second == [tmp_path / "kept/long.npz"]
    assert teachers.hearings == before
    assert skipped == ["broken.wav"] * 2
    assert Examples.read(first[0]).log_mel.shape == (2, 626, 96)
    assert not list(tmp_path.glob("kept/*.partial"))


def test_mixes_resume(tmp_path, teachers):
    """A shard that is lost is made again, the same."""
    clean = []
    for name in ("a", "b"):
        file = tmp_path / name / "track.npz"
        examples(ord(name)).write(file)
        clean.append(file)

    files = hear_mixes(clean, teachers, tmp_path / "mixes", 2, lambda *_: None)
    kept = [Examples.read(file).log_mel for file in files]
    files[1].unlink()
    hear_mixes(clean, teachers, tmp_path / "mixes", 2, lambda *_: None)

    np.testing.assert_array_equal(Examples.read(files[1]).log_mel, kept[1])
    assert not np.array_equal(kept[0], kept[1])


def test_batches_hold_pairs_of_a_track_and_then_mixes(dataset):
    """Half of a batch are pairs of clean windows; the same seed draws the same."""
    once, again = (dataset.draw(np.random.default_rng(3)) for _ in range(2))

    assert once.log_mel.shape == (8, 200, 96)
    assert once.targets.vibe.shape == (8, 86)
    np.testing.assert_array_equal(once.log_mel, again.log_mel)
    for row, track in enumerate(np.repeat(once.tracks, 2)):
        assert (examples(int(track)).log_mel == once.log_mel[row]).all((1, 2)).any()
    for row in once.log_mel[4:]:
        assert any((examples(seed, 8).log_mel == row).all((1, 2)).any() for seed in (10, 11))


def test_a_perfect_guess_costs_nothing(space):
    """Saying just what the teachers say has no loss; anything else has."""
    with torch.inference_mode():
        heard = VibeNetwork()(torch.from_numpy(examples(1).log_mel.astype(np.float32)))
    said = [getattr(heard, name).numpy() for name in ("vibe", "mood", "timbre", "tags", "penultimate")]
    odds = np.log(said[3] / (1 - said[3]))
    targets = space.targets(examples(1))
    perfect = type(targets)(
        *said[:3], (odds - space.tags[0]) / space.tags[1], (said[4] - space.penultimate[0]) / space.penultimate[1]
    )
    altered = torch.tensor([True, False, False, True])

    assert float(distillation(heard, perfect, altered, space, LossWeights())) == pytest.approx(0.0, abs=1e-4)
    assert float(distillation(heard, targets, altered, space, LossWeights())) > 0.1


def run(directory, space, steps=4):
    torch.manual_seed(0)
    schedule = Schedule(steps=steps, frozen_steps=2, warm_up=1, report_every=2)
    return Run(directory, VibeNetwork(), space, schedule)


def test_an_interrupted_run_goes_on_as_if_nothing_had_been(tmp_path, dataset, space):
    """Stopped after its first checkpoint and started again, a run ends with the very same weights."""
    whole = run(tmp_path / "whole", space).train(dataset, MelParameters(), lambda *_: None)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "halves", space).train(dataset, MelParameters(), interrupt)
    resumed = run(tmp_path / "halves", space)
    assert resumed.step == 2
    halves = resumed.train(dataset, MelParameters(), lambda *_: None)

    for name, value in whole.state_dict().items():
        assert torch.equal(value, halves.state_dict()[name]), name


def test_the_front_end_waits(tmp_path, dataset, space):
    """Its filters stay as they are for the first steps, and learn after them."""
    started = run(tmp_path, space)
    before = [parameter.clone() for parameter in started.network.peaks.parameters()]
    moved = []

    def look(*_):
        pairs = zip(before, started.network.peaks.parameters(), strict=True)
        moved.append(any(not torch.equal(old, new) for old, new in pairs))

    started.train(dataset, MelParameters(), look)

    assert moved == [False, True]

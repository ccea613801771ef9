"""Batches, losses and runs of the training: repeatable, and resumed without loss."""

import numpy as np
import pytest
import torch

from models import checkpoint
from models.audio.frontend import MelParameters
from models.network import VibeNetwork
from models.training.space import VibeSpace
from models.training.train import Dataset, LossWeights, Run, Schedule, contrastive_loss, distillation_loss

CARD = checkpoint.read_card()
TAGS = [f"{teacher}:{name}" for teacher, names in CARD.tags.items() for name in names]


@pytest.fixture(scope="module")
def space(make_examples):
    return VibeSpace.fit([make_examples(seed, 12) for seed in range(12)], TAGS)


@pytest.fixture(scope="module")
def dataset(space, make_examples):
    clean = [make_examples(seed) for seed in range(6)]
    return Dataset(
        clean, ["a", "a", "a", "b", "b", "c"], [make_examples(10, 8), make_examples(11, 8)], space, batch_size=8
    )


def test_batches_hold_pairs_of_a_track_and_then_mixes(dataset, make_examples):
    """The first half of a batch is pairs of windows of one track, the second half mixes; the same seed repeats it."""
    once, again = (dataset.draw(np.random.default_rng(3)) for _ in range(2))

    assert once.log_mel.shape == (8, 200, 96)
    assert once.targets.vibe.shape == (8, 86)
    np.testing.assert_array_equal(once.log_mel, again.log_mel)
    for row, track in enumerate(np.repeat(once.tracks, 2)):
        assert (make_examples(int(track)).log_mel == once.log_mel[row]).all((1, 2)).any()
    for row in once.log_mel[4:]:
        assert any((make_examples(seed, 8).log_mel == row).all((1, 2)).any() for seed in (10, 11))


def test_the_loss_of_the_targets_themselves_is_zero(space, make_examples):
    """An output equal to the targets has loss 0; other targets have a greater loss."""
    with torch.inference_mode():
        output = VibeNetwork()(torch.from_numpy(make_examples(1).log_mel.astype(np.float32)))
    values = [getattr(output, name).numpy() for name in ("vibe", "mood", "timbre", "tags", "penultimate")]
    odds = np.log(values[3] / (1 - values[3]))
    targets = space.targets(make_examples(1))
    perfect = type(targets)(
        *values[:3], (odds - space.tags[0]) / space.tags[1], (values[4] - space.penultimate[0]) / space.penultimate[1]
    )
    altered = torch.tensor([True, False, False, True])

    assert float(distillation_loss(output, perfect, altered, space, LossWeights())) == pytest.approx(0.0, abs=1e-4)
    assert float(distillation_loss(output, targets, altered, space, LossWeights())) > 0.1


def points(n, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, 128, generator=generator), dim=1)


def test_contrast_is_lower_for_near_windows_of_one_track():
    """Equal pairs have a lower loss than pairs of different points."""
    first = points(8, seed=0)
    matching = first.repeat_interleave(2, 0)
    mismatched = torch.stack([first, points(8, seed=1)], dim=1).flatten(0, 1)

    assert contrastive_loss(matching, torch.arange(8), 0.1) < contrastive_loss(mismatched, torch.arange(8), 0.1) - 1.0


def test_a_track_twice_in_a_batch_is_no_negative_of_itself():
    """The loss ignores a second pair of the same track."""
    twice = points(1, seed=0).repeat(4, 1)

    assert float(contrastive_loss(twice, torch.tensor([5, 5]), 0.1)) == pytest.approx(0.0, abs=1e-5)
    assert float(contrastive_loss(twice, torch.tensor([5, 6]), 0.1)) == pytest.approx(0.6931, abs=1e-3)


def run(directory, space, steps=4):
    torch.manual_seed(0)
    schedule = Schedule(steps=steps, frozen_steps=2, warm_up=1, report_every=2)
    return Run(directory, VibeNetwork(), space, schedule)


def test_a_resumed_run_gives_the_same_weights(tmp_path, dataset, space):
    """A run that is interrupted after its first checkpoint and resumed ends with the same weights."""
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


def test_the_front_end_is_frozen_at_first(tmp_path, dataset, space):
    """The front end's filters do not change in the frozen steps, and change after them."""
    started = run(tmp_path, space)
    before = [parameter.clone() for parameter in started.network.peaks.parameters()]
    moved = []

    def look(*_):
        pairs = zip(before, started.network.peaks.parameters(), strict=True)
        moved.append(any(not torch.equal(old, new) for old, new in pairs))

    started.train(dataset, MelParameters(), look)

    assert moved == [False, True]

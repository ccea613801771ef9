"""Alterations of log-mel keep the level and change tempo and pitch by the given amounts."""

import pytest
import torch

from models.audio.frontend import MelParameters
from models.training.augmentation import Augmentation

MEL = MelParameters()


def log_mel(seed=0, n=6):
    return torch.rand(n, 200, 96, generator=torch.Generator().manual_seed(seed)) * 3 + 0.1


def decibels(augmentation, altered, original):
    mine, other = (augmentation.loudness(augmentation.power(x)) for x in (altered, original))
    return 10 * torch.log10(mine / other)


def test_altered_windows_keep_their_level():
    """The level changes by at most 1 dB, and the windows do change."""
    augmentation = Augmentation(MEL, seed=0)

    altered = augmentation.altered(log_mel())

    assert decibels(augmentation, altered, log_mel()).abs().max() <= 1.01
    assert (altered - log_mel()).abs().amax((1, 2)).max() > 0.1


def test_the_same_seed_gives_the_same_alterations():
    """The same seed gives the same windows, another seed gives others."""
    once, again, other = (Augmentation(MEL, seed).altered(log_mel()) for seed in (0, 0, 1))

    assert torch.equal(once, again)
    assert not torch.allclose(once, other)


def test_a_mix_at_an_infinite_level_is_the_first_track():
    """A second track infinitely far below the first adds nothing; the first is scaled by at most 1 dB."""
    augmentation = Augmentation(MEL, seed=0)

    mixed = augmentation.mixed(log_mel(0), log_mel(1), torch.full((6,), torch.inf))

    ratio = augmentation.power(mixed) / augmentation.power(log_mel(0))
    torch.testing.assert_close(ratio, ratio[:, :1, :1].expand_as(ratio), rtol=1e-3, atol=0)
    assert (10 * torch.log10(ratio)).abs().max() <= 1.01


def test_warping_by_nothing_keeps_the_frames():
    """Tempo 1 and 0 semitones keep every frame except the last, whose successor is the first."""
    warped = Augmentation(MEL, seed=0).warped(log_mel(), torch.ones(6), torch.zeros(6))

    torch.testing.assert_close(warped[:, :-1], log_mel()[:, :-1])


def test_a_faster_tempo_skips_frames():
    """At twice the tempo, frame t is frame 2 t of the original."""
    warped = Augmentation(MEL, seed=0).warped(log_mel(), torch.full((6,), 2.0), torch.zeros(6))

    torch.testing.assert_close(warped[:, :99], log_mel()[:, 0:198:2])


def test_an_octave_higher_doubles_each_frequency():
    """The power of a single band moves to the band of twice its frequency."""
    augmentation = Augmentation(MEL, seed=0)
    tone = torch.zeros(1, 200, 96)
    tone[:, :, 40] = 3.0

    warped = augmentation.warped(tone, torch.ones(1), torch.full((1,), 12.0))

    strongest = augmentation.frequencies[int(warped[0, 0].argmax())]
    assert float(strongest) == pytest.approx(2 * float(augmentation.frequencies[40]), rel=0.05)

"""Alterations of log-mel: they keep the level, and leave alone what they are told to leave."""

import pytest
import torch

from models.frontend import MelParameters
from models.training.augmentation import Augmentation

MEL = MelParameters()


def log_mel(seed=0, n=6):
    return torch.rand(n, 200, 96, generator=torch.Generator().manual_seed(seed)) * 3 + 0.1


def decibels(augmentation, altered, original):
    mine, other = (augmentation.loudness(augmentation.power(x)) for x in (altered, original))
    return 10 * torch.log10(mine / other)


def test_altered_windows_keep_their_level():
    """Whatever else changes, the level stays within 1 dB, and something does change."""
    augmentation = Augmentation(MEL, seed=0)

    altered = augmentation.altered(log_mel())

    assert decibels(augmentation, altered, log_mel()).abs().max() <= 1.01
    assert (altered - log_mel()).abs().amax((1, 2)).max() > 0.1


def test_the_same_seed_alters_alike():
    """Alterations depend on the seed alone."""
    once, again, other = (Augmentation(MEL, seed).altered(log_mel()) for seed in (0, 0, 1))

    assert torch.equal(once, again)
    assert not torch.allclose(once, other)


def test_the_second_of_a_mix_may_be_left_out():
    """A second track infinitely far below is not heard: the first one's power is only scaled, by 1 dB at most."""
    augmentation = Augmentation(MEL, seed=0)

    mixed = augmentation.mixed(log_mel(0), log_mel(1), torch.full((6,), torch.inf))

    ratio = augmentation.power(mixed) / augmentation.power(log_mel(0))
    torch.testing.assert_close(ratio, ratio[:, :1, :1].expand_as(ratio), rtol=1e-3, atol=0)
    assert (10 * torch.log10(ratio)).abs().max() <= 1.01


def test_nothing_is_warped_by_no_change():
    """Tempo 1 and no semitones give back every frame but the last, whose successor would be the first."""
    warped = Augmentation(MEL, seed=0).warped(log_mel(), torch.ones(6), torch.zeros(6))

    torch.testing.assert_close(warped[:, :-1], log_mel()[:, :-1])


def test_a_faster_tempo_reads_on():
    """At twice the tempo, frame t holds frame 2 t."""
    warped = Augmentation(MEL, seed=0).warped(log_mel(), torch.full((6,), 2.0), torch.zeros(6))

    torch.testing.assert_close(warped[:, :99], log_mel()[:, 0:198:2])


def test_an_octave_higher_doubles_each_frequency():
    """A single loud band moves to the band of twice its frequency."""
    augmentation = Augmentation(MEL, seed=0)
    tone = torch.zeros(1, 200, 96)
    tone[:, :, 40] = 3.0

    warped = augmentation.warped(tone, torch.ones(1), torch.full((1,), 12.0))

    heard = augmentation.frequencies[int(warped[0, 0].argmax())]
    assert float(heard) == pytest.approx(2 * float(augmentation.frequencies[40]), rel=0.05)

"""musicnn's towers: their convolutions equal torch's, and windows are means of patches."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention

from models.audio.frontend import MelParameters
from models.teachers.musicnn import MusicnnTower, Teachers, temporal_peaks, timbral_peaks


def patches(n_frames=61):
    return torch.randn(2, n_frames, 96, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("height", [38, 67, 96])
def test_timbral_peaks_equal_a_direct_convolution(height):
    """Kernels tall in frequency give conv2d's maximum over frequency, also for a partial last piece of frames."""
    kernels = torch.randn(5, 7, height, generator=torch.Generator().manual_seed(1))

    direct = F.conv2d(F.pad(patches()[:, None], (0, 0, 3, 3)), kernels[:, None]).amax(3).transpose(1, 2)

    torch.testing.assert_close(timbral_peaks(patches(), kernels), direct, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("n_taps", [128, 64, 7])
def test_temporal_peaks_equal_a_direct_convolution(n_taps):
    """Kernels long in time give conv2d's maximum over frequency; even lengths are padded as in TensorFlow."""
    kernels = torch.randn(5, n_taps, generator=torch.Generator().manual_seed(1))

    before, after = (n_taps - 1) // 2, n_taps // 2
    padded = F.pad(patches()[:, None], (0, 0, before, after))
    direct = F.conv2d(padded, kernels[:, None, :, None]).amax(3).transpose(1, 2)

    torch.testing.assert_close(temporal_peaks(patches(), kernels), direct, atol=2e-4, rtol=1e-4)


def test_the_residual_adds_the_normalised_output():
    """Each later mid-end layer is its input plus its own batch-normalised output."""
    tower = MusicnnTower().requires_grad_(requires_grad=False)
    for block in tower.mid_layers:
        block.convolution.weight.zero_()
        block.convolution.bias.zero_()
        block.shift.fill_(1.0)  # the normalised output of every layer is 1
    tower.dense.bias.zero_()
    tower.dense.weight.zero_()
    last_channel_mean = tower.dense.in_features - 1
    tower.dense.weight[0, last_channel_mean] = 1.0

    penultimate, _ = tower(torch.zeros(1, 187, 96))

    assert float(penultimate[0, 0]) == pytest.approx(3.0)


def test_a_window_is_the_mean_of_its_patches():
    """Features and tags of a window of two patches are the means over its patches, the first tower's first."""
    torch.manual_seed(0)
    teachers = Teachers(MelParameters(), {name: [str(tag) for tag in range(50)] for name in ("msd", "mtt")})
    for block in (block for tower in teachers.towers.values() for block in tower.peak_filters):
        torch.nn.init.normal_(block.kernel, std=0.02)
    window = torch.rand(1, 2 * 187, 96)

    penultimate, tags = teachers.encode_log_mel(window)

    first, second = (tower(window.view(2, 187, 96)) for tower in teachers.towers.values())
    torch.testing.assert_close(penultimate[0], torch.cat([first[0].mean(0), second[0].mean(0)]))
    torch.testing.assert_close(tags[0], torch.cat([first[1].mean(0), second[1].mean(0)]))
    assert not torch.allclose(first[0][0], first[0][1])


def test_a_window_shorter_than_a_patch_is_an_error():
    """A window of less than 187 frames (3 s) raises a ValueError that states both lengths."""
    teachers = Teachers(MelParameters(), {"msd": [str(tag) for tag in range(50)]})

    with pytest.raises(ValueError, match="186 frames is shorter than one patch of 187"):
        teachers.encode_log_mel(torch.zeros(1, 186, 96))

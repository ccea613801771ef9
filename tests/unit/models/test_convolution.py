"""The fast convolutions equal torch's."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention

from models.teachers.convolution import temporal_peaks, timbral_peaks


def patches(n_frames=61):
    return torch.randn(2, n_frames, 96, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("height", [38, 67, 96])
def test_timbral_peaks_equal_a_direct_convolution(height):
    """Kernels tall in frequency give conv2d's maximum over frequency, also where frames do not divide evenly."""
    kernels = torch.randn(5, 7, height, generator=torch.Generator().manual_seed(1))

    direct = F.conv2d(F.pad(patches()[:, None], (0, 0, 3, 3)), kernels[:, None]).amax(3).transpose(1, 2)

    torch.testing.assert_close(timbral_peaks(patches(), kernels), direct, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("n_taps", [128, 64, 7])
def test_temporal_peaks_equal_a_direct_convolution(n_taps):
    """Kernels long in time give conv2d's maximum over frequency, an even length padded as TensorFlow pads."""
    kernels = torch.randn(5, n_taps, generator=torch.Generator().manual_seed(1))

    before, after = (n_taps - 1) // 2, n_taps // 2
    padded = F.pad(patches()[:, None], (0, 0, before, after))
    direct = F.conv2d(padded, kernels[:, None, :, None]).amax(3).transpose(1, 2)

    torch.testing.assert_close(temporal_peaks(patches(), kernels), direct, atol=2e-4, rtol=1e-4)

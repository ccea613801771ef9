"""Wide convolutions of one spectrogram followed by a maximum over frequency, as cache-sized matrix products.

musicnn spends nearly all its time in five such layers. A direct convolution of a single input channel is
slow, and its output, 4 MB and more a patch, is thrown away but for its maximum. Here each patch is handled in
pieces that stay in the processor's cache; results agree with `torch.nn.functional.conv2d` to rounding.
"""

import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor

# Frames handled at once: intermediate results of this many frames fit the L2 cache (measured: 24 frames are
# 1.8 times as fast as a whole patch of 187).
_FRAMES_AT_ONCE = 24


def timbral_peaks(patches: Tensor, kernels: Tensor) -> Tensor:
    """Convolve with kernels that are tall in frequency ("valid") and short in time ("same"), and take the peak.

    Along frequency the convolution is a product in the Fourier domain; along time it is a matrix product. The
    inverse transform is a matrix product too, with a matrix that yields only the valid positions.

    Args:
        patches: (n_patches, n_frames, n_bins) float32, n_bins even.
        kernels: (n_filters, n_taps, height) float32, n_taps odd, height ≤ n_bins.

    Returns:
        (n_patches, n_frames, n_filters) float32: the greatest response over frequency.
    """
    n_patches, n_frames, n_bins = patches.shape
    n_filters, n_taps, height = kernels.shape
    real, imaginary = _kernel_spectra(kernels, n_bins)
    inverse = _valid_inverse(n_bins, n_bins - height + 1).to(patches)
    padded = F.pad(patches, (0, 0, n_taps // 2, n_taps // 2))
    spectra = torch.view_as_real(torch.fft.rfft(padded))  # (n_patches, n_frames + n_taps - 1, n_freqs, 2)
    n_freqs = spectra.shape[2]
    peaks = patches.new_empty(n_patches, n_frames, n_filters)
    for patch, spectrum in enumerate(spectra):
        taps = spectrum.unfold(0, n_taps, 1)  # (n_frames, n_freqs, 2, n_taps)
        taps = taps.permute(1, 0, 2, 3).reshape(n_freqs, n_frames, 2 * n_taps)
        for start in range(0, n_frames, _FRAMES_AT_ONCE):
            piece = taps[:, start : start + _FRAMES_AT_ONCE]
            # The imaginary parts at 0 and at the highest frequency are zero: n_bins real rows remain.
            product = torch.cat([torch.bmm(piece, real), torch.bmm(piece[1:-1], imaginary)])
            response = inverse @ product.view(n_bins, -1)  # (n_valid, frames at once * n_filters)
            peaks[patch, start : start + piece.shape[1]] = response.amax(0).view(-1, n_filters)
    return peaks


def _kernel_spectra(kernels: Tensor, n_bins: int) -> tuple[Tensor, Tensor]:
    """Matrices that map the real and imaginary taps of one frequency to a response's real and imaginary part.

    Returns:
        (n_freqs, 2 * n_taps, n_filters) for the real part, (n_freqs - 2, …) for the imaginary part.
    """
    spectra = torch.fft.rfft(kernels, n=n_bins).conj().permute(2, 1, 0)  # (n_freqs, n_taps, n_filters)
    real = torch.cat([spectra.real, -spectra.imag], dim=1)
    imaginary = torch.cat([spectra.imag, spectra.real], dim=1)
    return real.contiguous(), imaginary[1:-1].contiguous()


def _valid_inverse(n_bins: int, n_valid: int) -> Tensor:
    """(n_valid, n_bins): the inverse real Fourier transform's first rows, for real rows then imaginary ones."""
    unit = torch.eye(n_bins // 2 + 1, dtype=torch.float64)
    from_real = torch.fft.irfft(torch.complex(unit, torch.zeros_like(unit)), n=n_bins)
    from_imaginary = torch.fft.irfft(torch.complex(torch.zeros_like(unit), unit), n=n_bins)[1:-1]
    return torch.cat([from_real, from_imaginary])[:, :n_valid].T.contiguous()


def temporal_peaks(patches: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each frequency bin along time ("same") with long kernels, and take the peak over frequency.

    Args:
        patches: (n_patches, n_frames, n_bins) float32.
        kernels: (n_filters, n_taps) float32; for an even n_taps the extra zero is padded at the end, as
            TensorFlow does.

    Returns:
        (n_patches, n_frames, n_filters) float32: the greatest response over frequency.
    """
    n_patches, n_frames, n_bins = patches.shape
    n_filters, n_taps = kernels.shape
    padded = F.pad(patches.transpose(1, 2), ((n_taps - 1) // 2, n_taps // 2))
    peaks = patches.new_empty(n_patches, n_frames, n_filters)
    for patch, bins in enumerate(padded):
        taps = bins.unfold(1, n_taps, 1)  # (n_bins, n_frames, n_taps)
        for start in range(0, n_frames, _FRAMES_AT_ONCE):
            piece = taps[:, start : start + _FRAMES_AT_ONCE].reshape(-1, n_taps)
            response = (piece @ kernels.T).view(n_bins, -1, n_filters)
            peaks[patch, start : start + response.shape[1]] = response.amax(0)
    return peaks

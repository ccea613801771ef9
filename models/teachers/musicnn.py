"""musicnn's two networks, trained on the Million Song Dataset (MSD) and on MagnaTagATune (MTT).

Five wide convolutions of one spectrogram, each followed by a maximum over frequency, take nearly all of musicnn's
time. `torch.nn.functional.conv2d` is slow with a single input channel and writes 4 MB or more per patch, of which only
the maximum is used. `timbral_peaks` and `temporal_peaks` compute the same result as matrix products on pieces that fit
the processor's cache.

Source: Pons & Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging" (2019).
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.audio.frontend import LogMel, MelParameters, normalise_loudness

PENULTIMATE_SIZE = 200
TAGS_PER_TOWER = 50
PATCH_FRAMES = 187  # 3 s: the input length that musicnn was trained with

_N_MELS = 96
_TIMBRAL_FILTERS = 204
_TEMPORAL_FILTERS = 51
_FRONT_END_SIZE = 2 * _TIMBRAL_FILTERS + 3 * _TEMPORAL_FILTERS
_MID_END_FILTERS = 64
_POOLED_SIZE = 2 * (_FRONT_END_SIZE + 3 * _MID_END_FILTERS)

# Intermediate results of 24 frames fit the L2 cache: 1.8 times as fast as a whole patch of 187 frames (measured).
_FRAMES_PER_PIECE = 24


def timbral_peaks(patches: Tensor, kernels: Tensor) -> Tensor:
    """Convolve with kernels that are tall in frequency and short in time, and take the maximum over frequency.

    Padding is "valid" in frequency and "same" in time. The convolution over frequency is a product in the Fourier
    domain, the convolution over time a matrix product. The inverse transform is a matrix product with the rows of the
    valid positions. Results equal `torch.nn.functional.conv2d` up to rounding.

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
        for start in range(0, n_frames, _FRAMES_PER_PIECE):
            piece = taps[:, start : start + _FRAMES_PER_PIECE]
            # The imaginary parts at 0 and at the highest frequency are zero: n_bins real rows remain.
            product = torch.cat([torch.bmm(piece, real), torch.bmm(piece[1:-1], imaginary)])
            response = inverse @ product.view(n_bins, -1)  # (n_valid, frames in the piece * n_filters)
            peaks[patch, start : start + piece.shape[1]] = response.amax(0).view(-1, n_filters)
    return peaks


def _kernel_spectra(kernels: Tensor, n_bins: int) -> tuple[Tensor, Tensor]:
    """Matrices that map the real and imaginary taps of one frequency to the response's real and imaginary part.

    Returns:
        (n_freqs, 2 * n_taps, n_filters) for the real part, (n_freqs - 2, …) for the imaginary part.
    """
    spectra = torch.fft.rfft(kernels, n=n_bins).conj().permute(2, 1, 0)  # (n_freqs, n_taps, n_filters)
    real = torch.cat([spectra.real, -spectra.imag], dim=1)
    imaginary = torch.cat([spectra.imag, spectra.real], dim=1)
    return real.contiguous(), imaginary[1:-1].contiguous()


def _valid_inverse(n_bins: int, n_valid: int) -> Tensor:
    """First n_valid rows of the inverse real Fourier transform as a matrix: real rows, then imaginary rows."""
    unit = torch.eye(n_bins // 2 + 1, dtype=torch.float64)
    from_real = torch.fft.irfft(torch.complex(unit, torch.zeros_like(unit)), n=n_bins)
    from_imaginary = torch.fft.irfft(torch.complex(torch.zeros_like(unit), unit), n=n_bins)[1:-1]
    return torch.cat([from_real, from_imaginary])[:, :n_valid].T.contiguous()


def temporal_peaks(patches: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each frequency bin over time with long kernels ("same"), and take the maximum over frequency.

    Args:
        patches: (n_patches, n_frames, n_bins) float32.
        kernels: (n_filters, n_taps) float32; for an even n_taps the extra zero is padded at the end, as in TensorFlow.

    Returns:
        (n_patches, n_frames, n_filters) float32: the greatest response over frequency.
    """
    n_patches, n_frames, n_bins = patches.shape
    n_filters, n_taps = kernels.shape
    padded = F.pad(patches.transpose(1, 2), ((n_taps - 1) // 2, n_taps // 2))
    peaks = patches.new_empty(n_patches, n_frames, n_filters)
    for patch, bins in enumerate(padded):
        taps = bins.unfold(1, n_taps, 1)  # (n_bins, n_frames, n_taps)
        for start in range(0, n_frames, _FRAMES_PER_PIECE):
            piece = taps[:, start : start + _FRAMES_PER_PIECE].reshape(-1, n_taps)
            response = (piece @ kernels.T).view(n_bins, -1, n_filters)
            peaks[patch, start : start + response.shape[1]] = response.amax(0)
    return peaks


class FoldedNormalisation(nn.Module):
    """ReLU, then batch normalisation folded into one scale and shift per channel.

    Shape:
        - Input and output: (…, channels)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (…, channels)."""
        return F.relu(x) * self.scale + self.shift


class PeakFilters(FoldedNormalisation):
    """Convolution, ReLU, batch normalisation and maximum over frequency, with the maximum taken first.

    ReLU and a positive scale preserve order, so the maximum of the convolution gives the same result. Where the scale
    is negative, the greatest normalised value comes from the least response, so those kernels are negated.

    Shape:
        - Input: (n_patches, n_frames, n_mels)
        - Output: (n_patches, n_frames, channels)
    """

    def __init__(self, channels: int, *kernel: int) -> None:
        super().__init__(channels)
        self.kernel = nn.Parameter(torch.zeros(channels, *kernel))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised peaks; see the class for shapes."""
        sign = torch.where(self.scale < 0, -1.0, 1.0)
        peaks = timbral_peaks if self.kernel.dim() == 3 else temporal_peaks  # noqa: PLR2004  taps × height
        kernels = self.kernel * sign.view(-1, *[1] * (self.kernel.dim() - 1))
        return super().forward(peaks(x, kernels) * sign + self.bias)


class MidEnd(FoldedNormalisation):
    """Convolution over time across all channels ("same"), ReLU, batch normalisation.

    Shape:
        - Input: (n_patches, n_frames, channels)
        - Output: (n_patches, n_frames, 64)
    """

    def __init__(self, channels: int) -> None:
        super().__init__(_MID_END_FILTERS)
        self.convolution = nn.Conv1d(channels, _MID_END_FILTERS, kernel_size=7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and normalise; see the class for shapes."""
        return super().forward(self.convolution(x.transpose(1, 2)).transpose(1, 2))


class MusicnnTower(nn.Module):
    """One musicnn network for inference: batch normalisation folded, no dropout.

    Shape:
        - Input: (n_patches, n_frames, 96) log-mel; trained with 187 frames
        - Output: penultimate features (n_patches, 200) and tag probabilities (n_patches, 50)

    >>> penultimate, tags = MusicnnTower()(torch.zeros(2, 187, 96))
    >>> penultimate.shape, tags.shape
    (torch.Size([2, 200]), torch.Size([2, 50]))
    """

    def __init__(self) -> None:
        super().__init__()
        self.input_scale = nn.Parameter(torch.ones(()))
        self.input_shift = nn.Parameter(torch.zeros(()))
        self.front_end = nn.ModuleList(
            [
                PeakFilters(_TIMBRAL_FILTERS, 7, int(0.4 * _N_MELS)),
                PeakFilters(_TIMBRAL_FILTERS, 7, int(0.7 * _N_MELS)),
                PeakFilters(_TEMPORAL_FILTERS, 128),
                PeakFilters(_TEMPORAL_FILTERS, 64),
                PeakFilters(_TEMPORAL_FILTERS, 32),
            ]
        )
        self.mid_end = nn.ModuleList([MidEnd(_FRONT_END_SIZE), MidEnd(_MID_END_FILTERS), MidEnd(_MID_END_FILTERS)])
        self.dense = nn.Linear(_POOLED_SIZE, PENULTIMATE_SIZE)
        self.penultimate = FoldedNormalisation(PENULTIMATE_SIZE)
        self.output = nn.Linear(PENULTIMATE_SIZE, TAGS_PER_TOWER)

    @property
    def peak_filters(self) -> list[PeakFilters]:
        """The front end: two blocks of timbral filters, then three of temporal filters."""
        return [block for block in self.front_end if isinstance(block, PeakFilters)]

    @property
    def mid_layers(self) -> list[MidEnd]:
        """The three layers after the front end."""
        return [block for block in self.mid_end if isinstance(block, MidEnd)]

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Return penultimate features and tag probabilities; see the class for shapes."""
        x = patches * self.input_scale + self.input_shift
        front = torch.cat([block(x) for block in self.front_end], dim=2)  # (n_patches, n_frames, 561)
        layers = [front, self.mid_end[0](front)]
        for block in self.mid_end[1:]:
            # The residual adds the batch normalisation's *output*, unlike the paper's figure.
            layers.append(layers[-1] + block(layers[-1]))
        maps = torch.cat(layers, dim=2)  # (n_patches, n_frames, 753)
        # TensorFlow flattens (753, 2) to maximum, mean, maximum, mean …
        pooled = torch.stack([maps.amax(1), maps.mean(1)], dim=2).flatten(1)  # (n_patches, 1506)
        penultimate = self.penultimate(self.dense(pooled))
        return penultimate, torch.sigmoid(self.output(penultimate))


class Teachers(nn.Module):
    """Both towers on the same input.

    Args:
        mel: Parameters of the log-mel and the loudness that the towers expect.
        tags: Tower → the names of its 50 tags, in the order of its outputs.
    """

    def __init__(self, mel: MelParameters, tags: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.tag_names = [f"{tower}:{tag}" for tower, names in tags.items() for tag in names]
        self.tags = dict(tags)
        self.mel = mel
        self.log_mel = LogMel(mel)
        self.towers = nn.ModuleDict({tower: MusicnnTower() for tower in tags})

    @torch.inference_mode()
    def encode(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Compute features and tags of a track's windows.

        Args:
            windows: (n_windows, n_samples) float32 mono at 16 kHz, nominally −1…1.

        Returns:
            As `encode_log_mel`.

        Raises:
            ValueError: The windows are shorter than one patch of 3 s.
        """
        return self.encode_log_mel(self.log_mel(normalise_loudness(windows, self.mel.target_dbfs)))

    @torch.inference_mode()
    def encode_log_mel(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """Compute features and tags of log-mel windows.

        Args:
            log_mel: (n_windows, n_frames, 96), n_frames ≥ 187 (3 s).

        Returns:
            Penultimate features (n_windows, 400), the first tower's 200 first, and tag probabilities
            (n_windows, 100), 0…1. Both are means over the patches of each window.

        Raises:
            ValueError: The windows are shorter than one patch of 3 s.
        """
        patches = _patches(log_mel)
        n_windows, n_patches = patches.shape[:2]
        outputs = [tower(patches.flatten(0, 1)) for tower in self.towers.values()]
        penultimate = torch.cat([features for features, _ in outputs], dim=1)  # (n_windows * n_patches, 400)
        tags = torch.cat([probabilities for _, probabilities in outputs], dim=1)
        return (
            penultimate.view(n_windows, n_patches, -1).mean(1),
            tags.view(n_windows, n_patches, -1).mean(1),
        )


def _patches(log_mel: Tensor) -> Tensor:
    """Cut as many whole patches as fit without overlap, spread evenly over each window.

    (n_windows, n_frames, n_mels) → (n_windows, n_patches, 187, n_mels); 10 s give 3 patches.
    """
    n_frames = log_mel.shape[1]
    n_patches = n_frames // PATCH_FRAMES
    if n_patches == 0:
        raise ValueError(f"A window of {n_frames} frames is shorter than one patch of {PATCH_FRAMES}.")
    spare = n_frames - n_patches * PATCH_FRAMES
    gap = spare // max(n_patches - 1, 1)
    starts = [index * (PATCH_FRAMES + gap) for index in range(n_patches)]
    return torch.stack([log_mel[:, start : start + PATCH_FRAMES] for start in starts], dim=1)

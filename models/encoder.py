"""The encoder: windows of audio → a 128-d unit vector in the vibe space, and tags.

Two musicnn networks, trained by their authors on the Million Song Dataset (MSD) and on MagnaTagATune (MTT),
listen to the same log-mel patches. Their penultimate features, 2 × 200, are averaged over a track and
half-whitened: centred, projected on the principal axes of the training corpus and divided by the square root
of each axis's standard deviation.

Source: Pons & Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging" (2019).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.convolution import temporal_peaks, timbral_peaks
from models.frontend import LogMel, MelParameters, normalise_loudness

EMBEDDING_SIZE = 128
PENULTIMATE_SIZE = 200
TAGS_PER_TOWER = 50

# What the towers were trained on: 187 frames, 3 s.
PATCH_FRAMES = 187

_N_MELS = 96
_TIMBRAL_FILTERS = 204
_TEMPORAL_FILTERS = 51
_FRONT_END_SIZE = 2 * _TIMBRAL_FILTERS + 3 * _TEMPORAL_FILTERS
_MID_END_FILTERS = 64
_POOLED_SIZE = 2 * (_FRONT_END_SIZE + 3 * _MID_END_FILTERS)


@dataclass(frozen=True, slots=True)
class Encoding:
    """What the encoder heard in one track.

    Attributes:
        embedding: (128,) float32 of length 1: the track's point in the vibe space.
        dispersion: How far the track's windows spread around it: 1 − the mean cosine between each window's own
            unit vector and the embedding. 0 for a track that stays as it is, or with one window; at most 2.
        tags: Tag, prefixed by its tower as in `msd:rock` → mean probability over all patches, 0…1.
    """

    embedding: npt.NDArray[np.float32]
    dispersion: float
    tags: dict[str, float]


class _Normalised(nn.Module):
    """`relu`, then the batch normalisation that follows it, folded into one scale and shift a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(…, channels) → (…, channels)."""
        return F.relu(x) * self.scale + self.shift


class _PeakFilters(_Normalised):
    """Convolution, relu, batch normalisation and maximum over frequency, the maximum taken first.

    relu and a positive scale keep order, so the maximum may be taken of the bare convolution. Where the scale
    is negative, the greatest normalised value comes from the *least* response: those kernels are negated.
    """

    def __init__(self, channels: int, *kernel: int) -> None:
        super().__init__(channels)
        self.kernel = nn.Parameter(torch.zeros(channels, *kernel))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(n_patches, n_frames, n_mels) → (n_patches, n_frames, channels)."""
        sign = torch.where(self.scale < 0, -1.0, 1.0)
        peaks = timbral_peaks if self.kernel.dim() == 3 else temporal_peaks  # noqa: PLR2004  taps × height
        kernels = self.kernel * sign.view(-1, *[1] * (self.kernel.dim() - 1))
        return super().forward(peaks(x, kernels) * sign + self.bias)


class _MidEnd(_Normalised):
    """Convolution over time across all channels ("same"), relu, batch normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__(_MID_END_FILTERS)
        self.convolution = nn.Conv1d(channels, _MID_END_FILTERS, kernel_size=7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """(n_patches, n_frames, channels) → (n_patches, n_frames, 64)."""
        return super().forward(self.convolution(x.transpose(1, 2)).transpose(1, 2))


class MusicnnTower(nn.Module):
    """One musicnn network for inference: batch normalisation folded, dropout left out.

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
                _PeakFilters(_TIMBRAL_FILTERS, 7, int(0.4 * _N_MELS)),
                _PeakFilters(_TIMBRAL_FILTERS, 7, int(0.7 * _N_MELS)),
                _PeakFilters(_TEMPORAL_FILTERS, 128),
                _PeakFilters(_TEMPORAL_FILTERS, 64),
                _PeakFilters(_TEMPORAL_FILTERS, 32),
            ]
        )
        self.mid_end = nn.ModuleList([_MidEnd(_FRONT_END_SIZE), _MidEnd(_MID_END_FILTERS), _MidEnd(_MID_END_FILTERS)])
        self.dense = nn.Linear(_POOLED_SIZE, PENULTIMATE_SIZE)
        self.penultimate = _Normalised(PENULTIMATE_SIZE)
        self.output = nn.Linear(PENULTIMATE_SIZE, TAGS_PER_TOWER)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Hear patches of log-mel; see the class for shapes."""
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


class VibeEncoder(nn.Module):
    """Windows of a track → `Encoding`.

    Args:
        mel: How the weights expect their log-mel and the loudness of a track.
        tags: Tower → the names of its 50 tags, in the order of its outputs.
    """

    centre: Tensor
    projection: Tensor

    def __init__(self, mel: MelParameters, tags: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.tag_names = [f"{tower}:{tag}" for tower, names in tags.items() for tag in names]
        self.mel = mel
        self.log_mel = LogMel(mel)
        self.towers = nn.ModuleDict({tower: MusicnnTower() for tower in tags})
        features = PENULTIMATE_SIZE * len(tags)
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("projection", torch.eye(features, EMBEDDING_SIZE))

    @property
    def sample_rate(self) -> int:
        """Hz that windows must have."""
        return self.mel.sample_rate

    @torch.inference_mode()
    def encode(self, windows: Tensor) -> Encoding:
        """Encode one track.

        Args:
            windows: (n_windows, n_samples) float32 mono at `sample_rate`, nominally in −1…1; at least 3 s each.

        Returns:
            The track's encoding; the same whatever the recording's level.

        Raises:
            ValueError: no window, a window shorter than one patch, or samples that are not finite.
        """
        features, tags = self.features(windows)
        own = F.normalize(self._half_whiten(features), dim=1)  # (n_windows, 128)
        embedding = F.normalize(self._half_whiten(features.mean(0)), dim=0)  # (128,)
        return Encoding(
            embedding=embedding.numpy(),
            dispersion=float((1.0 - own @ embedding).mean().clamp(min=0.0)),
            tags=dict(zip(self.tag_names, tags.mean(0).tolist(), strict=True)),
        )

    @torch.inference_mode()
    def features(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """What the towers say of each window, before half-whitening; arguments and errors as for `encode`.

        Returns:
            Penultimate features (n_windows, 400) and tag probabilities (n_windows, 100), means over patches.
        """
        if windows.dim() != 2 or windows.shape[0] == 0:  # noqa: PLR2004  windows × samples
            raise ValueError(f"Windows must have the shape (n_windows, n_samples), not {tuple(windows.shape)}.")
        if not torch.isfinite(windows).all():
            raise ValueError("Windows must hold finite samples only.")
        patches = _patches(self.log_mel(normalise_loudness(windows, self.mel.target_dbfs)))
        n_windows, n_patches = patches.shape[:2]
        heard = [tower(patches.flatten(0, 1)) for tower in self.towers.values()]
        penultimate = torch.cat([features for features, _ in heard], dim=1)  # (n_windows * n_patches, 400)
        tags = torch.cat([probabilities for _, probabilities in heard], dim=1)
        return (
            penultimate.view(n_windows, n_patches, -1).mean(1),
            tags.view(n_windows, n_patches, -1).mean(1),
        )

    def _half_whiten(self, features: Tensor) -> Tensor:
        """(…, 400) → (…, 128)."""
        return (features - self.centre) @ self.projection


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

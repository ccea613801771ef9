"""The teachers: musicnn's two networks, trained on the Million Song Dataset (MSD) and on MagnaTagATune (MTT).

Source: Pons & Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging" (2019).
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.frontend import LogMel, MelParameters, normalise_loudness
from models.training.convolution import temporal_peaks, timbral_peaks

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


class Normalised(nn.Module):
    """`relu`, then the batch normalisation that follows it, folded into one scale and shift a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(…, channels) → (…, channels)."""
        return F.relu(x) * self.scale + self.shift


class PeakFilters(Normalised):
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


class MidEnd(Normalised):
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
                PeakFilters(_TIMBRAL_FILTERS, 7, int(0.4 * _N_MELS)),
                PeakFilters(_TIMBRAL_FILTERS, 7, int(0.7 * _N_MELS)),
                PeakFilters(_TEMPORAL_FILTERS, 128),
                PeakFilters(_TEMPORAL_FILTERS, 64),
                PeakFilters(_TEMPORAL_FILTERS, 32),
            ]
        )
        self.mid_end = nn.ModuleList([MidEnd(_FRONT_END_SIZE), MidEnd(_MID_END_FILTERS), MidEnd(_MID_END_FILTERS)])
        self.dense = nn.Linear(_POOLED_SIZE, PENULTIMATE_SIZE)
        self.penultimate = Normalised(PENULTIMATE_SIZE)
        self.output = nn.Linear(PENULTIMATE_SIZE, TAGS_PER_TOWER)

    @property
    def peak_filters(self) -> list[PeakFilters]:
        """The front end: two kinds of timbral, three of temporal filters."""
        return [block for block in self.front_end if isinstance(block, PeakFilters)]

    @property
    def mid_layers(self) -> list[MidEnd]:
        """The three layers behind it."""
        return [block for block in self.mid_end if isinstance(block, MidEnd)]

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


class Teachers(nn.Module):
    """Both towers, listening to the same patches.

    Args:
        mel: How the towers expect their log-mel and the loudness of a track.
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
    def features(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Hear a track's windows, (n_windows, n_samples) float32 at 16 kHz; see `hear`."""
        return self.hear(self.log_mel(normalise_loudness(windows, self.mel.target_dbfs)))

    @torch.inference_mode()
    def hear(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """Hear log-mel windows (n_windows, n_frames, 96) of at least 3 s.

        Returns:
            Penultimate features (n_windows, 400), the first tower's 200 first, and tag probabilities
            (n_windows, 100): means over the patches of each window.

        Raises:
            ValueError: the windows are shorter than one patch.
        """
        patches = _patches(log_mel)
        n_windows, n_patches = patches.shape[:2]
        heard = [tower(patches.flatten(0, 1)) for tower in self.towers.values()]
        penultimate = torch.cat([features for features, _ in heard], dim=1)  # (n_windows * n_patches, 400)
        tags = torch.cat([probabilities for _, probabilities in heard], dim=1)
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

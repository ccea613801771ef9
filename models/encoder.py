"""The encoder: windows of a track → its point in the vibe space, and tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.frontend import LogMel, MelParameters, normalise_loudness
from models.network import FEATURE_SIZE, VibeNetwork

MIN_SECONDS = 3.0  # of a window: what the network pools at once


# What the head says of a track; see `FEEL_BALANCES` in `models.tag_balances`.
FELT = ("energy", "valence", "danceability", "acousticness")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoder's output for one track.

    Attributes:
        embedding: (128,) float32 of length 1: the track's point in the vibe space.
        dispersion: How far the track's windows spread around it: 1 − the mean cosine between each window's own
            unit vector and the embedding. 0 for a track that stays as it is, or with one window; at most 2.
        tags: Tag, prefixed by the data set its teacher knows it from as in `msd:rock` → mean probability over
            all windows, 0…1.
        feel: Each of `FELT` → how far tags speak for it, 0 for the mean of the training windows, 1 for a deviation
            above it; nearly the same for an equalised, noisy or transposed copy.
    """

    embedding: npt.NDArray[np.float32]
    dispersion: float
    tags: dict[str, float]
    feel: dict[str, float]


class VibeEncoder(nn.Module):
    """Windows of a track → `Encoding`.

    Args:
        mel: How the weights expect their log-mel and the loudness of a track.
        tags: Data set → the names of its 50 tags, in the order of the network's outputs.
    """

    def __init__(self, mel: MelParameters, tags: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.tag_names = [f"{prefix}:{tag}" for prefix, names in tags.items() for tag in names]
        self.mel = mel
        self._log_mel = LogMel(mel)
        self.network = VibeNetwork()
        self.feel = nn.Linear(FEATURE_SIZE, len(FELT))

    @property
    def sample_rate(self) -> int:
        """Hz that windows must have."""
        return self.mel.sample_rate

    @torch.inference_mode()
    def log_mel(self, windows: Tensor) -> Tensor:
        """Bring a track to one loudness and compute its log-mel.

        Args:
            windows: (n_windows, n_samples) float32 mono at `sample_rate`, nominally in −1…1; at least 3 s each.

        Returns:
            (n_windows, n_frames, n_mels) ≥ 0; the same whatever the recording's level.

        Raises:
            ValueError: no window, a window that is too short, or samples that are not finite.
        """
        if windows.dim() != 2 or windows.shape[0] == 0:  # noqa: PLR2004  windows × samples
            raise ValueError(f"Windows must have the shape (n_windows, n_samples), not {tuple(windows.shape)}.")
        if windows.shape[1] < MIN_SECONDS * self.sample_rate:
            raise ValueError(f"A window of {windows.shape[1]} samples is shorter than {MIN_SECONDS:g} s.")
        if not all(torch.isfinite(extreme) for extreme in windows.aminmax()):
            raise ValueError("Windows must hold finite samples only.")
        log_mel: Tensor = self._log_mel(normalise_loudness(windows, self.mel.target_dbfs))
        return log_mel

    @torch.inference_mode()
    def encode_log_mel(self, log_mel: Tensor) -> Encoding:
        """Encode one track.

        Args:
            log_mel: (n_windows, n_frames, n_mels) as `log_mel` gives it.

        Returns:
            The track's encoding: its point is the renormalised mean of its windows' points.
        """
        output = self.network(log_mel)
        embedding = F.normalize(output.embedding.mean(0), dim=0)  # (128,)
        return Encoding(
            embedding=embedding.numpy(),
            dispersion=float((1.0 - output.embedding @ embedding).mean().clamp(min=0.0)),
            tags=dict(zip(self.tag_names, output.tags.mean(0).tolist(), strict=True)),
            feel=dict(zip(FELT, self.feel(output.features.mean(0)).tolist(), strict=True)),
        )

    def encode(self, windows: Tensor) -> Encoding:
        """Encode one track from its samples; arguments and errors as for `log_mel`."""
        return self.encode_log_mel(self.log_mel(windows))

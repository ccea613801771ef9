"""The encoder: windows of a track → its embedding in the vibe space, tags and feel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.audio.frontend import LogMel, MelParameters, normalise_loudness
from models.network import FEATURE_SIZE, VibeNetwork
from models.window_weights import window_weights

MIN_SECONDS = 3.0  # of a window; the network pools patches of this length

# The outputs of the feel head; see `FEEL_BALANCES` in `models.tag_balances`.
FEEL_ATTRIBUTES = ("energy", "valence", "danceability", "acousticness")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The output of an encoder for one track.

    Attributes:
        embedding: (dimension,) float32 of unit length, a point in the encoder's space; 128 for the shipped encoder.
        windows: (n, dimension) float32, the unit vectors of the windows, in the order of time.
        weights: (n,) float32 with the sum 1, how much each window counts in the embedding, and in all means of the
            shipped encoder; see `models.window_weights`.
        dispersion: 1 − the mean cosine similarity of the windows' unit vectors to the embedding, 0…2; 0 for one window.
        tags: Tag → mean probability over all windows, 0…1. The shipped encoder's tags are prefixed by the data set of
            their teacher, as in `msd:rock`.
        feel: Each of `FEEL_ATTRIBUTES` → score in standard deviations of the training windows, 0 for their mean; nearly
            equal for an equalised, noisy or transposed copy. Empty for other encoders than the shipped one.
        speech: Share of speech, 0…1: the mean of the windows' probabilities; None if the encoder cannot tell.
    """

    embedding: npt.NDArray[np.float32]
    windows: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    dispersion: float
    tags: dict[str, float]
    feel: dict[str, float]
    speech: float | None


def weighted_mean(windows: Tensor) -> tuple[Tensor, Tensor, float]:
    """Compute the weights of the windows of a track, its embedding and its dispersion; see `Encoding`.

    Args:
        windows: (n, dimension) float32, unit vectors.

    Returns:
        Weights (n,), embedding (dimension,), which is 0 if the vectors cancel out, and dispersion.
    """
    weights = torch.from_numpy(window_weights(windows.numpy()))
    embedding = F.normalize(weights @ windows, dim=0)
    return weights, embedding, max(0.0, float(1.0 - weights @ (windows @ embedding)))


class VibeEncoder(nn.Module):
    """Encode the windows of a track into an `Encoding`.

    Args:
        mel: Parameters of the log-mel and target loudness that the weights were trained with.
        tags: Data set → the names of its 50 tags, in the order of the network's outputs.
    """

    def __init__(self, mel: MelParameters, tags: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.tag_names = [f"{prefix}:{tag}" for prefix, names in tags.items() for tag in names]
        self.mel = mel
        self._log_mel = LogMel(mel)
        self.network = VibeNetwork()
        self.feel = nn.Linear(FEATURE_SIZE, len(FEEL_ATTRIBUTES))
        self.speech = nn.Linear(FEATURE_SIZE, 1)

    @property
    def sample_rate(self) -> int:
        """The sample rate of windows in Hz."""
        return self.mel.sample_rate

    @torch.inference_mode()
    def log_mel(self, windows: Tensor) -> Tensor:
        """Normalise the loudness of a track and compute its log-mel.

        Args:
            windows: (n_windows, n_samples) float32 mono at `sample_rate`, nominally in −1…1; at least 3 s each.

        Returns:
            (n_windows, n_frames, n_mels) float32 ≥ 0, independent of the recording's level.

        Raises:
            ValueError: There is no window, a window is too short, or a sample is not finite.
        """
        if windows.dim() != 2 or windows.shape[0] == 0:  # noqa: PLR2004  (n_windows, n_samples)
            raise ValueError(f"Windows must have the shape (n_windows, n_samples), not {tuple(windows.shape)}.")
        if windows.shape[1] < MIN_SECONDS * self.sample_rate:
            raise ValueError(f"A window of {windows.shape[1]} samples is shorter than {MIN_SECONDS:g} s.")
        if not all(torch.isfinite(extreme) for extreme in windows.aminmax()):
            raise ValueError("Windows must hold finite samples.")
        log_mel: Tensor = self._log_mel(normalise_loudness(windows, self.mel.target_dbfs))
        return log_mel

    @torch.inference_mode()
    def encode_log_mel(self, log_mel: Tensor) -> Encoding:
        """Encode one track from its log-mel.

        Args:
            log_mel: (n_windows, n_frames, n_mels), from `log_mel`.

        Returns:
            The encoding; its embedding is the normalised weighted mean of the windows' embeddings.
        """
        output = self.network(log_mel)
        weights, embedding, dispersion = weighted_mean(output.embedding)
        return Encoding(
            embedding=embedding.numpy(),
            windows=output.embedding.numpy(),
            weights=weights.numpy(),
            dispersion=dispersion,
            tags=dict(zip(self.tag_names, (weights @ output.tags).tolist(), strict=True)),
            feel=dict(zip(FEEL_ATTRIBUTES, self.feel(weights @ output.features).tolist(), strict=True)),
            speech=float(weights @ self.speech_of(output.features)),
        )

    @torch.inference_mode()
    def speech_of(self, features: Tensor) -> Tensor:
        """Compute the probability that a window is speech.

        Args:
            features: (n, 560), from the network.

        Returns:
            (n,), 0…1.
        """
        return torch.sigmoid(self.speech(features))[:, 0]

    def encode(self, windows: Tensor) -> Encoding:
        """Encode one track from its samples.

        Args:
            windows: As for `log_mel`.

        Returns:
            As `encode_log_mel`.

        Raises:
            ValueError: As for `log_mel`.
        """
        return self.encode_log_mel(self.log_mel(windows))

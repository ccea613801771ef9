"""What an encoder is: windows of a track → its vectors, and optionally tags and attributes."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.attributes import NAMES
from models.audio.frontend import MelParameters
from models.descriptors.describe import Descriptors
from models.encoder import Encoding, weighted_mean


class Encoder(Protocol):
    """An encoder that is loaded."""

    @property
    def version(self) -> str:
        """Name of its space: letters, digits, `.`, `-` and `_`, at most 64. Change it whenever a vector changes."""

    @property
    def dimension(self) -> int:
        """Length of its vectors, 1 to 4,096."""

    @property
    def sample_rate(self) -> int:
        """Sample rate in Hz of the windows that it takes. Segue decodes at 16 kHz and resamples to other rates."""

    def encode(self, windows: Tensor) -> Encoding:
        """Encode one track.

        Args:
            windows: (n_windows, n_samples) float32 mono at `sample_rate`, nominally −1…1, in the order of time.

        Returns:
            The encoding; `encoding_of` makes it of one vector for each window.

        Raises:
            ValueError: The windows cannot be encoded. The analysis of the track then fails.
        """

    def attributes(self, encoding: Encoding, descriptors: Descriptors) -> Mapping[str, float | None]:
        """Return energy, valence and the other attributes of a track, 0…1; None where the encoder has no evidence."""


@runtime_checkable
class MelEncoder(Encoder, Protocol):
    """An encoder of log-mels of Segue's front end, which several encoders of one track and its descriptors share."""

    @property
    def mel(self) -> MelParameters:
        """The parameters of the log-mel, and the loudness that the track is normalised to."""

    def log_mel(self, windows: Tensor) -> Tensor:
        """Compute the log-mel (n_windows, n_frames, n_mels) of windows; raise a ValueError if they are unsuitable."""

    def encode_log_mel(self, log_mel: Tensor) -> Encoding:
        """Encode one track from its log-mel."""


class EncoderSource(Protocol):
    """An encoder that is not loaded yet; a package names one as an entry point of the group `segue.encoders`.

    It is hashable, as a frozen dataclass is.
    """

    def __hash__(self) -> int:
        """Sources that are equal are loaded once."""

    @property
    def version(self) -> str:
        """As that of the encoder."""

    @property
    def dimension(self) -> int:
        """As that of the encoder."""

    def load(self) -> Encoder:
        """Load the encoder for inference on the CPU; called once in each process that needs it.

        Raises:
            CheckpointError: Its weights are missing or damaged.
        """


def encoding_of(vectors: Tensor | npt.NDArray[np.float32], tags: Mapping[str, float] | None = None) -> Encoding:
    """Return the encoding of a track from the vectors of its windows.

    Args:
        vectors: (n_windows, dimension), of any length but 0; each is normalised.
        tags: Tag → probability 0…1. Tastes are labelled with them, and filters use them.

    Returns:
        The encoding, whose embedding is the normalised mean; a window that is unlike the others counts less.

    Raises:
        ValueError: A vector, or their mean, has no direction.

    >>> encoding_of(np.array([[3.0, 0.0], [0.0, 1.0]], dtype=np.float32)).embedding.round(3).tolist()
    [0.7070000171661377, 0.7070000171661377]
    """
    windows = torch.nn.functional.normalize(torch.as_tensor(vectors, dtype=torch.float32), dim=1)
    weights, embedding, dispersion = weighted_mean(windows)
    if not torch.isfinite(windows).all() or not bool(windows.any(1).all()) or not bool(embedding.any()):
        raise ValueError("A vector of the encoder has no direction.")
    return Encoding(
        embedding=embedding.numpy(),
        windows=windows.numpy(),
        weights=weights.numpy(),
        dispersion=dispersion,
        tags=dict(tags or {}),
        feel={},
        speech=None,
    )


def without_attributes() -> dict[str, float | None]:
    """Return the attributes of an encoder that has evidence for none."""
    return dict.fromkeys(NAMES)

"""The encoder that Segue ships with, and other weights of it, as encoders of the interface."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from models import checkpoint
from models.attributes import attributes
from models.audio.frontend import MelParameters
from models.checkpoint import SHIPPED, Checkpoint, ModelCard, checkpoints_in, version_of
from models.descriptors.describe import Descriptors
from models.encoder import Encoding, VibeEncoder
from models.encoders.interface import MelEncoder
from models.network import EMBEDDING_SIZE


class Vibe(MelEncoder):
    """A `VibeEncoder` with the card of its weights.

    Args:
        network: The encoder.
        card: Its card, with the calibration of its attributes.
    """

    def __init__(self, network: VibeEncoder, card: ModelCard) -> None:
        self.network, self.card = network, card

    @property
    def version(self) -> str:
        """Version of the weights."""
        return self.card.version

    @property
    def dimension(self) -> int:
        """128."""
        return EMBEDDING_SIZE

    @property
    def sample_rate(self) -> int:
        """16 000 Hz."""
        return self.mel.sample_rate

    @property
    def mel(self) -> MelParameters:
        """The parameters that the weights were trained with."""
        return self.card.mel

    def log_mel(self, windows: Tensor) -> Tensor:
        """See `VibeEncoder.log_mel`."""
        return self.network.log_mel(windows)

    def encode_log_mel(self, log_mel: Tensor) -> Encoding:
        """See `VibeEncoder.encode_log_mel`."""
        return self.network.encode_log_mel(log_mel)

    def encode(self, windows: Tensor) -> Encoding:
        """See `VibeEncoder.encode`."""
        return self.network.encode(windows)

    def attributes(self, encoding: Encoding, descriptors: Descriptors) -> Mapping[str, float | None]:
        """See `models.attributes`."""
        return attributes(encoding, descriptors, self.card.calibration)


@dataclass(frozen=True, slots=True)
class VibeSource:
    """Weights of a `VibeEncoder`."""

    checkpoint: Checkpoint

    @property
    def version(self) -> str:
        """Version of the weights."""
        return self.checkpoint.version

    @property
    def dimension(self) -> int:
        """128."""
        return EMBEDDING_SIZE

    def load(self) -> Vibe:
        """Load the weights and their card."""
        return Vibe(checkpoint.load(*self.checkpoint), checkpoint.read_card(*self.checkpoint))


SHIPPED_SOURCE = VibeSource(SHIPPED)
"""The encoder that Segue ships with."""


def shipped_sources() -> list[VibeSource]:
    """Return the encoders of all weights that Segue ships with."""
    return [VibeSource(each) for each in checkpoints_in()]


def source_of(file: Path) -> VibeSource:
    """Return the encoder of a weights file, `vibe-VERSION.safetensors`."""
    return VibeSource(Checkpoint(version_of(file), file.parent))

"""Save and load weights: `vibe-<version>.safetensors` in half precision, and `vibe-<version>.json`, its model card.

The card describes the weights, their input and their quality, and contains their SHA-256; `load` refuses weights that
do not match their card.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors

from models.audio.frontend import MelParameters
from models.encoder import VibeEncoder

DEFAULT_VERSION = "2026.11"
WEIGHTS_DIRECTORY = Path(__file__).with_name("weights")


class Checkpoint(NamedTuple):
    """Where the weights of a version are."""

    version: str
    directory: Path


class CheckpointError(RuntimeError):
    """The weights or their card are missing or damaged, or do not belong together."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The description of a version of the weights.

    Attributes:
        version: Name of the version, stored with each analysis.
        summary: One sentence.
        mel: Parameters of the input.
        tags: Data set → names of its teacher's tags, in the order of the outputs.
        data: The data that the weights were trained and calibrated on.
        metrics: Name of a metric → its value; `command` is the command that printed them.
        licence: Licence of the weights.
        limits: Known limitations.
        calibration: Cue or attribute → quantiles over the training corpus, see `models.attributes`.
        sha256: Hexadecimal digest of the weights file; `save` computes it.
    """

    version: str
    summary: str
    mel: MelParameters
    tags: Mapping[str, Sequence[str]]
    data: Sequence[str]
    licence: str
    limits: Sequence[str]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Sequence[float]] = field(default_factory=dict)
    sha256: str = ""


SHIPPED = Checkpoint(DEFAULT_VERSION, WEIGHTS_DIRECTORY)
"""The weights that Segue ships with."""


def checkpoints_in(directory: Path = WEIGHTS_DIRECTORY) -> list[Checkpoint]:
    """Return the weights in a folder."""
    return [Checkpoint(version_of(file), directory) for file in sorted(directory.glob("vibe-*.safetensors"))]


def version_of(file: Path) -> str:
    """Return the version that the name of a weights file has."""
    return file.stem.removeprefix("vibe-")


def save(encoder: VibeEncoder, card: ModelCard, directory: Path = WEIGHTS_DIRECTORY) -> Path:
    """Write the weights of an encoder and their card.

    Args:
        encoder: The encoder.
        card: Its description, without `sha256`.
        directory: Target folder; created if it is missing.

    Returns:
        The weights file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.half().contiguous() for name, value in encoder.state_dict().items()}
    weights = dump_tensors(tensors)
    target = _weights_file(card.version, directory)
    target.write_bytes(weights)
    write_card(card, directory, sha256=hashlib.sha256(weights).hexdigest())
    return target


def write_card(card: ModelCard, directory: Path = WEIGHTS_DIRECTORY, *, sha256: str | None = None) -> None:
    """Write a model card.

    Args:
        card: The card.
        directory: Target folder.
        sha256: Hexadecimal digest that replaces the one of the card; None keeps it.
    """
    content = asdict(card) | ({"sha256": sha256} if sha256 else {})
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    _card_file(card.version, directory).write_text(text, encoding="utf-8")


def read_card(version: str = DEFAULT_VERSION, directory: Path = WEIGHTS_DIRECTORY) -> ModelCard:
    """Read the card of a version.

    Args:
        version: Version of the weights.
        directory: Folder of weights and cards.

    Returns:
        The card.

    Raises:
        CheckpointError: The card is missing or invalid.
    """
    file = _card_file(version, directory)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return ModelCard(**content | {"mel": MelParameters(**content["mel"])})
    except FileNotFoundError as error:
        raise CheckpointError(f"{file}: the model card is missing. Check the version.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{file}: not a valid model card ({error}). Restore it from the release.") from error


def load(version: str = DEFAULT_VERSION, directory: Path = WEIGHTS_DIRECTORY) -> VibeEncoder:
    """Load an encoder for inference.

    Args:
        version: Version of the weights.
        directory: Folder of weights and cards.

    Returns:
        The encoder in single precision on the CPU, in evaluation mode.

    Raises:
        CheckpointError: The weights or their card are missing or damaged, or do not belong together.
    """
    card = read_card(version, directory)
    file = _weights_file(version, directory)
    try:
        weights = file.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(f"{file}: the weights file is missing. Restore it from the release.") from error
    actual = hashlib.sha256(weights).hexdigest()
    if actual != card.sha256:
        raise CheckpointError(
            f"{file}: the SHA-256 is {actual}, but the card declares {card.sha256}. "
            "The file is damaged or belongs to another card; restore both from the release."
        )
    return _encoder(card, weights, file).eval().requires_grad_(requires_grad=False)


def _encoder(card: ModelCard, weights: bytes, file: Path) -> VibeEncoder:
    try:
        tensors = {name: value.to(torch.float32) for name, value in load_tensors(weights).items()}
        encoder = VibeEncoder(card.mel, card.tags)
        outcome = encoder.load_state_dict(tensors, strict=False)
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{file}: the weights do not fit this encoder ({error}).") from error
    if outcome.missing_keys or outcome.unexpected_keys:
        raise CheckpointError(
            f"{file}: the weights lack {outcome.missing_keys} and have unknown {outcome.unexpected_keys}."
        )
    return encoder


def _weights_file(version: str, directory: Path) -> Path:
    return directory / f"vibe-{version}.safetensors"


def _card_file(version: str, directory: Path) -> Path:
    return directory / f"vibe-{version}.json"

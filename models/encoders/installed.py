"""Encoders that installed packages bring by the entry points of the group `segue.encoders`."""

from importlib.metadata import entry_points
from pathlib import Path

from models.checkpoint import CheckpointError
from models.encoders.interface import EncoderSource
from models.encoders.vibe import source_of

GROUP = "segue.encoders"
WEIGHTS_SUFFIX = ".safetensors"


def installed() -> list[str]:
    """Return the names of the installed encoders."""
    return sorted(entry_points(group=GROUP).names)


def source_named(name: str) -> EncoderSource:
    """Return the encoder of a weights file, `…/vibe-VERSION.safetensors`, or an installed one by its name.

    Raises:
        CheckpointError: As `find`.
    """
    return source_of(Path(name)) if name.endswith(WEIGHTS_SUFFIX) else find(name)


def find(name: str) -> EncoderSource:
    """Return an installed encoder by the name of its entry point.

    Raises:
        CheckpointError: No package brings it, or importing it fails.
    """
    try:
        found = entry_points(group=GROUP)[name]
    except KeyError as error:
        known = ", ".join(installed()) or "none"
        raise CheckpointError(
            f"No installed package brings the encoder '{name}'. Installed encoders: {known}."
        ) from error
    try:
        source: EncoderSource = found.load()
    except (ImportError, AttributeError) as error:
        raise CheckpointError(f"The encoder '{name}' ({found.value}) cannot be imported: {error}") from error
    return source

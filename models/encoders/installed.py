"""Encoders that installed packages bring by the entry points of the group `segue.encoders`."""

import re
from importlib.metadata import entry_points
from pathlib import Path

from models.checkpoint import CheckpointError
from models.encoders.interface import EncoderSource
from models.encoders.vibe import shipped_sources, source_of

GROUP = "segue.encoders"
WEIGHTS_SUFFIX = ".safetensors"
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAX_DIMENSION = 4096


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
        CheckpointError: No package brings it, several do, importing it fails, or its version or dimension cannot be
            that of a space of its own.
    """
    found = list({each.value: each for each in entry_points(group=GROUP, name=name)}.values())
    if not found:
        known = ", ".join(installed()) or "none"
        raise CheckpointError(f"No installed package brings the encoder '{name}'. Installed encoders: {known}.")
    if len(found) > 1:
        places = " and ".join(sorted(each.value for each in found))
        raise CheckpointError(f"Several packages bring an encoder '{name}': {places}. Uninstall all but one.")
    try:
        source: EncoderSource = found[0].load()
        version, dimension = source.version, source.dimension
    except Exception as error:  # whatever the module of another package raises
        raise CheckpointError(f"The encoder '{name}' ({found[0].value}) cannot be imported: {error}") from error
    if not VERSION.fullmatch(version) or not 1 <= dimension <= MAX_DIMENSION:
        raise CheckpointError(
            f"The encoder '{name}' has the version '{version}' and {dimension} dimensions. A version has letters, "
            f"digits, '.', '-' and '_', at most 64; there are 1 to {MAX_DIMENSION} dimensions."
        )
    if version in {each.version for each in shipped_sources()}:
        raise CheckpointError(f"The encoder '{name}' has the version {version} of an encoder that Segue ships with.")
    return source

"""Text towers that installed packages bring for the spaces of their encoders.

An entry point of the group `segue.text_towers` has the model version as its name, and makes a `TextEmbedder`.
"""

from functools import cache
from importlib.metadata import entry_points

from services.domain.words import TextEmbedder

GROUP = "segue.text_towers"


def has_tower(version: str | None) -> bool:
    """Return whether a package brings a text tower of a space; nothing is imported."""
    return version in entry_points(group=GROUP).names


@cache
def tower_of(version: str | None) -> TextEmbedder | None:
    """Load the text tower that a package brings for a space; None if there is none."""
    if version is None or not has_tower(version):
        return None
    tower: TextEmbedder = entry_points(group=GROUP)[version].load()()
    return tower

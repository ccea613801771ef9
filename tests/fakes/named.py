"""Changes to the tags of tracks in the small library."""

from pathlib import Path

from services.composition import Services
from tests.fakes.library import register
from tests.fakes.serving import wait_until_indexed


def retag(services: Services, library: Path, number: int, *, title: str | None = None, ids: dict[str, str]) -> None:
    """Register a track's file with other tags, as a scan does after an edit."""
    register(services.catalogue, library / "music" / f"{number:03}.wav", number, title, ids)
    wait_until_indexed(services)

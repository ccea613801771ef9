"""Changes to the tags of tracks in the small library."""

from pathlib import Path

from services.catalog.library import FileStamp
from services.composition import Services
from services.domain.track import Tags
from tests.fakes.library import GENRES, SECONDS, track_id
from tests.fakes.serving import wait_until_indexed


def retag(services: Services, library: Path, number: int, *, title: str | None = None, ids: dict[str, str]) -> None:
    """Register a track's file with other tags, as a scan does after an edit."""
    feel = number % len(GENRES)
    file = library / "music" / f"{number:03}.wav"
    found = file.stat()
    tags = Tags(
        title=title or f"Title {number:03}",
        artist=f"Artist {feel}",
        album=f"Album {feel}",
        year=2000 + number,
        genre=GENRES[feel],
        duration_ms=SECONDS * 1000,
        ids={"test": str(number), **ids},
    )
    stamp = FileStamp(str(file), str(file.parent), found.st_size, found.st_mtime_ns)
    services.catalogue.library.register(track_id(number), tags, stamp)
    wait_until_indexed(services)

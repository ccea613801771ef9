"""A small library, written through the catalogue's stores as a scan and a worker do."""

import uuid
import wave
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.filters import ATTRIBUTES
from services.domain.track import EMBEDDING_DIM, Analysis, Tags
from tests.fakes.words import FakeTower

GENRES = ("Ambient", "Folk", "Industrial", "Orchestral")
MODEL = "test-1"
SECONDS = 2
SEED = 7


@contextmanager
def open_catalogue(folder: Path) -> Iterator[Catalogue]:
    """Open a new SQLite catalogue in a folder until the context ends."""
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{folder / 'catalogue.db'}")
    catalogue.migrate()
    try:
        yield catalogue
    finally:
        catalogue.close()


def track_id(number: int) -> str:
    """Return the id of a numbered track."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"track {number}"))


def write_library(catalogue: Catalogue, folder: Path, count: int, seconds: float = SECONDS) -> list[str]:
    """Write `count` ready tracks. Tracks with the same number modulo 4 are similar and share genre and artist.

    Track n has the external id `test:n`; its tempo is 80 + n, its energy 0.25 × (n modulo 4). The catalogue says that
    each lasts `seconds`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    catalogue.migrate()
    random = np.random.default_rng(SEED)
    centres = random.normal(size=(len(GENRES), EMBEDDING_DIM))
    ids = []
    for number in range(count):
        feel = number % len(GENRES)
        embedding = centres[feel] + 0.4 * random.normal(size=EMBEDDING_DIM)
        ids.append(register(catalogue, write_tone(folder / f"{number:03}.wav", 200 + number), number))
        catalogue.analyses.record(ids[-1], _analysis(embedding, number, seconds))
    return ids


def tower() -> FakeTower:
    """Return a text tower that understands the names of the library's genres."""
    centres = np.random.default_rng(SEED).normal(size=(len(GENRES), EMBEDDING_DIM))
    units = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    return FakeTower({genre.casefold(): unit for genre, unit in zip(GENRES, units, strict=True)})


def register(  # noqa: PLR0913  each is another thing to vary
    catalogue: Catalogue,
    file: Path,
    number: int,
    title: str | None = None,
    ids: Mapping[str, str] | None = None,
    *,
    copy_of: int | None = None,
) -> str:
    """Register a file as a scan does. A new track is pending; a copy has the tags of another number."""
    named = number if copy_of is None else copy_of
    feel = named % len(GENRES)
    tags = Tags(
        title=title or f"Title {named:03}",
        artists=(f"Artist {feel}",),
        album=f"Album {feel}",
        year=2000 + number,
        genres=(GENRES[feel],),
        duration_ms=SECONDS * 1000,
        ids={"test": (str(number),)} | {namespace: (value,) for namespace, value in (ids or {}).items()},
    )
    found = file.stat()
    stamp = FileStamp(str(file), str(file.parent), found.st_size, found.st_mtime_ns)
    catalogue.library.register(track_id(number), tags, stamp)
    return track_id(number)


def record(catalogue: Catalogue, track: str, number: int) -> None:
    """Make a pending track ready, with an embedding that depends on its number."""
    catalogue.analyses.record(track, _analysis(unit_vector(number), number))


def unit_vector(seed: int) -> np.ndarray:
    """Return a random point of the vibe space."""
    drawn = np.random.default_rng(seed).normal(size=EMBEDDING_DIM)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def write_tone(file: Path, hertz: int) -> Path:
    """Write an audio file with a tone."""
    times = np.arange(8000 * SECONDS) / 8000
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes((np.sin(2 * np.pi * hertz * times) * 9000).astype("<i2").tobytes())
    return file


def _analysis(embedding: np.ndarray, number: int, seconds: float = SECONDS) -> Analysis:
    feel = number % len(GENRES)
    return Analysis(
        embedding=(embedding / np.linalg.norm(embedding)).astype(np.float32),
        dispersion=0.1,
        attributes={**dict.fromkeys(ATTRIBUTES, 0.5), "energy": 0.25 * feel, "liveness": None},
        descriptors={
            "tempo": 80.0 + number,
            "tempo_confidence": 0.8,
            "key": number % 12,
            "mode": 1,
            "time_signature": 3 + number % 2,
            "duration": float(seconds),
        },
        tags={"calm": 0.7},
        model_version=MODEL,
    )

"""A library of any size for the map: mixtures of real analyses, written to a catalogue in large steps."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from models.text.tower import DEFAULT_VERSION
from services.catalog import Catalogue
from services.catalog.database import batched, now
from services.catalog.tables import LocationRow, TrackRow
from services.domain.filters import ATTRIBUTES
from services.domain.track import TrackStatus
from tests.fakes.library import write_tone
from tests.fakes.rows import write_tracks

ANALYSES = Path(__file__).parents[2] / "docs/evaluation/validation.npz"
NEIGHBOURS = 11
NOISE = 0.06
SEED = 3
ROWS = 2000


@dataclass(frozen=True)
class Mixture:
    """n tracks, each between a real track and one of its neighbours, with some noise."""

    vectors: np.ndarray
    """(n, 128), float32, unit length."""
    origins: np.ndarray
    """(n,), the real track that each is nearest to."""
    tracks: list[dict[str, Any]]
    """The real tracks."""


def mixture(count: int) -> Mixture:
    """Mix the tracks that the encoder is evaluated on."""
    with np.load(ANALYSES) as stored:
        real, tracks = stored["embeddings"].astype(np.float32), json.loads(stored["tracks"].item())
    random = np.random.default_rng(SEED)
    near = np.argsort(-(real @ real.T), axis=1)[:, 1 : NEIGHBOURS + 1]
    origins = random.integers(len(real), size=count)
    others = near[origins, random.integers(NEIGHBOURS, size=count)]
    share = 0.5 * random.random((count, 1), dtype=np.float32)
    noise = random.normal(0, NOISE, (count, real.shape[1])).astype(np.float32)
    mixed = (1 - share) * real[origins] + share * real[others] + noise
    return Mixture(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), origins, tracks)


def write_mixture(catalogue: Catalogue, folder: Path, count: int, *, audio: bool = False) -> list[str]:
    """Write ready tracks and return their ids; with `audio`, all share the content of one file."""
    catalogue.migrate()
    made = mixture(count)
    random = np.random.default_rng(SEED)
    ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, f"mixture {number}")) for number in range(count)]
    for numbers in batched(range(count), ROWS):
        with catalogue.database.write() as session:
            write_tracks(session, [_row(made, ids, random, number) for number in numbers])
    if audio:
        folder.mkdir(parents=True, exist_ok=True)
        tone = write_tone(folder / "tone.wav", 330)
        with catalogue.database.write() as session:
            session.execute(insert(LocationRow), [_location(tone, folder, each) for each in ids])
    return ids


def _row(made: Mixture, ids: list[str], random: np.random.Generator, number: int) -> dict[str, Any]:
    track = made.tracks[made.origins[number]]
    measured = {
        name: None
        if track["attributes"][name] is None
        else float(np.clip(track["attributes"][name] + random.normal(0, 0.05), 0, 1))
        for name in ATTRIBUTES
    }
    title, artist = f"{track['title']} {number}", track["author"][:40]
    album = track["package"].removesuffix("-music").replace("-", " ").title()
    return {
        "id": ids[number],
        "status": TrackStatus.READY,
        "attempts": 0,
        "embedding": made.vectors[number].astype("<f4").tobytes(),
        "model_version": DEFAULT_VERSION,
        "revision": 1,
        "index_pending": True,
        "added_at": now(),
        "title": title,
        "artist": artist,
        "album": album,
        "year": int(random.integers(1990, 2025)),
        "duration_ms": 1000 * int(track["seconds"]),
        "tags": track["tags"],
        **measured,
        **{name: value for name, value in track["descriptors"].items() if hasattr(TrackRow, name)},
    }


def _location(tone: Path, folder: Path, track_id: str) -> dict[str, Any]:
    file = folder / f"{track_id}.wav"
    if not file.exists():
        file.hardlink_to(tone)
    found = file.stat()
    return {
        "track_id": track_id,
        "path": str(file),
        "root": str(folder),
        "size": found.st_size,
        "mtime_ns": found.st_mtime_ns,
    }

"""The material of the evaluation: analysed tracks of soundtracks, and simulated listeners of them."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.track import Analysis, Tags, Vector
from services.index import VectorIndex
from services.index.embedded import IvfIndex
from services.index.indexer import Indexer

NAMESPACE = uuid.UUID("6f6b2c1e-5b0e-4c1c-9a55-0c1f7b1f5e11")
"""Namespace of the track ids."""

PLAYS = 4
"""Played tracks of each interest; a good answer contains the others."""

NOISE = 2
"""Plays or skips of tracks outside of all interests."""

SKIPS = 3
"""Skipped tracks of one interest."""

SEED = 2026
"""Differs from the seeds of the listeners on which the recommender's constants were chosen."""

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Material:
    """n analysed tracks.

    Attributes:
        ids: Track ids.
        soundtracks: (n,), text: the soundtrack of each track. An interest is one soundtrack.
        vectors: (n, 128), unit length.
        energies: (n,), 0 to 1.
        model_version: Of the encoder that computed the vectors.
    """

    ids: tuple[str, ...]
    soundtracks: NDArray[np.str_]
    vectors: NDArray[np.float64]
    energies: NDArray[np.float64]
    model_version: str
    tags: tuple[Tags, ...]
    analyses: tuple[Analysis, ...]

    def __len__(self) -> int:
        return len(self.ids)


def read(file: Path) -> Material:
    """Read the file that `python -m models.evaluation.export` wrote."""
    with np.load(file) as stored:
        vectors: Vector = stored["embeddings"]
        tracks: list[dict[str, Any]] = json.loads(stored["tracks"].item())
        version = str(stored["model_version"].item())
    named = list(enumerate(tracks))
    return Material(
        ids=tuple(str(uuid.uuid5(NAMESPACE, f"{number} {track['package']}")) for number, track in named),
        soundtracks=np.array([track["package"] for track in tracks]),
        vectors=vectors.astype(np.float64),
        energies=np.array([track["attributes"]["energy"] for track in tracks]),
        model_version=version,
        tags=tuple(_tags(track) for track in tracks),
        analyses=tuple(_analysis(track, vectors[number], version) for number, track in named),
    )


@contextmanager
def library(material: Material, folder: Path) -> Iterator[tuple[Catalogue, VectorIndex]]:
    """Open a catalogue and an index with the material in a folder; both are created if they do not exist."""
    shard = folder / "shard"
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{folder / 'catalogue.db'}")
    catalogue.migrate()
    if shard.exists():
        index = IvfIndex.load(shard)
    else:
        index = IvfIndex.create(shard)
        write(material, catalogue, index)
    try:
        yield catalogue, index
    finally:
        index.close()
        catalogue.close()


def write(material: Material, catalogue: Catalogue, index: VectorIndex) -> None:
    """Write every track in the way that a scan, a worker and the indexer do."""
    for track_id, tags, analysis in zip(material.ids, material.tags, material.analyses, strict=True):
        path = f"/validation/{track_id}.ogg"
        catalogue.library.register(track_id, tags, FileStamp(path, "/validation", 0, 0))
        catalogue.analyses.record(track_id, analysis)
    indexer = Indexer(catalogue.indexing, index)
    while indexer.index_once():
        pass


def positions(material: Material, track_ids: Sequence[str]) -> list[int]:
    """Return the positions of tracks in the material."""
    place = {track_id: number for number, track_id in enumerate(material.ids)}
    return [place[track_id] for track_id in track_ids]


@dataclass(frozen=True, slots=True)
class Listener:
    """A simulated listener, as positions in the material.

    Attributes:
        interests: Names of soundtracks.
        plays: For each interest, (PLAYS,): tracks that were played whole.
        hidden: For each interest, its other tracks, which a good answer contains.
        kept_back: Tracks that are not offered to the recommender.
        noise: Tracks outside of the interests that were played whole.
        skipped: Tracks that were skipped at once.
    """

    interests: tuple[str, ...]
    plays: tuple[Positions, ...]
    hidden: tuple[Positions, ...]
    kept_back: Positions
    noise: Positions
    skipped: Positions

    @property
    def played(self) -> Positions:
        """All tracks that were played whole."""
        return np.concatenate([*self.plays, self.noise])

    @property
    def wanted(self) -> Positions:
        """All tracks that a good answer contains."""
        return np.concatenate(self.hidden)

    @property
    def left_out(self) -> Positions:
        """All tracks that an answer must not contain."""
        return np.concatenate([self.played, self.kept_back, self.skipped])


def listeners(material: Material, interests: int, count: int, seed: int = SEED) -> Iterator[Listener]:
    """Draw listeners with a number of interests; the same seed draws the same listeners."""
    random = np.random.default_rng([seed, interests])
    names, sizes = np.unique(material.soundtracks, return_counts=True)
    names = names[sizes > PLAYS]
    nothing = np.empty(0, dtype=np.intp)
    for _ in range(count):
        chosen = random.choice(names, interests, replace=False)
        mixed = [random.permutation(np.flatnonzero(material.soundtracks == name)) for name in chosen]
        yield Listener(
            interests=tuple(chosen.tolist()),
            plays=tuple(tracks[:PLAYS] for tracks in mixed),
            hidden=tuple(tracks[PLAYS:] for tracks in mixed),
            kept_back=nothing,
            noise=nothing,
            skipped=nothing,
        )


def with_noise(material: Material, listener: Listener, seed: int) -> Listener:
    """Return the listener with plays of a few tracks of other soundtracks."""
    return replace(listener, noise=_others(material, listener, NOISE, seed))


def with_skips(material: Material, listener: Listener, seed: int) -> Listener:
    """Return the listener with skips of a few tracks of other soundtracks."""
    return replace(listener, skipped=_others(material, listener, NOISE, seed))


def before_skips(listener: Listener, interest: int, count: int = SKIPS) -> Listener:
    """Return the listener with some tracks of one interest not offered."""
    hidden = list(listener.hidden)
    kept_back, hidden[interest] = hidden[interest][:count], hidden[interest][count:]
    return replace(listener, hidden=tuple(hidden), kept_back=kept_back)


def after_skips(listener: Listener, interest: int, count: int = SKIPS) -> Listener:
    """Return the listener with skips of the tracks that `before_skips` keeps back: both get the same offer."""
    hidden = list(listener.hidden)
    skipped, hidden[interest] = hidden[interest][:count], hidden[interest][count:]
    return replace(listener, hidden=tuple(hidden), skipped=skipped)


def _others(material: Material, listener: Listener, count: int, seed: int) -> Positions:
    others = np.flatnonzero(~np.isin(material.soundtracks, listener.interests))
    return np.random.default_rng(seed).choice(others, count, replace=False)


def _tags(track: dict[str, Any]) -> Tags:
    milliseconds = round(1000 * track["seconds"])
    return Tags(title=track["title"], artists=(track["author"],), album=track["package"], duration_ms=milliseconds)


def _analysis(track: dict[str, Any], vector: Vector, version: str) -> Analysis:
    return Analysis(
        embedding=vector,
        dispersion=0.0,
        attributes=track["attributes"],
        descriptors=track["descriptors"],
        tags=track["tags"],
        model_version=version,
    )

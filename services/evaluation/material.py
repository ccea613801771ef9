"""What the recommender is judged on: analysed tracks, each of one soundtrack, in a real catalogue and a real index."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.track import Analysis, Tags, Vector
from services.index import VectorIndex
from services.index.indexer import Indexer
from services.index.qdrant_edge import EdgeIndex

NAMESPACE = uuid.UUID("6f6b2c1e-5b0e-4c1c-9a55-0c1f7b1f5e11")


@dataclass(frozen=True, slots=True)
class Material:
    """n analysed tracks.

    Attributes:
        ids: Of the tracks.
        soundtracks: (n,), text: what each belongs to; an interest is one soundtrack.
        vectors: (n, 128), unit length.
        energies: (n,), 0 to 1.
        model_version: Of the encoder that heard them.
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
    """What `python -m models.evaluation.export` wrote."""
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
    """A catalogue and an index in a folder that hold the material; opened as they are where they are there already."""
    shard = folder / "shard"
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{folder / 'catalogue.db'}")
    catalogue.migrate()
    if shard.exists():
        index = EdgeIndex.load(shard)
    else:
        shard.mkdir()
        index = EdgeIndex.create(shard)
        write(material, catalogue, index)
    try:
        yield catalogue, index
    finally:
        index.close()
        catalogue.close()


def write(material: Material, catalogue: Catalogue, index: VectorIndex) -> None:
    """Record every track as a scan, a worker and the indexer do."""
    for track_id, tags, analysis in zip(material.ids, material.tags, material.analyses, strict=True):
        path = f"/validation/{track_id}.ogg"
        catalogue.library.register(track_id, tags, FileStamp(path, "/validation", 0, 0))
        catalogue.analyses.record(track_id, analysis)
    indexer = Indexer(catalogue.indexing, index)
    while indexer.index_once():
        pass


def positions(material: Material, track_ids: Sequence[str]) -> list[int]:
    """Where these tracks stand in the material."""
    place = {track_id: number for number, track_id in enumerate(material.ids)}
    return [place[track_id] for track_id in track_ids]


def _tags(track: dict[str, Any]) -> Tags:
    milliseconds = round(1000 * track["seconds"])
    return Tags(title=track["title"], artist=track["author"], album=track["package"], duration_ms=milliseconds)


def _analysis(track: dict[str, Any], vector: Vector, version: str) -> Analysis:
    return Analysis(
        embedding=vector,
        dispersion=0.0,
        attributes=track["attributes"],
        descriptors=track["descriptors"],
        tags=track["tags"],
        model_version=version,
    )

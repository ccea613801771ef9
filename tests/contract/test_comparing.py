"""The comparison of a space with the served one, and the maps that it fits."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from models.text.tower import DEFAULT_VERSION as TOWER
from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.library import FileStamp
from services.catalog.space_analyses import store_beside
from services.domain.track import EMBEDDING_DIM, Analysis, TrackStatus
from services.domain.vector_index import PICTURES, TRACKS
from services.index.comparing import QUERIES, compare
from services.index.exact import ExactIndex
from services.recommend.carrying import Carrying
from tests.fakes.library import track_id, unit_vector
from tests.fakes.pictures import reading
from tests.fakes.rows import write_tracks
from tests.fakes.spaces import complete_space, serve_space

SERVED, NEXT = "m2", "m3"
TRACKS_COUNT = 250
PICTURE = "00000000-0000-5000-8000-000000000001"


def rotation(seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(EMBEDDING_DIM, EMBEDDING_DIM))
    return np.linalg.qr(drawn)[0].astype(np.float32)


ROTATIONS = {SERVED: rotation(1), NEXT: rotation(2)}


def write(catalogue: Catalogue, vectors: Sequence[np.ndarray]) -> None:
    """Write ready tracks of the text tower's space, and their analyses in two rotated ones."""
    ready = {"model_version": TOWER, "status": TrackStatus.READY, "revision": 1, "index_pending": True, "attempts": 0}
    rows = [
        {"id": track_id(number), "title": "T", "embedding": vector.tobytes(), "added_at": now(), **ready}
        for number, vector in enumerate(vectors)
    ]
    with catalogue.database.write() as session:
        write_tracks(session, rows)
        for number, vector in enumerate(vectors):
            for version, turned in ROTATIONS.items():
                store_beside(session, track_id(number), Analysis(vector @ turned, 0.0, {}, {}, {}, version))


@pytest.fixture
def compared(catalogue: Catalogue) -> Catalogue:
    """A catalogue with a space that is neither served nor of the text tower, and its comparison."""
    write(catalogue, [unit_vector(number) for number in range(TRACKS_COUNT)])
    catalogue.pictures.register(PICTURE, FileStamp("/pictures/1.jpg", "/pictures", 1, 1), TOWER)
    catalogue.pictures.record(PICTURE, replace(reading(unit_vector(7)), model_version=TOWER))
    serve_space(catalogue, SERVED, TOWER)
    complete_space(catalogue, NEXT)
    catalogue.picture_indexing.clear(catalogue.picture_indexing.pending(10))
    indexes = {space: ExactIndex(catalogue.queue_of(TRACKS, space)) for space in (SERVED, NEXT)}
    compare(catalogue, SERVED, NEXT, indexes)
    return catalogue


def test_rotated_spaces_have_the_same_neighbours(compared):
    comparison = compared.space_store.get(NEXT).comparison

    assert (comparison["with_space"], comparison["tracks"]) == (SERVED, QUERIES)
    assert comparison["overlap"] == 1
    assert comparison["mapping_cosine"] > 0.99
    assert comparison["carries_words"] is True


def test_texts_are_carried_from_the_space_of_the_text_tower(compared):
    """Also if another one was served in between."""
    compared.space_store.serve(NEXT)
    text = unit_vector(1000)

    assert Carrying(compared).carry(text, TOWER) @ (text @ ROTATIONS[NEXT]) > 0.99


def test_pictures_are_indexed_once_there_is_a_map(compared):
    """The index of the space was built without them."""
    [change] = compared.queue_of(PICTURES, NEXT).pending(10)

    assert change.point.vector @ (unit_vector(7) @ ROTATIONS[NEXT]) > 0.99

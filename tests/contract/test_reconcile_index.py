"""Reconciling repairs differences between catalogue and index, in the embedded index and on a server."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from qdrant_client import QdrantClient

from services.index import Point
from services.index.embedded import IvfIndex
from services.index.indexer import Difference, Indexer, reconcile
from services.index.qdrant_server import ServerIndex
from tests.fakes.library import track_id, write_library

COUNT = 6
UNKNOWN = "00000000-0000-5000-8000-000000000099"


@pytest.fixture
def catalogue(sqlite_catalogue, tmp_path):
    """A catalogue with COUNT ready tracks."""
    write_library(sqlite_catalogue, tmp_path / "music", COUNT)
    return sqlite_catalogue


@pytest.fixture(params=["embedded", "server"])
def index(request, tmp_path, catalogue):
    """An index that contains every ready track."""
    if request.param == "embedded":
        (tmp_path / "shard").mkdir()
        opened = IvfIndex.create(tmp_path / "shard")
    else:
        opened = ServerIndex(QdrantClient(":memory:"), "segue")
    Indexer(catalogue.indexing, opened).index_once()
    yield opened
    opened.close()


def tracks(*numbers):
    return {track_id(number) for number in numbers}


def test_missing_points_are_added_and_orphans_deleted(catalogue, index):
    """Points that the index lacks are added; those of unknown tracks and of tracks that are not ready are deleted."""
    index.delete([track_id(0), track_id(1)])
    index.upsert([Point(UNKNOWN, np.eye(128, dtype=np.float32)[0], {})])
    catalogue.library.forget_files([file.path for file in catalogue.tracks.files(track_id(2))])
    catalogue.indexing.clear(catalogue.indexing.pending(10))  # so the index keeps the point

    assert reconcile(catalogue.indexing, index) == Difference(missing=2, orphans=2)
    Indexer(catalogue.indexing, index).index_once()
    assert set(index.ids()) == tracks(0, 1, 3, 4, 5)
    assert reconcile(catalogue.indexing, index) == Difference(missing=0, orphans=0)


def test_marked_tracks_are_left_to_the_indexer(catalogue, index):
    """A marked track counts neither as missing nor as an orphan."""
    index.delete([track_id(0)])
    catalogue.indexing.mark([track_id(0)])
    catalogue.library.forget_files([file.path for file in catalogue.tracks.files(track_id(1))])

    assert reconcile(catalogue.indexing, index) == Difference(missing=0, orphans=0)


def test_reconciling_concurrently_with_an_indexer(catalogue, index):
    """Two concurrent reconciliations and two index passes give the same index as one of each."""
    index.delete([track_id(0)])
    index.upsert([Point(UNKNOWN, np.eye(128, dtype=np.float32)[0], {})])
    indexer = Indexer(catalogue.indexing, index)
    with ThreadPoolExecutor(4) as pool:
        work = [lambda: reconcile(catalogue.indexing, index), indexer.index_once] * 2
        for done in [pool.submit(one) for one in work]:
            done.result()
    indexer.index_once()

    assert set(index.ids()) == tracks(*range(COUNT))
    assert reconcile(catalogue.indexing, index) == Difference(missing=0, orphans=0)

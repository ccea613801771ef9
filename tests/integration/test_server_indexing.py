"""The index task of a worker, against qdrant-client's in-memory server."""

import numpy as np
import pytest
from qdrant_client import QdrantClient

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.track import Analysis, Tags
from services.index import Query
from services.index.qdrant_server import ServerIndex
from services.settings import Settings
from tests.fakes.queue import RecordingQueue
from workers import lifecycle, tasks
from workers.lifecycle import ChildProcess

UNIT = np.eye(128, dtype=np.float32)


@pytest.fixture
def process(tmp_path, monkeypatch):
    """This process as a worker child."""
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{tmp_path / 'catalogue.db'}")
    catalogue.migrate()
    opened = ChildProcess(Settings(data_dir=tmp_path), catalogue, RecordingQueue())
    opened.server_index = ServerIndex(QdrantClient(":memory:"), "segue")
    monkeypatch.setattr(lifecycle, "_child", opened)
    yield opened
    catalogue.close()


def analyse(catalogue, number):
    track_id = f"00000000-0000-5000-8000-{number:012d}"
    catalogue.library.register(track_id, Tags("T"), FileStamp(f"/music/{number}.mp3", "/music", 1, 1))
    catalogue.analyses.record(track_id, Analysis(UNIT[number], 0.0, {}, {}, {}, "m1"))
    return track_id


def test_what_is_marked_becomes_searchable(process):
    """The first run fills a server that has nothing, later ones take in what is new."""
    first = analyse(process.catalogue, 1)
    tasks.index()
    second = analyse(process.catalogue, 2)
    tasks.index()

    [hits] = process.server_index.query([Query(UNIT[2], limit=5)])
    assert [hit.id for hit in hits] == [second, first]
    assert process.catalogue.indexing.count_pending() == 0


def test_a_reindex_replaces_the_collection(process):
    """What the server had and the catalogue has not is gone after `segue reindex`."""
    kept = analyse(process.catalogue, 1)
    tasks.index()
    analyse(process.catalogue, 2)
    tasks.index()
    process.catalogue.library.forget_files(["/music/2.mp3"])
    process.catalogue.indexing.clear(process.catalogue.indexing.pending(10))  # the index never hears of it
    process.catalogue.indexing.rebuild()
    tasks.index()

    assert list(process.server_index.ids()) == [kept]
    assert process.server_index.generation() == process.catalogue.indexing.generation() == 2

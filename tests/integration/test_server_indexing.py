"""The index task of a worker, against qdrant-client's in-memory server and a real broker."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from qdrant_client import QdrantClient
from redis import Redis

from services.catalog.library import FileStamp
from services.domain.errors import BrokerUnavailable
from services.domain.track import Analysis, Tags
from services.domain.vector_index import PICTURES, TRACKS
from services.index import Query
from services.index.qdrant_server import ServerIndex
from services.settings import Settings
from services.tasks.queue import TaskQueue
from tests.fakes.pictures import write_picture
from workers import lifecycle, tasks
from workers.lifecycle import ChildContext

LOCK = "segue.exclusive.rebuild"
START_TIMEOUT_SECONDS = 60
UNIT = np.eye(128, dtype=np.float32)


@pytest.fixture
def process(catalogue, tmp_path, monkeypatch, broker_url):
    """This process as a worker child."""
    opened = ChildContext(Settings(data_dir=tmp_path), catalogue, TaskQueue(broker_url))
    client = QdrantClient(":memory:")
    opened.servers = {
        TRACKS.name: ServerIndex(client, "segue"),
        PICTURES.name: ServerIndex(client, "segue-pictures", PICTURES),
    }
    monkeypatch.setattr(lifecycle, "_child", opened)
    return opened


def analyse(catalogue, number):
    track_id = f"00000000-0000-5000-8000-{number:012d}"
    catalogue.library.register(track_id, Tags("T"), FileStamp(f"/music/{number}.mp3", "/music", 1, 1))
    catalogue.analyses.record(track_id, Analysis(UNIT[number], 0.0, {}, {}, {}, "m1"))
    return track_id


def test_marked_tracks_become_searchable(process):
    """The first run fills an empty server, later runs index new tracks."""
    first = analyse(process.catalogue, 1)
    tasks.index()
    second = analyse(process.catalogue, 2)
    tasks.index()

    [hits] = process.server_index.query([Query(UNIT[2], limit=5)])
    assert [hit.id for hit in hits] == [second, first]
    assert process.catalogue.indexing.count_pending() == 0


def test_a_reindex_replaces_the_collection(process):
    """A point that is not in the catalogue is gone after `segue reindex`."""
    kept = analyse(process.catalogue, 1)
    tasks.index()
    analyse(process.catalogue, 2)
    tasks.index()
    process.catalogue.library.forget_files(["/music/2.mp3"])
    process.catalogue.indexing.clear(process.catalogue.indexing.pending(10))  # so the index keeps the point
    process.catalogue.indexing.rebuild()
    tasks.index()

    assert list(process.server_index.ids()) == [kept]
    assert process.server_index.generation() == process.catalogue.indexing.generation() == 2


def test_pictures_have_a_collection_of_their_own(process):
    """A reading becomes a point of the pictures' collection, and leaves it when its file is gone."""
    pictures = process.catalogue.pictures
    track = analyse(process.catalogue, 1)
    picture_id = write_picture(process.catalogue, "/pictures/1.png", UNIT[1])
    tasks.index()

    assert list(process.server_index.ids()) == [track]
    assert list(process.index_of(PICTURES, None).ids()) == [picture_id]
    assert process.index_of(PICTURES, None).generation() == process.catalogue.indexing.generation()

    pictures.forget_files(["/pictures/1.png"])
    tasks.index()

    assert list(process.index_of(PICTURES, None).ids()) == []


class Interrupted(ServerIndex):
    """A real server index that calls a function before its first write."""

    meanwhile = None

    def upsert_into(self, collection, points):
        happening, self.meanwhile = self.meanwhile, None
        if happening is not None:
            happening()
        super().upsert_into(collection, points)


def test_a_second_index_task_leaves_the_rebuild_to_the_first(process):
    """Two concurrent index tasks rebuild once, and the served collection is never deleted."""
    track_id = analyse(process.catalogue, 1)
    staged = []

    def second():
        staged.extend(process.server_index._collections())
        tasks.index()
        assert process.catalogue.indexing.count_pending() == 0  # the second task still indexes marked tracks
        assert process.server_index._collections() == staged

    process.servers[TRACKS.name] = Interrupted(process.server_index._client, "segue")
    process.server_index.meanwhile = second
    tasks.index()

    assert len(staged) == 2
    assert list(process.server_index.ids()) == [track_id]
    assert process.server_index.generation() == 1


def test_a_rebuild_without_its_lease_is_not_served(process, broker_url):
    """A process whose lease expired does not serve its collection; the next task rebuilds the index."""
    analyse(process.catalogue, 1)
    process.servers[TRACKS.name] = Interrupted(process.server_index._client, "segue")
    process.server_index.meanwhile = lambda: Redis.from_url(broker_url).delete(LOCK)

    with pytest.raises(BrokerUnavailable, match="lease expired"):
        tasks.index()
    assert process.server_index.generation() == 0

    tasks.index()
    assert process.server_index.generation() == 1


def test_a_lease_has_one_holder_until_it_is_released(broker_url):
    """While one process holds the lease, another gets None at once; renewing resets the remaining time."""
    one, other, redis = TaskQueue(broker_url), TaskQueue(broker_url), Redis.from_url(broker_url)
    with one.lease("rebuild", 60) as lease:
        with other.lease("rebuild", 60) as refused:
            assert refused is None
        redis.expire(LOCK, 5)
        lease.renew()
        assert redis.ttl(LOCK) > 50
    with other.lease("rebuild", 60) as lease:
        assert lease is not None


def test_releasing_an_expired_lease_keeps_that_of_the_next_holder(broker_url):
    """Releasing an expired lease does not release that of its next holder."""
    one, other, redis = TaskQueue(broker_url), TaskQueue(broker_url), Redis.from_url(broker_url)
    with one.lease("rebuild", 60):
        redis.delete(LOCK)
        late = other.lease("rebuild", 60)
        assert late.__enter__() is not None
    assert redis.exists(LOCK)
    late.__exit__(None, None, None)
    assert not redis.exists(LOCK)


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has mapped is read from /proc")
def test_a_worker_of_the_index_queue_loads_no_encoder(process, tmp_path, broker_url):
    """A worker of the index queue does not load torch."""
    environment = os.environ | {"SEGUE_DATA_DIR": str(tmp_path), "SEGUE_REDIS_URL": broker_url}
    command = [sys.executable, "-m", "services.cli.main", "worker", "--processes=1", "--queues=index"]
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while "worker_child_ready" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        # The other child, for a moment, is ffmpeg, which tells its version.
        (child,) = [each for each in psutil.Process(worker.pid).children() if "celery" in each.cmdline()]
        mapped = {region.path for region in child.memory_maps()}

        assert mapped
        assert not [path for path in mapped if "torch" in path]
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

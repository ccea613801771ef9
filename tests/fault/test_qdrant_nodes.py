"""A cluster of which a node is killed, restarted or frozen; the nodes are real processes of a stand-in for Qdrant."""

import sys
from uuid import UUID

import httpx
import numpy as np
import pytest

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.errors import IndexUnavailable
from services.domain.filters import Filters, Range
from services.domain.track import Analysis, Tags
from services.domain.vector_index import PICTURES, TRACKS, Point, Query
from services.index import nodes as nodes_module
from services.index.qdrant_server import BACKGROUND_SECONDS, ServerIndex
from services.settings import Settings
from services.tasks.queue import TaskQueue
from tests.fakes.installation import installation, wait_until
from tests.fakes.qdrant_nodes import cluster
from workers import lifecycle, tasks
from workers.lifecycle import ChildContext

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are stopped with SIGSTOP")

UNIT = np.eye(128, dtype=np.float32)
LIMIT = 2
# More than it takes until every node has had its turn and has been left out.
MANY = 15


@pytest.fixture
def nodes(tmp_path):
    with cluster(tmp_path) as made:
        yield made


def connect(nodes, timeout=LIMIT):
    return ServerIndex.connect(nodes.urls, None, "segue", timeout)


def identifier(number):
    return str(UUID(int=number + 1))


def point(number, tempo=100.0):
    return Point(identifier(number), UNIT[number], {"tempo": tempo})


def nearest(index, number):
    return index.query([Query(UNIT[number], 1)])[0][0].id


def test_a_killed_node_costs_no_query_and_no_write(nodes):
    """Every request succeeds, and the node is known as silent."""
    index = connect(nodes)
    index.upsert([point(0)])
    nodes.stop(2)

    for number in range(1, MANY):
        index.upsert([point(number)])
        assert nearest(index, number) == identifier(number)

    assert index.count() == MANY
    assert [f"http://{name}" for name in index.silent_nodes()] == [nodes.urls[1]]


def test_a_restarted_node_is_used_again(nodes):
    """It is soon the only one that responds."""
    index = connect(nodes)
    nodes.stop(1)
    for _ in range(MANY):
        index.count()
    nodes.start(1)
    nodes.stop(2)
    nodes.stop(3)

    wait_until(lambda: responds(index))
    assert index.count() == 0


def responds(index):
    try:
        index.count()
    except IndexUnavailable:
        return False
    return True


def test_a_frozen_node_costs_no_query_and_no_write(nodes):
    """Requests of clients and of workers succeed; a resumed node is used again."""
    index, worker = connect(nodes), connect(nodes, BACKGROUND_SECONDS)
    index.upsert([point(0)])

    with nodes.frozen(2):
        for number in range(1, MANY):
            worker.upsert([point(number)])
            assert nearest(index, number) == identifier(number)
        assert index.silent_nodes() == worker.silent_nodes()
        assert len(index.silent_nodes()) == 1

    wait_until(lambda: responds(index) and not index.silent_nodes())


def test_no_write_is_sent_to_a_node_that_is_frozen_before_it(nodes):
    """Workers ask a node first, so it has nothing to apply when it resumes."""
    worker = connect(nodes, BACKGROUND_SECONDS)
    worker.upsert([point(0)])
    with nodes.frozen(1), nodes.frozen(3):
        for number in range(MANY):
            worker.upsert([point(number)])

    assert not any(node.late for node in worker._nodes._nodes)


def test_no_node_responds(nodes):
    """The request fails within its limit, and later ones fail at once."""
    index = connect(nodes)
    index.count()
    with nodes.frozen(1), nodes.frozen(2), nodes.frozen(3):
        for _ in range(MANY):
            with pytest.raises(IndexUnavailable):
                index.count()
        with pytest.raises(IndexUnavailable, match="several times in a row"):
            index.count()

    wait_until(lambda: responds(index))


def test_the_status_names_a_node_that_does_not_respond(nodes, tmp_path):
    """The service stays ready."""
    with installation(tmp_path / "data", qdrant_url=",".join(nodes.urls)) as here, here.api() as api:
        nodes.stop(3)
        with httpx.Client(base_url=api.url, trust_env=False, timeout=60) as http:
            wait_until(lambda: http.get("/v1/status").json()["index"]["silent_nodes"])
            index = http.get("/v1/status").json()["index"]
            assert api.is_ready()

    assert (index["silent_nodes"], index["points"]) == ([nodes.urls[2].removeprefix("http://")], 0)


def test_a_cluster_can_be_created_and_rebuilt_while_a_node_is_dead(nodes):
    """Also by requests that must not be repeated once a node has them."""
    nodes.stop(1)
    worker = connect(nodes, BACKGROUND_SECONDS)

    for generation in range(1, 4):
        worker.serve(worker.stage(generation))
        assert worker.generation() == generation


@pytest.fixture
def worker(nodes, catalogue, tmp_path, monkeypatch, broker_url):
    """This process as a worker whose index is the cluster."""
    opened = ChildContext(Settings(data_dir=tmp_path), catalogue, TaskQueue(broker_url))
    opened.servers = {
        TRACKS.name: connect(nodes),  # with a short limit, so that a write is sent to a frozen node
        PICTURES.name: ServerIndex.connect(nodes.urls, None, "segue-pictures", LIMIT, collection=PICTURES),
    }
    monkeypatch.setattr(lifecycle, "_child", opened)
    monkeypatch.setattr(nodes_module, "SETTLED_SECONDS", 0.0)
    return opened


def tag(catalogue: Catalogue, year: int):
    catalogue.library.register(identifier(0), Tags("T", year=year), FileStamp("/music/0.mp3", "/music", year, 1))


def year_is(index, year):
    return index.count_matching(Filters(ranges={"year": Range(year, year)})) == 1


def test_a_write_that_a_frozen_node_applies_late_is_corrected(nodes, worker):
    """The newer state of the catalogue is written again."""
    catalogue, index = worker.catalogue, worker.server_index
    tag(catalogue, 1990)
    catalogue.analyses.record(identifier(0), Analysis(UNIT[0], 0.0, {}, {}, {}, "m1"))
    tasks.index()
    served = index.served()
    with nodes.frozen(2):
        tag(catalogue, 2000)
        [change] = catalogue.indexing.changes([identifier(0)])
        while not index._nodes.silent():  # until the frozen node is left out: it gets no newer write
            index.upsert_into(served, [change.point])
        assert any(node.late for node in index._nodes._nodes)
        tag(catalogue, 2010)
        tasks.index()
        assert year_is(index, 2010)
    wait_until(lambda: year_is(index, 2000))  # what happens without a correction

    def corrected():
        tasks.index()
        return year_is(index, 2010) and not any(node.late for node in index._nodes._nodes)

    wait_until(corrected)

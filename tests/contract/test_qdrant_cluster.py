"""Collections on the Qdrant server or cluster of `SEGUE_TEST_QDRANT_URL`, and what a node's failure costs there."""

from uuid import UUID

import numpy as np
import pytest

from services.domain.vector_index import Point, Query
from services.index.qdrant_collections import CollectionSettings
from tests.fakes.qdrant_server import needs_cluster, needs_server, order, server_index

pytestmark = needs_server

UNIT = np.eye(128, dtype=np.float32)
NODE = 2
WRITES = 60


def point(number):
    return Point(str(UUID(int=number + 1)), UNIT[number], {"tempo": 60.0 + number, "tags": ["calm"]})


@pytest.mark.parametrize(
    "settings",
    [
        CollectionSettings(),
        CollectionSettings(shards=4, replication=1),
        CollectionSettings(on_disk=True),
        CollectionSettings(quantisation="int8"),
        CollectionSettings(quantisation="turbo4"),
    ],
    ids=["unset", "shards", "on disk", "int8", "turbo4"],
)
def test_a_collection_is_as_its_settings_say(settings):
    """The server returns what the collection was created with; points are written and found."""
    with server_index(settings) as index:
        index.upsert([point(number) for number in range(10)])

        assert index.differences() == []
        assert index.query([Query(UNIT[3], 1)])[0][0].id == point(3).id


def test_the_alias_moves_to_a_filled_collection():
    """Until then the old collection serves; afterwards it is gone."""
    with server_index() as index:
        index.upsert([point(0)])
        staged = index.stage(1)
        index.upsert_into(staged, [point(1)])
        index.start_graph(staged)
        while not index.graph(staged).is_complete:
            pass
        assert list(index.ids()) == [point(0).id]

        index.serve(staged)
        assert (index.generation(), list(index.ids())) == (1, [point(1).id])


@needs_cluster
@pytest.mark.parametrize(("fail", "repair"), [("stop", "start"), ("freeze", "thaw")])
def test_a_failed_node_costs_no_query_and_no_write(fail, repair):
    """Every query and every write succeeds while the node is away, and everything is there afterwards."""
    with server_index() as index:
        index.upsert([point(0)])
        order(fail, NODE)
        try:
            for number in range(1, WRITES):
                index.upsert([point(number)])
                assert index.query([Query(UNIT[0], 1)])[0][0].id == point(0).id
        finally:
            order(repair, NODE)

        assert sorted(index.ids()) == sorted(point(number).id for number in range(WRITES))


@needs_cluster
def test_a_collection_is_created_while_a_node_is_down():
    """It takes longer, but it succeeds."""
    order("stop", NODE)
    try:
        with server_index() as index:
            index.upsert([point(0)])
            assert index.count() == 1
    finally:
        order("start", NODE)

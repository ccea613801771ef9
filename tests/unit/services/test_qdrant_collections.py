"""The requests that create a collection, as qdrant-client builds them, and the comparison of existing collections."""

import json

import httpx
import pytest
from pydantic import ValidationError
from qdrant_client import QdrantClient
from qdrant_client.models import CollectionInfo

from services.domain.filters import FRAGMENT, KEYWORD_FIELDS, RANGE_FIELDS
from services.domain.vector_index import PICTURES, TRACKS
from services.index.qdrant_collections import Blueprint, CollectionSettings, graph_state
from services.settings import Settings

CLUSTER = {
    "status": "enabled",
    "peer_id": 1,
    "peers": {str(number): {"uri": f"http://node-{number}:6335/"} for number in (1, 2, 3)},
    "raft_info": {"term": 1, "commit": 1, "pending_operations": 0, "is_voter": True},
    "consensus_thread_status": {"consensus_thread_status": "working", "last_update": "2026-11-30T00:00:00Z"},
    "message_send_failures": {},
}


class Server(httpx.MockTransport):
    """Keeps the requests, and answers as a server that stores the configuration of one collection."""

    def __init__(self, cluster=None, indexes=()):
        super().__init__(self._respond)
        self.requests = []
        self._cluster = cluster or {"status": "disabled"}
        self._created = None
        self._indexes = {name: {"data_type": "float", "points": 0} for name in indexes}

    @property
    def sent(self):
        """Method, path with query, and body of each request."""
        return [
            (request.method, request.url.raw_path.decode(), json.loads(request.content or "null"))
            for request in self.requests
        ]

    def body_of(self, method, path):
        [body] = [body for sent, where, body in self.sent if (sent, where.partition("?")[0]) == (method, path)]
        return body

    def _respond(self, request):
        self.requests.append(request)
        path, body = request.url.path, json.loads(request.content or "null")
        if path == "/cluster":
            result = self._cluster
        elif path.endswith("/exists"):
            result = {"exists": self._created is not None}
        elif request.method == "PUT" and path.endswith("/index"):
            schema = body["field_schema"]
            self._indexes[body["field_name"]] = {"data_type": schema["type"], "params": schema, "points": 0}
            result = {"operation_id": 1, "status": "completed"}
        elif request.method == "PUT":
            self._created = body
            result = True
        else:
            result = self._info()
        return httpx.Response(200, json={"result": result, "status": "ok", "time": 0.0})

    def _info(self):
        created = self._created
        names = ("vectors", "shard_number", "replication_factor", "write_consistency_factor")
        return {
            "status": "green",
            "optimizer_status": "ok",
            "segments_count": 2,
            "config": {
                "params": {name: created[name] for name in names},
                "hnsw_config": {"full_scan_threshold": 10000, **created["hnsw_config"]},
                "optimizer_config": {"default_segment_number": 0, "flush_interval_sec": 5},
                "quantization_config": created.get("quantization_config"),
            },
            "payload_schema": self._indexes,
        }


def client_of(server):
    return QdrantClient(url="http://qdrant:6333", transport=server, check_compatibility=False)


UNSET = CollectionSettings()


def created(settings=UNSET, cluster=None, fields=TRACKS, **how):
    server = Server(cluster)
    client = client_of(server)
    Blueprint.of(client, fields, settings).create(client, "segue-1", **how)
    return server


def test_a_single_server_gets_one_shard_and_one_replica():
    """Without settings and without a cluster, the collection is as the server would create it by default."""
    body = created().body_of("PUT", "/collections/segue-1")

    assert (body["shard_number"], body["replication_factor"], body["write_consistency_factor"]) == (1, 1, 1)
    assert body["vectors"] == {"size": 128, "distance": "Cosine", "on_disk": False}
    assert "quantization_config" not in body


def test_a_cluster_gets_two_replicas_and_two_shards_per_node():
    """On three nodes every shard has two replicas, so that one node may fail."""
    body = created(cluster=CLUSTER).body_of("PUT", "/collections/segue-1")

    assert (body["shard_number"], body["replication_factor"], body["write_consistency_factor"]) == (6, 2, 1)


def test_settings_take_precedence_over_the_number_of_nodes():
    """With shards and replication given, the server is not asked about its cluster."""
    server = created(CollectionSettings(shards=12, replication=3, write_consistency=2), CLUSTER)
    body = server.body_of("PUT", "/collections/segue-1")

    assert (body["shard_number"], body["replication_factor"], body["write_consistency_factor"]) == (12, 3, 2)
    assert "/cluster" not in [path for _, path, _ in server.sent]


def test_everything_is_on_disk_if_the_settings_say_so():
    """Vectors, graph and payload indexes are on disk."""
    server = created(CollectionSettings(on_disk=True))
    body = server.body_of("PUT", "/collections/segue-1")
    indexes = [body for _, path, body in server.sent if "/index" in path]

    assert body["vectors"]["on_disk"] is body["hnsw_config"]["on_disk"] is True
    assert {index["field_schema"]["on_disk"] for index in indexes} == {True}


def test_payload_indexes_add_no_links_to_the_graph():
    """Links make the build of the graph many times as long; ACORN replaces them. They are read from disk."""
    indexes = [body["field_schema"] for _, path, body in created().sent if "/index" in path]

    assert {(index["enable_hnsw"], index["on_disk"]) for index in indexes} == {(False, True)}


@pytest.mark.parametrize(
    ("quantisation", "config"),
    [
        ("int8", {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}}),
        ("turbo4", {"turbo": {"bits": "bits4", "always_ram": True}}),
    ],
)
def test_quantised_vectors_stay_in_memory(quantisation, config):
    """The compressed copy is in memory, whatever the vectors are in."""
    body = created(CollectionSettings(quantisation=quantisation)).body_of("PUT", "/collections/segue-1")

    assert body["quantization_config"] == config


def test_no_graph_is_built_while_a_collection_is_filled():
    """A threshold of 0 switches the graph off."""
    filling = created(filling=True).body_of("PUT", "/collections/segue-1")
    empty = created().body_of("PUT", "/collections/segue-1")

    assert filling["optimizers_config"]["indexing_threshold"] == 0
    assert empty["optimizers_config"]["indexing_threshold"] > 0


def test_every_field_that_filters_use_has_a_payload_index():
    """A filter on a field without an index reads every payload."""
    server = created()
    types = {body["field_name"]: body["field_schema"]["type"] for _, path, body in server.sent if "/index" in path}

    assert types == dict.fromkeys(RANGE_FIELDS, "float") | dict.fromkeys((*KEYWORD_FIELDS, FRAGMENT), "keyword")
    assert [body["field_name"] for _, path, body in created(fields=PICTURES).sent if "/index" in path] == ["library"]


def test_the_points_of_a_library_lie_together():
    """The field of libraries, and no other, is that of tenants; an index of before is a difference."""
    schemas = {body["field_name"]: body["field_schema"] for _, path, body in created().sent if "/index" in path}

    assert [name for name, schema in schemas.items() if schema.get("is_tenant")] == ["library"]


def test_creation_may_take_a_minute():
    """While a node is down, a cluster takes long to agree: the limit goes to the server and to the connection."""
    creating = [request for request in created(cluster=CLUSTER).requests if request.method == "PUT"]

    assert {request.url.params["timeout"] for request in creating} == {"60"}
    assert {request.extensions["timeout"]["read"] for request in creating} == {60}


def test_an_interrupted_creation_is_continued():
    """What a first call created is not created again, and what is missing is."""
    server = Server(CLUSTER)
    client = client_of(server)
    blueprint = Blueprint.of(client, TRACKS, CollectionSettings())
    blueprint.create(client, "segue-1")
    del server._indexes["tempo"]
    server.requests.clear()
    blueprint.create(client, "segue-1")

    assert [body["field_name"] for method, _, body in server.sent if method == "PUT"] == ["tempo"]


def differences(existing, wanted):
    server = created(existing, CLUSTER)
    client = client_of(server)
    return Blueprint.of(client, TRACKS, wanted).differences(client.get_collection("segue-1"))


@pytest.mark.parametrize(
    "same", [CollectionSettings(), CollectionSettings(6, 2), CollectionSettings(on_disk=True, quantisation="turbo4")]
)
def test_a_collection_does_not_differ_from_what_created_it(same):
    """What was created by some settings is as these settings say."""
    assert differences(same, same) == []


def test_each_setting_that_differs_is_named():
    """The message has what the collection has and what the settings say; equal changes share a line."""
    wanted = CollectionSettings(4, 3, 2, on_disk=True, quantisation="int8")
    found = differences(CollectionSettings(), wanted)

    assert "shards: 6 instead of 4" in found
    assert "replication: 2 instead of 3" in found
    assert "write consistency: 1 instead of 2" in found
    assert "vectors: in memory instead of on disk" in found
    assert "quantisation: none instead of int8" in found


def test_a_missing_payload_index_is_a_difference():
    """So is one that no filter uses any more."""
    server = created(CollectionSettings(), CLUSTER)
    server._indexes["mood"] = server._indexes.pop("tempo")
    client = client_of(server)
    found = Blueprint.of(client, TRACKS, CollectionSettings()).differences(client.get_collection("segue-1"))

    assert [line.partition(":")[0] for line in found] == ["mood", "tempo"]


def graph(**found):
    server = created()
    info = server._info() | found
    return graph_state(CollectionInfo.model_validate(info))


def test_a_graph_is_complete_when_the_server_has_nothing_left_to_do():
    """Points in segments below the threshold stay outside of the graph."""
    assert graph(points_count=1_000_000, indexed_vectors_count=990_000).is_complete
    assert not graph(points_count=1_000_000, indexed_vectors_count=990_000, status="yellow").is_complete
    assert not graph(points_count=1_000_000, indexed_vectors_count=0).is_complete
    assert graph(points_count=2_000, indexed_vectors_count=0).is_complete


def test_a_server_that_waits_or_fails_is_not_waited_for():
    """A grey collection needs a change to continue; an error ends the rebuild."""
    assert graph(status="grey").is_waiting
    assert "no space" in graph(status="red", optimizer_status={"error": "no space"}).problem
    assert graph().problem is None


def test_more_consistency_than_replicas_is_refused():
    """No write could succeed."""
    with pytest.raises(ValidationError, match="SEGUE_QDRANT_REPLICATION stores each shard on 2 nodes"):
        Settings(qdrant_replication=2, qdrant_write_consistency=3)

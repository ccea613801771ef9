"""How a collection on a Qdrant server is created, and how an existing one differs from what the settings say."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from qdrant_client import QdrantClient, models

from services.domain.own_features import is_own
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Collection
from services.index.policy import EF_CONSTRUCT, LINKED_FIELDS, TENANT_FIELD, M
from services.index.qdrant_filters import path_of

Quantisation = Literal["none", "int8", "turbo4"]

# While a node is down, a cluster needs more than 10 s to agree on a new collection.
ADMINISTRATION_SECONDS = 60
# The nodes that stay must serve every shard, and a lost node's shards must spread over several others.
SHARDS_PER_NODE = 2
REPLICATION = 2

# In kilobytes of vectors per segment; 0 builds no graph.
INDEXING_THRESHOLD = 20_000
NO_GRAPH = 0
POINTS_PER_KILOBYTE = 2
NO_INDEX = "no index"

_SCALAR = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
_TURBO = models.TurboQuantQuantizationConfig(bits=models.TurboQuantBitSize.BITS4, always_ram=True)
_QUANTISATIONS: dict[Quantisation, models.QuantizationConfig | None] = {
    "none": None,
    "int8": models.ScalarQuantization(scalar=_SCALAR),
    "turbo4": models.TurboQuantization(turbo=_TURBO),
}


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """What the settings say about new collections; None leaves it to the number of nodes.

    `dimension` is the length of the vectors in the space.
    """

    shards: int | None = None
    replication: int | None = None
    write_consistency: int = 1
    on_disk: bool = False
    quantisation: Quantisation = "none"
    dimension: int = EMBEDDING_DIM


ONE_NODE = CollectionSettings(shards=1, replication=1)
"""The settings of a collection on a single server; they need no question to the server."""


@dataclass(frozen=True, slots=True)
class GraphState:
    """How far the graph of a collection is.

    Attributes:
        points: Number of points in the graph.
        is_complete: Whether the server has nothing left to do.
        is_waiting: Whether the server waits for a change before it continues.
        problem: Why the server cannot continue.
    """

    points: int
    is_complete: bool
    is_waiting: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A collection as it is created now."""

    fields: Collection
    shards: int
    replication: int
    write_consistency: int
    on_disk: bool
    quantisation: Quantisation
    dimension: int

    @classmethod
    def of(cls, client: QdrantClient, fields: Collection, settings: CollectionSettings) -> "Blueprint":
        """Complete the settings by the number of nodes of the cluster, which is asked only if they leave it open."""
        shards, replication = settings.shards, settings.replication
        if shards is None or replication is None:
            nodes = count_nodes(client)
            shards = shards or (SHARDS_PER_NODE * nodes if nodes > 1 else 1)
            replication = replication or min(REPLICATION, nodes)
        return cls(
            fields,
            shards,
            replication,
            settings.write_consistency,
            settings.on_disk,
            settings.quantisation,
            settings.dimension,
        )

    def create(self, client: QdrantClient, name: str, *, filling: bool = False) -> None:
        """Create what is missing of the collection; a call that failed is continued by the next one.

        While `filling`, the server builds no graph.
        """
        if not client.collection_exists(name):
            client.create_collection(
                name,
                models.VectorParams(size=self.dimension, distance=models.Distance.COSINE, on_disk=self.on_disk),
                shard_number=self.shards,
                replication_factor=self.replication,
                write_consistency_factor=self.write_consistency,
                hnsw_config=models.HnswConfigDiff(m=M, ef_construct=EF_CONSTRUCT, on_disk=self.on_disk),
                optimizers_config=models.OptimizersConfigDiff(
                    indexing_threshold=NO_GRAPH if filling else INDEXING_THRESHOLD
                ),
                quantization_config=_QUANTISATIONS[self.quantisation],
                timeout=ADMINISTRATION_SECONDS,
            )
        existing = client.get_collection(name).payload_schema
        for field, schema in self._payload_indexes().items():
            if field not in existing:
                client.create_payload_index(name, field, schema, timeout=ADMINISTRATION_SECONDS)

    def differences(self, found: models.CollectionInfo) -> list[str]:
        """Return in what an existing collection differs, such as "shards: 1 instead of 6"."""
        wanted, actual = self._traits(), _traits_of(found)
        changes: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for name in sorted({*wanted, *actual}):
            pair = actual.get(name, NO_INDEX), wanted.get(name, NO_INDEX)
            if pair[0] != pair[1]:
                changes[pair].append(name)
        return [f"{', '.join(names)}: {before} instead of {after}" for (before, after), names in changes.items()]

    def _payload_indexes(self) -> dict[str, models.FloatIndexParams | models.KeywordIndexParams]:
        ranges = {name: _number_index(name) for name in self.fields.range_fields}
        return {**ranges, **{name: _keyword_index(name) for name in self.fields.keyword_fields}}

    def _traits(self) -> dict[str, str]:
        fields = {name: _described(params.type.value, params) for name, params in self._payload_indexes().items()}
        return fields | {
            "shards": str(self.shards),
            "replication": str(self.replication),
            "write consistency": str(self.write_consistency),
            "vectors": _placed(on_disk=self.on_disk),
            "quantisation": self.quantisation,
            "links per point": str(M),
        }


def index_own_feature(client: QdrantClient, collection: str, name: str, *, is_text: bool) -> None:
    """Create the payload index of an own feature, unless it exists."""
    made = _keyword_index(name) if is_text else _number_index(name)
    client.create_payload_index(collection, path_of(name), made, timeout=ADMINISTRATION_SECONDS)


def _number_index(name: str) -> models.FloatIndexParams:
    return models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=name in LINKED_FIELDS, on_disk=True)


def _keyword_index(name: str) -> models.KeywordIndexParams:
    return models.KeywordIndexParams(
        type=models.KeywordIndexType.KEYWORD,
        enable_hnsw=name in LINKED_FIELDS,
        on_disk=True,
        is_tenant=name == TENANT_FIELD or None,
    )


def start_graph(client: QdrantClient, name: str) -> None:
    """Let the server build the graph of a collection that was created for filling."""
    threshold = models.OptimizersConfigDiff(indexing_threshold=INDEXING_THRESHOLD)
    client.update_collection(name, optimizers_config=threshold, timeout=ADMINISTRATION_SECONDS)


def graph_state(found: models.CollectionInfo) -> GraphState:
    """Return the state of the graph. Segments below the threshold have none, so the last points may be outside."""
    points, indexed = found.points_count or 0, found.indexed_vectors_count or 0
    outside = found.segments_count * INDEXING_THRESHOLD * POINTS_PER_KILOBYTE
    failed = isinstance(found.optimizer_status, models.OptimizersStatusOneOf1)
    return GraphState(
        points=indexed,
        is_complete=found.status == models.CollectionStatus.GREEN and points - indexed <= outside,
        is_waiting=found.status == models.CollectionStatus.GREY,
        problem=str(found.optimizer_status) if failed or found.status == models.CollectionStatus.RED else None,
    )


def inactive_replicas(client: QdrantClient, name: str) -> list[str]:
    """Return the replicas of a cluster that serve no requests, with their state."""
    if count_nodes(client) == 1:
        return []
    found = client.collection_cluster_info(name)
    states = [(shard.shard_id, found.peer_id, shard.state) for shard in found.local_shards]
    states += [(shard.shard_id, shard.peer_id, shard.state) for shard in found.remote_shards]
    return [
        f"the replica of shard {shard} on node {peer} is {state.value}"
        for shard, peer, state in sorted(states)
        if state != models.ReplicaState.ACTIVE
    ]


def count_nodes(client: QdrantClient) -> int:
    """Return the number of nodes of the cluster; 1 for a single server."""
    status = client.cluster_status()
    return max(1, len(status.peers)) if isinstance(status, models.ClusterStatusOneOf1) else 1


def _traits_of(found: models.CollectionInfo) -> dict[str, str]:
    params, vectors = found.config.params, found.config.params.vectors
    on_disk = isinstance(vectors, models.VectorParams) and bool(vectors.on_disk)
    fields = {
        name: _described(index.data_type.value, index.params)
        for name, index in found.payload_schema.items()
        if not is_own(name.strip('"'))
    }
    return fields | {
        "shards": str(params.shard_number or 1),
        "replication": str(params.replication_factor or 1),
        "write consistency": str(params.write_consistency_factor or 1),
        "vectors": _placed(on_disk=on_disk),
        "quantisation": _quantisation_of(found.config.quantization_config),
        "links per point": str(found.config.hnsw_config.m),
    }


def _placed(*, on_disk: bool) -> str:
    return "on disk" if on_disk else "in memory"


def _described(kind: str, params: object) -> str:
    """Describe a payload index; a server returns no parameters that were not given, and links are its default."""
    links = "without links" if getattr(params, "enable_hnsw", None) is False else "with links"
    tenants = " of tenants" if getattr(params, "is_tenant", None) else ""
    return f"{kind} index{tenants} {links}{' on disk' if getattr(params, 'on_disk', None) else ''}"


def _quantisation_of(found: models.QuantizationConfig | None) -> str:
    known = (name for name, config in _QUANTISATIONS.items() if type(config) is type(found))
    return next(known, "another")

"""The vector index on a Qdrant server or cluster.

Segue queries an alias that points to a collection `<alias>-<generation>_<random>`. A rebuild fills a new collection and
moves the alias in one step. Until then, every write goes to all collections of the alias, so that the new collection
contains what changes during the rebuild.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException

from services.circuit import CircuitOpen
from services.domain.errors import IndexUnavailable
from services.domain.filters import Filters
from services.domain.own_features import is_own
from services.domain.track import unit_vector
from services.domain.vector_index import TRACKS, Collection, Hit, Point, Query, VectorIndex, ordered
from services.index.nodes import Nodes
from services.index.qdrant_collections import (
    ADMINISTRATION_SECONDS,
    ONE_NODE,
    Blueprint,
    CollectionSettings,
    GraphState,
    graph_state,
    inactive_replicas,
    index_own_feature,
    start_graph,
)
from services.index.qdrant_filters import build_filter
from services.index.qdrant_planner import Planner

# Timeout for requests of clients. A query usually takes milliseconds.
REQUEST_SECONDS = 2
# Timeout for workers; one attempt gets half. A cluster takes up to 40 s to leave a frozen node out, and a server that
# builds its graph writes a batch slowly.
BACKGROUND_SECONDS = 90
# With `WEAK`, replicas may apply concurrent writes of a point in different orders. `STRONG` fails while a node is down.
ORDERING = models.WriteOrdering.MEDIUM
SCROLL_PAGE = 10_000
# A server refuses requests of more than 32 MiB, and a batch of usual tracks has less than 2.
REQUEST_BYTES = 4 * 2**20
# A number of up to 21 characters, as JSON.
NUMBER_BYTES = 22
NEVER_BUILT = 0

# The part after the alias has no hyphen: a collection of the alias `segue-2` must not match the alias `segue`.
_ENDING = re.compile(r"(\d+)(?:_[0-9a-f]{8})?", re.ASCII)


class ServerIndex(VectorIndex):
    """The points of an alias. The first use creates an empty collection, generation 0."""

    def __init__(
        self,
        client: QdrantClient,
        alias: str,
        collection: Collection = TRACKS,
        nodes: Nodes | None = None,
        settings: CollectionSettings = ONE_NODE,
    ) -> None:
        self._client = client
        self._fields = collection
        self._settings = settings
        self._planner = Planner(client, alias, is_quantised=settings.quantisation != "none")
        self._alias = alias
        self._nodes = nodes
        self._exists = False
        self._own = set[tuple[str, str]]()
        """Collections and own features with a payload index."""

    @classmethod
    def connect(  # noqa: PLR0913  how to reach the server, and what its collection is like
        cls,
        urls: Sequence[str],
        api_key: str | None,
        alias: str,
        timeout: int = REQUEST_SECONDS,
        *,
        collection: Collection = TRACKS,
        settings: CollectionSettings = ONE_NODE,
    ) -> Self:
        """Create an index for a server, or for the nodes of a cluster; no request is sent."""
        nodes = Nodes(urls)
        return cls(nodes.client(api_key, timeout), alias, collection, nodes, settings)

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return self._settings.dimension

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; they are in the server's write-ahead log when it returns."""
        for collection in self._collections() if points else []:
            self.upsert_into(collection, points)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points."""
        for collection in self._collections() if ids else []:
            self.delete_from(collection, ids)

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run all queries in one request."""
        vectors = [unit_vector(query.vector, "the query", self.dimension).tolist() for query in queries]
        with self._translated():
            self._ensure()
            requests = [
                models.QueryRequest(
                    query=vector,
                    limit=query.limit,
                    filter=build_filter(query.filters, query.exclude),
                    params=self._planner.params(query),
                    with_payload=False,
                    with_vector=False,
                )
                for query, vector in zip(queries, vectors, strict=True)
            ]
            answers = self._client.query_batch_points(self._alias, requests)
        return [ordered((found.id, found.score) for found in answer.points) for answer in answers]

    def count(self) -> int:
        """Return the number of points."""
        with self._translated():
            self._ensure()
            return self._client.count(self._alias, exact=True).count

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """Return the number of points that match the filters."""
        with self._translated():
            self._ensure()
            return self._client.count(self._alias, count_filter=build_filter(filters, exclude), exact=True).count

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of all points."""
        offset = None
        while True:
            with self._translated():
                self._ensure()
                records, offset = self._client.scroll(
                    self._alias, limit=SCROLL_PAGE, offset=offset, with_payload=False, with_vectors=False
                )
            yield from (str(record.id) for record in records)
            if offset is None:
                return

    @property
    def name(self) -> str:
        """Name of the kind of points, and of their space unless it is the first."""
        return self._fields.name + "".join(self._alias.partition("@")[1:])

    def check(self) -> None:
        """Send a request that changes nothing.

        Raises:
            IndexUnavailable: the server does not respond, or refuses the API key.
        """
        with self._translated():
            self._client.get_collections()

    def inactive_replicas(self) -> list[str]:
        """Return the replicas of the served collection that do not serve requests; none on a single server."""
        served = self.served()
        with self._translated():
            return inactive_replicas(self._client, served)

    def silent_nodes(self) -> list[str]:
        """Return host and port of the nodes that have not responded lately."""
        return [] if self._nodes is None else self._nodes.silent()

    def late_writes(self) -> list[str]:
        """Return the ids of points whose last write an older one may have overtaken; write them again."""
        return [] if self._nodes is None else self._nodes.late_writes()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def generation(self) -> int:
        """Return the served generation; 0 if no rebuild has filled the collection."""
        return self._number(self.served()) or NEVER_BUILT

    def stage(self, generation: int) -> str:
        """Create an empty collection for a new generation and return its name. It receives every write from now on.

        Deletes the collections that interrupted rebuilds left, so only one rebuild may run at a time.
        """
        self.delete_leftovers()
        name = f"{self._alias}-{generation}_{secrets.token_hex(4)}"
        with self._translated():
            self._blueprint().create(self._client, name, filling=True)
        return name

    def delete_leftovers(self) -> None:
        """Delete the collections that interrupted rebuilds left; not while a rebuild runs."""
        served = self.served()
        for leftover in set(self._collections()) - {served}:
            with self._translated():
                self._client.delete_collection(leftover, timeout=ADMINISTRATION_SECONDS)

    def start_graph(self, collection: str) -> None:
        """Let the server build the graph of a collection that is filled."""
        with self._translated():
            start_graph(self._client, collection)

    def graph(self, collection: str) -> GraphState:
        """Return how far the server is with the graph of a collection."""
        with self._translated():
            state = graph_state(self._client.get_collection(collection))
            if state.is_waiting:  # a server that was restarted waits for a change
                start_graph(self._client, collection)
        if state.problem is not None:
            raise IndexUnavailable(f"The Qdrant server cannot build the graph of {collection}: {state.problem}")
        return state

    def differences(self) -> list[str]:
        """Return in what the served collection differs from the settings; `segue reindex` applies them."""
        served = self.served()
        with self._translated():
            return self._blueprint().differences(self._client.get_collection(served))

    def serve(self, collection: str) -> None:
        """Move the alias to this collection in one step, then delete the previous one."""
        old = self.served()
        if old == collection:
            return
        with self._translated():
            self._client.update_collection_aliases(
                [
                    models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=self._alias)),
                    self._aliased(collection),
                ],
                timeout=ADMINISTRATION_SECONDS,
            )
            self._client.delete_collection(old, timeout=ADMINISTRATION_SECONDS)

    def remove(self) -> None:
        """Delete the alias and its collections; nobody may use the index any more."""
        with self._translated():
            if self._target() is not None:
                alias = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=self._alias))
                self._client.update_collection_aliases([alias], timeout=ADMINISTRATION_SECONDS)
            for found in self._client.get_collections().collections:
                if self._number(found.name) is not None:
                    self._client.delete_collection(found.name, timeout=ADMINISTRATION_SECONDS)

    def served(self) -> str:
        """Return the name of the collection behind the alias."""
        with self._translated():
            self._ensure()
            return self._target() or ""

    def upsert_into(self, collection: str, points: Sequence[Point]) -> None:
        """Add or replace points in one collection."""
        vectors = (unit_vector(point.vector, f"point {point.id}", self.dimension).tolist() for point in points)
        structs = [
            models.PointStruct(id=point.id, vector=vector, payload=dict(point.payload))
            for point, vector in zip(points, vectors, strict=True)
        ]
        self._index_own_features(collection, points)
        for batch in _by_bytes(structs, self.dimension):
            with self._translated():
                self._client.upsert(collection, batch, wait=True, ordering=ORDERING)

    def delete_from(self, collection: str, ids: Sequence[str]) -> None:
        """Delete points from one collection."""
        with self._translated():
            self._client.delete(collection, models.PointIdsList(points=list(ids)), wait=True, ordering=ORDERING)

    def _index_own_features(self, collection: str, points: Sequence[Point]) -> None:
        """Create the payload indexes of own features that no point had before."""
        values = {name: value for point in points for name, value in point.payload.items() if is_own(name)}
        for name in sorted(values):
            if (collection, name) not in self._own:
                with self._translated():
                    index_own_feature(self._client, collection, name, is_text=isinstance(values[name], list))
                self._own.add((collection, name))

    def _collections(self) -> list[str]:
        """Return the names of the served collection and of those that a rebuild fills."""
        with self._translated():
            self._ensure()
            names = [found.name for found in self._client.get_collections().collections]
        return [name for name in names if self._number(name) is not None]

    def _number(self, collection: str) -> int | None:
        name, _, ending = collection.rpartition("-")
        found = _ENDING.fullmatch(ending)
        return int(found[1]) if name == self._alias and found else None

    def _ensure(self) -> None:
        if self._exists:
            return
        if self._target() is None:
            first = f"{self._alias}-{NEVER_BUILT}"
            self._blueprint().create(self._client, first)
            self._client.update_collection_aliases([self._aliased(first)], timeout=ADMINISTRATION_SECONDS)
        self._exists = True

    def _target(self) -> str | None:
        aliases = self._client.get_aliases().aliases
        return next((found.collection_name for found in aliases if found.alias_name == self._alias), None)

    def _blueprint(self) -> Blueprint:
        return Blueprint.of(self._client, self._fields, self._settings)

    def _aliased(self, collection: str) -> models.CreateAliasOperation:
        return models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=collection, alias_name=self._alias)
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ApiException, QdrantException) as error:
            self._exists = False  # the collection may be missing
            self._own.clear()
            cause = error.source if isinstance(error, ResponseHandlingException) else error
            if isinstance(cause, CircuitOpen):
                raise IndexUnavailable(f"The Qdrant server does not respond: {cause}") from error
            raise IndexUnavailable(f"A request to the Qdrant server failed: {cause}") from error


def _by_bytes(points: Sequence[models.PointStruct], dimension: int) -> Iterator[list[models.PointStruct]]:
    """Divide points into requests that the server accepts and reads in a short time."""
    batch: list[models.PointStruct] = []
    size = 0
    for point in points:
        own = NUMBER_BYTES * dimension + len(str(point.payload))
        if batch and size + own > REQUEST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(point)
        size += own
    if batch:
        yield batch

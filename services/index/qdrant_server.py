"""The vector index on a Qdrant server or cluster.

What Segue reads and writes is an alias; behind it stands a collection `<alias>-<generation>_<…>`. A rebuild fills
a new collection, whose random ending no other has, and moves the alias in one step. Every other collection of the
alias is one being filled: it gets each write too, so that nothing that changes during a rebuild is missing from it.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException

from services.circuit import Circuit, CircuitOpen
from services.domain.errors import IndexUnavailable
from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS, Filters
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Hit, Point, Query, VectorIndex
from services.index.qdrant_shared import FilterBuilder, ordered, unit_vector

# An answer takes milliseconds; a server that needs longer than this is as good as gone for whoever waits.
REQUEST_SECONDS = 2
# A worker may wait until a server that is busy with its graph has written a batch.
BACKGROUND_SECONDS = 10
SCROLL_PAGE = 10_000
NEVER_BUILT = 0

# What follows the alias: no hyphen in it, so that the collections of an alias `segue-2` are none of `segue`'s.
_ENDING = re.compile(r"(\d+)(?:_[0-9a-f]{8})?", re.ASCII)

_FILTERS = FilterBuilder(
    filter=models.Filter,
    field=models.FieldCondition,
    interval=models.Range,
    any_of=models.MatchAny,
    has_id=lambda ids: models.HasIdCondition(has_id=list(ids)),
    is_empty=lambda name: models.IsEmptyCondition(is_empty=models.PayloadField(key=name)),
)


class ServerIndex(VectorIndex):
    """Points behind an alias; the collection is created at first use, as generation 0, until a rebuild fills one."""

    def __init__(self, client: QdrantClient, alias: str) -> None:
        self._client = client
        self._alias = alias
        self._exists = False
        self._circuit = Circuit(_is_gone)

    @classmethod
    def connect(cls, url: str, api_key: str | None, alias: str, timeout: int = REQUEST_SECONDS) -> Self:
        """Talk to the server at a URL; nothing is sent yet."""
        client = QdrantClient(url=url, api_key=api_key, timeout=timeout, check_compatibility=False)
        return cls(client, alias)

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; the server has them in its write-ahead log when it returns."""
        for collection in self._collections() if points else []:
            self.upsert_into(collection, points)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points."""
        for collection in self._collections() if ids else []:
            self.delete_from(collection, ids)

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer all queries in one request."""
        requests = [
            models.QueryRequest(
                query=unit_vector(query.vector, "a query").tolist(),
                limit=query.limit,
                filter=_FILTERS.build(query.filters, query.exclude),
                with_payload=False,
                with_vector=False,
            )
            for query in queries
        ]
        with self._translated():
            self._ensure()
            answers = self._client.query_batch_points(self._alias, requests)
        return [ordered((found.id, found.score) for found in answer.points) for answer in answers]

    def count(self) -> int:
        """How many points there are."""
        with self._translated():
            self._ensure()
            return self._client.count(self._alias, exact=True).count

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """How many points meet the conditions."""
        with self._translated():
            self._ensure()
            return self._client.count(self._alias, count_filter=_FILTERS.build(filters, exclude), exact=True).count

    def ids(self) -> Iterator[str]:
        """Every point's id."""
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

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def generation(self) -> int:
        """The generation that is served; 0 for a collection that no rebuild has filled."""
        return self._number(self.served()) or NEVER_BUILT

    def stage(self, generation: int) -> str:
        """An empty collection for a new generation, which takes part in every write from now on; answers its name.

        What an interrupted rebuild left is dropped, so only one rebuild may run at a time.
        """
        served = self.served()
        leftovers = set(self._collections()) - {served}
        name = f"{self._alias}-{generation}_{secrets.token_hex(4)}"
        with self._translated():
            for leftover in leftovers:
                self._client.delete_collection(leftover)
            self._create(name)
        return name

    def serve(self, collection: str) -> None:
        """Let the alias name this collection, in one step, then drop the one it named before."""
        old = self.served()
        if old == collection:
            return
        with self._translated():
            self._client.update_collection_aliases(
                [
                    models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=self._alias)),
                    self._aliased(collection),
                ]
            )
            self._client.delete_collection(old)

    def served(self) -> str:
        """The collection that the alias names."""
        with self._translated():
            self._ensure()
            return self._target() or ""

    def upsert_into(self, collection: str, points: Sequence[Point]) -> None:
        """Add or replace points of one collection."""
        structs = [
            models.PointStruct(
                id=point.id, vector=unit_vector(point.vector, point.id).tolist(), payload=dict(point.payload)
            )
            for point in points
        ]
        with self._translated():
            self._client.upsert(collection, structs, wait=True)

    def delete_from(self, collection: str, ids: Sequence[str]) -> None:
        """Remove points of one collection."""
        with self._translated():
            self._client.delete(collection, models.PointIdsList(points=list(ids)), wait=True)

    def _collections(self) -> list[str]:
        """The collection that is served and those that are being filled."""
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
            if not self._client.collection_exists(first):
                self._create(first)
            self._client.update_collection_aliases([self._aliased(first)])
        self._exists = True

    def _target(self) -> str | None:
        aliases = self._client.get_aliases().aliases
        return next((found.collection_name for found in aliases if found.alias_name == self._alias), None)

    def _create(self, collection: str) -> None:
        self._client.create_collection(
            collection, models.VectorParams(size=EMBEDDING_DIM, distance=models.Distance.COSINE)
        )
        for names, schema in (
            (RANGE_FIELDS, models.PayloadSchemaType.FLOAT),
            (KEYWORD_FIELDS, models.PayloadSchemaType.KEYWORD),
        ):
            for name in names:
                self._client.create_payload_index(collection, name, schema)

    def _aliased(self, collection: str) -> models.CreateAliasOperation:
        return models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=collection, alias_name=self._alias)
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with self._circuit.call():
                yield
        except CircuitOpen as error:
            raise IndexUnavailable(f"The Qdrant server does not answer: {error}") from error
        except (ApiException, QdrantException) as error:
            self._exists = False  # the collection may be what is missing
            cause = error.source if isinstance(error, ResponseHandlingException) else error
            raise IndexUnavailable(f"The Qdrant server does not answer as it should: {cause}") from error


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ResponseHandlingException)  # any other is an answer

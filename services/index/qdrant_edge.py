"""The embedded vector index: Qdrant Edge, the engine of the Qdrant server as a library."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from uuid import UUID

import qdrant_edge
import structlog

from services.domain.errors import IndexUnavailable
from services.domain.filters import Filters
from services.domain.track import EMBEDDING_DIM, unit_vector
from services.domain.vector_index import TRACKS, Collection, Hit, Point, Query, VectorIndex
from services.index.qdrant_shared import FilterBuilder, ordered

PointId = int | UUID | str

SCROLL_PAGE = 10_000
# In kilobytes, the smallest value: `optimise` builds a graph whatever the size of the shard.
INDEX_ALWAYS = 1

_log = structlog.get_logger(__name__)

_FILTERS = FilterBuilder(
    filter=qdrant_edge.Filter,
    field=qdrant_edge.FieldCondition,
    interval=qdrant_edge.RangeFloat,
    any_of=qdrant_edge.MatchAny,
    has_id=lambda ids: qdrant_edge.HasIdCondition(set(ids)),
    is_empty=qdrant_edge.IsEmptyCondition,
)


class EdgeIndex(VectorIndex):
    """A shard directory, which one process can open. A lock serialises calls; Edge holds the GIL during each anyway."""

    def __init__(self, shard: qdrant_edge.EdgeShard) -> None:
        self._shard = shard
        self._lock = threading.Lock()
        self._written = 0

    @classmethod
    def create(cls, path: Path, collection: Collection = TRACKS) -> Self:
        """Create an empty shard for a collection in an empty directory."""
        config = qdrant_edge.EdgeConfig(
            vectors=qdrant_edge.EdgeVectorParams(
                size=EMBEDDING_DIM,
                distance=qdrant_edge.Distance.Cosine,
                datatype=qdrant_edge.VectorStorageDatatype.Float32,
                # Memory-mapped: otherwise the first vector allocates a chunk of 32 MB.
                memory=qdrant_edge.Memory.Cold,
            ),
            optimizers=qdrant_edge.EdgeOptimizersConfig(indexing_threshold=INDEX_ALWAYS),
        )
        with _translated(f"create a shard in {path}"):
            shard = qdrant_edge.EdgeShard.create(str(path), config)
            # Without a payload index a filter reads every payload: 83 ms instead of 6 ms at 100,000 points.
            for names, schema in (
                (collection.range_fields, qdrant_edge.PayloadSchemaType.Float),
                (collection.keyword_fields, qdrant_edge.PayloadSchemaType.Keyword),
            ):
                for name in names:
                    shard.update(qdrant_edge.UpdateOperation.create_field_index(name, schema))
            shard.flush()
        return cls(shard)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open the shard in a directory.

        Raises:
            IndexUnavailable: the shard is missing, damaged or open in another process.
        """
        with _translated(f"load the shard in {path}"):
            return cls(qdrant_edge.EdgeShard.load(str(path)))

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; they are on disk when it returns."""
        self.write(points)
        self.flush()

    def write(self, points: Sequence[Point]) -> None:
        """Add or replace points that `flush` writes to disk later: a build is of no use before it is complete."""
        if not points:
            return
        converted = [
            # The library accepts arrays and copies them faster than lists, but its type stub lacks them.
            qdrant_edge.Point(point.id, unit_vector(point.vector, f"point {point.id}"), dict(point.payload))  # type: ignore[arg-type]
            for point in points
        ]
        with self._lock, _translated("write points"):
            self._shard.update(qdrant_edge.UpdateOperation.upsert_points(converted))
        self._written += len(points)

    def flush(self) -> None:
        """Write all points to disk. An update alone survives kill -9 but not a power failure."""
        with self._lock, _translated("write points"):
            self._shard.flush()

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points."""
        gone: list[PointId] = list(ids)
        with self._lock, _translated("delete points"):
            self._shard.update(qdrant_edge.UpdateOperation.delete_points(gone))
        self.flush()

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run all queries in one batch."""
        request = qdrant_edge.QueryBatchRequest(
            [
                qdrant_edge.QueryRequest(
                    query=qdrant_edge.Query.Nearest(unit_vector(query.vector, "the query")),  # type: ignore[arg-type]
                    limit=query.limit,
                    filter=_FILTERS.build(query.filters, query.exclude),
                )
                for query in queries
            ]
        )
        with self._lock, _translated("run a query"):
            answers = self._shard.query_batch(request)
        return [ordered((found.id, found.score) for found in answer) for answer in answers]

    def count(self) -> int:
        """Return the number of points."""
        with self._lock, _translated("count points"):
            return self._shard.count(qdrant_edge.CountRequest(exact=True))

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """Return the number of points that match the filters."""
        wanted = qdrant_edge.CountRequest(exact=True, filter=_FILTERS.build(filters, exclude))
        with self._lock, _translated("count points"):
            return self._shard.count(wanted)

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of all points."""
        offset: PointId | None = None
        while True:
            page = qdrant_edge.ScrollRequest(offset=offset, limit=SCROLL_PAGE, with_payload=False, with_vector=False)
            with self._lock, _translated("list points"):
                records, offset = self._shard.scroll(page)
            yield from (str(record.id) for record in records)
            if offset is None:
                return

    def close(self) -> None:
        """Flush and close the shard."""
        with self._lock, _translated("close the shard"):
            self._shard.close()

    def unindexed(self) -> int:
        """Return the approximate number of points outside of the HNSW graph, which a search compares one by one.

        Qdrant still counts a replaced point as indexed, so points written since loading count as unindexed here.
        """
        with self._lock, _translated("inspect the shard"):
            info = self._shard.info()
        return min(info.points_count, max(info.points_count - info.indexed_vectors_count, self._written))

    def optimise(self) -> None:
        """Build the HNSW graph. Do not call it in a process that serves requests: it holds the GIL until it is done."""
        with self._lock, _translated("optimise the shard"):
            self._shard.optimize()
            self._shard.flush()

    def take_over(self, other: "EdgeIndex") -> None:
        """Serve the shard of another index and close the current one. Do not use `other` afterwards."""
        with self._lock:
            old, self._shard, self._written = self._shard, other._shard, other._written  # noqa: SLF001  the same class
        try:
            with _translated("close the replaced shard"):
                old.close()
        except IndexUnavailable as error:
            # The new shard is in use already: on an error the caller would delete it.
            _log.warning("replaced_shard_not_closed", reason=str(error))


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a Rust panic is a BaseException
        raise IndexUnavailable(f"Qdrant Edge could not {doing}: {error}") from error

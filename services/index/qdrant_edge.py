"""The vector index inside this process: Qdrant Edge, the engine of the server as a library."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from uuid import UUID

import qdrant_edge
import structlog

from services.domain.errors import IndexUnavailable
from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS, Filters
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Hit, Point, Query, VectorIndex
from services.index.qdrant_shared import FilterBuilder, ordered, unit_vector

PointId = int | UUID | str

SCROLL_PAGE = 10_000
# In kilobytes, and as small as it gets: whoever optimises a shard wants its graph whatever its size.
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
    """One shard directory, which one process may have open. Calls are serialised: Edge holds the GIL anyway."""

    def __init__(self, shard: qdrant_edge.EdgeShard) -> None:
        self._shard = shard
        self._lock = threading.Lock()
        self._written = 0

    @classmethod
    def create(cls, path: Path) -> Self:
        """An empty shard in a directory that holds none yet."""
        config = qdrant_edge.EdgeConfig(
            vectors=qdrant_edge.EdgeVectorParams(
                size=EMBEDDING_DIM,
                distance=qdrant_edge.Distance.Cosine,
                datatype=qdrant_edge.VectorStorageDatatype.Float32,
                # Mapped, not read in: a chunk of 32 MB would count as this process's memory from the first vector on.
                memory=qdrant_edge.Memory.Cold,
            ),
            optimizers=qdrant_edge.EdgeOptimizersConfig(indexing_threshold=INDEX_ALWAYS),
        )
        with _translated(f"create a shard in {path}"):
            shard = qdrant_edge.EdgeShard.create(str(path), config)
            # A filter on a field without an index reads every payload: 83 ms instead of 6 at 100,000 points.
            for names, schema in (
                (RANGE_FIELDS, qdrant_edge.PayloadSchemaType.Float),
                (KEYWORD_FIELDS, qdrant_edge.PayloadSchemaType.Keyword),
            ):
                for name in names:
                    shard.update(qdrant_edge.UpdateOperation.create_field_index(name, schema))
            shard.flush()
        return cls(shard)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The shard in a directory.

        Raises:
            IndexUnavailable: there is none, it is damaged or another process has it open.
        """
        with _translated(f"load the shard in {path}"):
            return cls(qdrant_edge.EdgeShard.load(str(path)))

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; on disk when it returns."""
        if not points:
            return
        converted = [
            # The library copies an array faster than a list; its stub does not know that.
            qdrant_edge.Point(point.id, unit_vector(point.vector, point.id), dict(point.payload))  # type: ignore[arg-type]
            for point in points
        ]
        self._update(qdrant_edge.UpdateOperation.upsert_points(converted))
        self._written += len(points)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points."""
        gone: list[PointId] = list(ids)
        self._update(qdrant_edge.UpdateOperation.delete_points(gone))

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer all queries in one planned batch."""
        request = qdrant_edge.QueryBatchRequest(
            [
                qdrant_edge.QueryRequest(
                    query=qdrant_edge.Query.Nearest(unit_vector(query.vector, "a query")),  # type: ignore[arg-type]
                    limit=query.limit,
                    filter=_FILTERS.build(query.filters, query.exclude),
                )
                for query in queries
            ]
        )
        with self._lock, _translated("answer a query"):
            answers = self._shard.query_batch(request)
        return [ordered((found.id, found.score) for found in answer) for answer in answers]

    def count(self) -> int:
        """How many points there are."""
        with self._lock, _translated("count points"):
            return self._shard.count(qdrant_edge.CountRequest(exact=True))

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """How many points meet the conditions."""
        wanted = qdrant_edge.CountRequest(exact=True, filter=_FILTERS.build(filters, exclude))
        with self._lock, _translated("count points"):
            return self._shard.count(wanted)

    def ids(self) -> Iterator[str]:
        """Every point's id."""
        offset: PointId | None = None
        while True:
            page = qdrant_edge.ScrollRequest(offset=offset, limit=SCROLL_PAGE, with_payload=False, with_vector=False)
            with self._lock, _translated("list points"):
                records, offset = self._shard.scroll(page)
            yield from (str(record.id) for record in records)
            if offset is None:
                return

    def close(self) -> None:
        """Flush and give the directory back."""
        with self._lock, _translated("close the shard"):
            self._shard.close()

    def unindexed(self) -> int:
        """About how many points lie outside the HNSW graph and are compared one by one.

        Qdrant counts a replaced point as indexed still, so what was written since loading counts as well.
        """
        with self._lock, _translated("inspect the shard"):
            info = self._shard.info()
        return min(info.points_count, max(info.points_count - info.indexed_vectors_count, self._written))

    def optimise(self) -> None:
        """Build the HNSW graph. It holds the GIL throughout: never in a process that serves."""
        with self._lock, _translated("optimise the shard"):
            self._shard.optimize()
            self._shard.flush()

    def take_over(self, other: "EdgeIndex") -> None:
        """Serve the other index's shard from now on and close the own one; `other` must not be used again."""
        with self._lock:
            old, self._shard, self._written = self._shard, other._shard, other._written  # noqa: SLF001  its own class
        try:
            with _translated("close the replaced shard"):
                old.close()
        except IndexUnavailable as error:
            # The new shard serves already: raising would have the caller give up a build that is in use.
            _log.warning("replaced shard not closed", reason=str(error))

    def _update(self, operation: qdrant_edge.UpdateOperation) -> None:
        with self._lock, _translated("write points"):
            self._shard.update(operation)
            # An update alone survives kill -9 but not a power cut: only flush syncs (4 ms), write-ahead log included.
            self._shard.flush()


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic in Rust arrives as an exception that is no Exception
        raise IndexUnavailable(f"Qdrant Edge could not {doing}: {error}") from error

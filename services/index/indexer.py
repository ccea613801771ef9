"""Keep a vector index equal to the catalogue: copy marked rows, and reconcile what no mark covers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from services.catalog.database import batched
from services.catalog.indexing import IndexChange, IndexQueue
from services.domain.track import unit_vector
from services.domain.vector_index import Point, PointWriter, VectorIndex

# About 50 ms of work on two cores: short enough not to delay queries, long enough to pay for a flush.
BATCH = 500

# Differences are rare, and a comparison reads every id.
RECONCILE_EVERY_SECONDS = 600.0
# A few milliseconds of work.
COMPARED_AT_ONCE = 5_000

_log = structlog.get_logger(__name__)


class Indexer:
    """Copies marked rows to an index. Every step can be repeated without harm."""

    def __init__(self, queue: IndexQueue, index: VectorIndex, *others: tuple[IndexQueue, VectorIndex]) -> None:
        """Write the rows into an index, and into those of other spaces as their queues have them."""
        self._queue = queue
        self._index = index
        self._others = others

    def index_once(self, limit: int = BATCH) -> int:
        """Process one batch of marked rows and return their number.

        Raises:
            CatalogueUnavailable, IndexUnavailable: the marks remain; call again.
        """
        return len(self.index_batch(limit))

    def index_batch(self, limit: int = BATCH) -> list[str]:
        """Process one batch of marked rows and return their ids."""
        changes = self._queue.pending(limit)
        if changes:
            apply(changes, self._index)
            for queue, index in self._others:
                apply(queue.changes([change.id for change in changes]), index)
            self._queue.clear(changes)  # after `apply`, which returns once the points are on disk
        return [change.id for change in changes]


def apply(changes: Sequence[IndexChange], writer: PointWriter) -> int:
    """Write and delete points as the changes say, and return the number of points written."""
    kept = valid_points(change.point for change in changes)
    kept_ids = {point.id for point in kept}
    if kept:
        writer.upsert(kept)
    if dropped := [change.id for change in changes if change.id not in kept_ids]:
        writer.delete(dropped)
    return len(kept)


def write_until_stable(queue: IndexQueue, changes: Sequence[IndexChange], writer: PointWriter) -> int:
    """Apply changes, then read the rows again and repeat for those that changed in the meantime.

    Another indexer may write the new state of a row before this function writes the old one. Returns the number of
    points written first.
    """
    written = apply(changes, writer)
    while changes:
        revisions = {change.id: change.revision for change in changes}
        current = queue.changes(list(revisions))
        changes = [change for change in current if change.revision != revisions[change.id]]
        apply(changes, writer)
    return written


def valid_points(points: Iterable[Point | None]) -> list[Point]:
    """Return the points that an index accepts, and log the others.

    An index would reject an invalid point on every pass, and with it the whole batch.
    """
    kept = []
    for point in points:
        if point is None:
            continue
        try:
            unit_vector(point.vector, f"point {point.id}")
        except ValueError as error:
            _log.error("point_rejected", id=point.id, reason=f"{error}; read its file again")
        else:
            kept.append(point)
    return kept


@dataclass(frozen=True, slots=True)
class Difference:
    """The number of points that the index lacked, and of points whose row is not ready or does not exist."""

    missing: int
    orphans: int


def reconcile(queue: IndexQueue, index: VectorIndex) -> Difference:
    """Compare the whole index with the catalogue at once; see `reconcile_in_steps`."""
    steps = list(reconcile_in_steps(queue, index))
    return Difference(sum(step.missing for step in steps), sum(step.orphans for step in steps))


def reconcile_in_steps(queue: IndexQueue, index: VectorIndex) -> Iterator[Difference]:
    """Compare the index with the catalogue: mark rows without a point, and delete points without a ready row.

    A crash, a restored snapshot or a defect can cause differences that no mark covers. Each step compares some ids, so
    that a large library takes neither much memory nor a long time without a pause. Indexers and other calls of this
    function may run at the same time: a row that changes in between is at worst written twice.

    Raises:
        CatalogueUnavailable, IndexUnavailable: differences found so far are corrected; call again for the rest.
    """
    for pairs in batched(_side_by_side(index.ids(), queue.ready_ids()), COMPARED_AT_ONCE):
        missing = queue.lacking([ready for held, ready in pairs if held is None and ready is not None])
        unknown = [held for held, ready in pairs if ready is None and held is not None]
        orphans = sorted(set(unknown) - queue.marked(unknown))
        queue.mark(missing)
        for batch in batched(orphans, BATCH):
            write_until_stable(queue, queue.changes(batch), index)
        if missing or orphans:
            _log.warning("index_reconciled", missing=len(missing), orphans=len(orphans))
        yield Difference(len(missing), len(orphans))


def _side_by_side(first: Iterator[str], second: Iterator[str]) -> Iterator[tuple[str | None, str | None]]:
    """Yield the ids of two ascending iterators in pairs; an id that one of them lacks is beside None."""
    one, other = next(first, None), next(second, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one < other):
            yield one, None
            one = next(first, None)
        elif one is None or other < one:
            yield None, other
            other = next(second, None)
        else:
            yield one, other
            one, other = next(first, None), next(second, None)

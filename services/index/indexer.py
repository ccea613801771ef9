"""From the catalogue's marks into the vector index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from services.catalog.indexing import IndexChange, IndexQueue
from services.domain.vector_index import Point, VectorIndex
from services.index.qdrant_shared import unit_vector

# Some 50 ms of work on two cores: short enough that queries hardly wait, long enough to spread a flush.
BATCH = 500

# A difference is rare, and a comparison reads every id: about 3 s at 100,000 tracks on a busy machine.
RECONCILE_EVERY_SECONDS = 600.0

_log = structlog.get_logger(__name__)


class Indexer:
    """Takes marked tracks into an index. The catalogue is right; doing something twice does no harm."""

    def __init__(self, queue: IndexQueue, index: VectorIndex) -> None:
        self._queue = queue
        self._index = index

    def index_once(self, limit: int = BATCH) -> int:
        """Handle one batch of marks; answers how many there were.

        Raises:
            CatalogueUnavailable, IndexUnavailable: nothing is lost, the marks remain.
        """
        return len(self.index_batch(limit))

    def index_batch(self, limit: int = BATCH) -> list[str]:
        """Handle one batch of marks; answers whose they were."""
        changes = self._queue.pending(limit)
        if changes:
            apply(changes, self._index)
            self._queue.clear(changes)  # only now: the points are on disk
        return [change.track_id for change in changes]


def apply(changes: Sequence[IndexChange], index: VectorIndex) -> None:
    """Make the index hold what the changes say; durable when it returns."""
    kept = valid_points([change.point for change in changes if change.point is not None])
    kept_ids = {point.id for point in kept}
    index.upsert(kept)
    if dropped := [change.track_id for change in changes if change.track_id not in kept_ids]:
        index.delete(dropped)


def valid_points(points: Iterable[Point]) -> list[Point]:
    """The points that an index takes.

    One that it would refuse is logged and left out: it would be refused again on every pass and hold up the rest.
    """
    kept = []
    for point in points:
        try:
            unit_vector(point.vector, point.id)
        except ValueError as error:
            _log.error("point refused: analyse the track again", track_id=point.id, reason=str(error))
        else:
            kept.append(point)
    return kept


@dataclass(frozen=True, slots=True)
class Difference:
    """How many points the index lacked, and how many it had of tracks that are not to be found."""

    missing: int
    orphans: int


def reconcile(queue: IndexQueue, index: VectorIndex) -> Difference:
    """Mark what is missing for the indexer and drop orphans; safe to run twice at once and beside indexers.

    Raises:
        CatalogueUnavailable, IndexUnavailable: what was found so far is mended; the next run finds the rest.
    """
    # Ids of the index first: a track that becomes ready meanwhile looks missing, and is written once more, no harm.
    held = set(index.ids())
    wanted, marked = queue.expected_ids()
    missing = sorted(wanted - held)
    orphans = sorted(held - wanted - marked)
    queue.mark(missing)
    for first in range(0, len(orphans), BATCH):
        _settle(queue, index, orphans[first : first + BATCH])
    found = Difference(len(missing), len(orphans))
    if missing or orphans:
        _log.warning("index differed from the catalogue", missing=found.missing, orphans=found.orphans)
    return found


def _settle(queue: IndexQueue, index: VectorIndex, track_ids: list[str]) -> None:
    """Make the index hold what the catalogue says, until it says the same before and after."""
    changes = queue.changes(track_ids)
    while True:
        apply(changes, index)
        now = queue.changes(track_ids)
        if [change.revision for change in now] == [change.revision for change in changes]:
            return
        changes = now

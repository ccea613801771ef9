"""Compares the index with the catalogue, point by point, and mends what differs.

Marks say what the index has yet to do; this finds what no mark speaks of: points that a crash of the machine, a
restored snapshot or a defect lost or left behind.
"""

from dataclasses import dataclass

import structlog

from services.catalog.indexing import IndexQueue
from services.domain.vector_index import VectorIndex
from services.index.indexer import BATCH, apply

# A difference is rare, and a comparison reads every id: about 3 s at 100,000 tracks on a busy machine.
EVERY_SECONDS = 600.0

_log = structlog.get_logger(__name__)


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
    wanted, marked = queue.settled_ids()
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

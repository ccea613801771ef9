"""Rebuild the collection of a Qdrant server from the catalogue while the old one serves."""

from collections.abc import Callable, Mapping

from services.catalog.indexing import IndexQueue
from services.domain.vector_index import Point
from services.index.indexer import BATCH, valid_points
from services.index.qdrant_server import ServerIndex


def rebuild(queue: IndexQueue, index: ServerIndex, after_step: Callable[[], None] = lambda: None) -> int:
    """Build the generation that the catalogue wants, unless it is served; answers how many points were written.

    Indexing goes on meanwhile in any number of processes; only one rebuild may run at a time, so whoever calls
    holds a lease, and renews it in `after_step`. What that raises ends the rebuild.

    Raises:
        CatalogueUnavailable, IndexUnavailable: the old collection goes on serving; call again.
    """
    wanted = queue.generation()
    if index.generation() == wanted:
        return 0
    staged = index.stage(wanted)
    after_step()
    written = 0
    for points in queue.points(BATCH):
        kept = valid_points(points)
        _settle(queue, index, staged, {point.id: point for point in kept})
        written += len(kept)
        after_step()
    index.serve(staged)
    return written


def _settle(queue: IndexQueue, index: ServerIndex, collection: str, wanted: Mapping[str, Point | None]) -> None:
    """Write until the catalogue still says the same afterwards.

    A track that changes between being read and being written is written by an indexer too, perhaps first; the
    older state would then stay. What changes after the second reading, an indexer writes after this.
    """
    while wanted:
        if present := [point for point in wanted.values() if point is not None]:
            index.upsert_into(collection, present)
        if gone := [track_id for track_id, point in wanted.items() if point is None]:
            index.delete_from(collection, gone)
        changes = queue.changes(list(wanted))
        now = {
            change.track_id: next(iter(valid_points([change.point] if change.point else [])), None)
            for change in changes
        }
        wanted = {track_id: point for track_id, point in now.items() if not _same(point, wanted[track_id])}


def _same(one: Point | None, other: Point | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.payload == other.payload and one.vector.tobytes() == other.vector.tobytes()

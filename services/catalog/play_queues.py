"""The play queue that a listener saved in one player to continue in another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.catalog.database import Database, now
from services.catalog.successors import successors_of
from services.catalog.tables import PlayQueueRow


@dataclass(frozen=True, slots=True)
class PlayQueue:
    """A saved play queue.

    Attributes:
        track_ids: Its tracks in their order; a track may occur twice.
        current: The place of the current track, from 0; None if the queue is empty.
        position_ms: The position in the current track.
        changed_at: When it was saved.
        changed_by: The client that saved it.
    """

    track_ids: tuple[str, ...]
    current: int | None
    position_ms: int
    changed_at: datetime
    changed_by: str


class PlayQueueStore:
    """Stores one play queue per listener."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, listener: str, track_ids: Sequence[str], current: int | None, position_ms: int, client: str) -> None:
        """Replace the queue of a listener."""
        values = {
            "track_ids": list(track_ids),
            "current": current,
            "position_ms": position_ms,
            "changed_at": now(),
            "changed_by": client,
        }
        inserting = self._database.insert(PlayQueueRow).values(listener=listener, **values)
        with self._database.write() as session:
            session.execute(inserting.on_conflict_do_update(index_elements=["listener"], set_=values))

    def get(self, listener: str) -> PlayQueue | None:
        """Return the queue of a listener; None if none was saved."""
        with self._database.read() as session:
            row = session.get(PlayQueueRow, listener)
            if row is None:
                return None
            successors = successors_of(session, set(row.track_ids))
            tracks = tuple(successors.get(track_id, track_id) for track_id in row.track_ids)
            return PlayQueue(tracks, row.current, row.position_ms, row.changed_at, row.changed_by)

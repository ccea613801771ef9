"""The analyses that wait for their turn: each library has one after the other, so a large one holds up no other.

A pending track that was not sent to the broker waits. In the turns of a library, played tracks come first and then the
newest files.
"""

from collections import deque
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import ROWS_PER_STATEMENT, Database, batched, now
from services.catalog.tables import SENT, UNSENT, ListenRow, LocationRow, MetaRow, TrackRow
from services.domain.links import ROOT

LAST_TURN = "analysis_turn"
"""The key of the row that names the library that had the last turn."""

PLAYED_FIRST = 2**62
"""Is subtracted from the rank of played tracks: more than a time in nanoseconds."""


class TurnStore:
    """Chooses the tracks that are sent to workers next."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, limit: int, skipped: Collection[str] = ()) -> list[str]:
        """Return the tracks whose turn is next, in turns of the libraries but those skipped, and mark them as sent.

        One process at a time calls it.
        """
        with self._database.read() as session:
            last = session.get(MetaRow, LAST_TURN)
            libraries = _waiting(session, "" if last is None else last.value, limit, skipped)
            turns = deque((library, deque(session.scalars(_of_library(library, limit)))) for library in libraries)
        taken: list[str] = []
        while turns and len(taken) < limit:
            library, tracks = turns.popleft()
            taken.append(tracks.popleft())
            if tracks:
                turns.append((library, tracks))
        if taken:
            with self._database.write() as session:
                session.merge(MetaRow(key=LAST_TURN, value=library))
                _mark(session, taken, is_sent=True)
        return taken

    def sent(self, track_ids: Sequence[str]) -> None:
        """Mark tracks as sent, so that they do not wait for a turn."""
        with self._database.write() as session:
            _mark(session, track_ids, is_sent=True)

    def not_sent(self, track_ids: Sequence[str]) -> None:
        """Let tracks wait for their turn again, because the broker did not accept them."""
        with self._database.write() as session:
            _mark(session, track_ids, is_sent=False)

    def take_back(self, older_than: timedelta) -> int:
        """Let unclaimed tracks wait again that were sent longer ago than this, and return their number."""
        is_unclaimed = or_(TrackRow.claimed_until.is_(None), TrackRow.claimed_until < now())
        lost = update(TrackRow).where(SENT, TrackRow.sent_at < now() - older_than, is_unclaimed)
        with self._database.write() as session:
            return len(session.execute(lost.values(sent_at=None).returning(TrackRow.id)).all())


def set_turns(session: Session, track_ids: Sequence[str]) -> None:
    """Store the place of tracks in the turns again, after their files or the libraries of these have changed."""
    is_here = or_(LocationRow.path < ROOT, LocationRow.path >= f"{ROOT}\x7f")  # others are on linked servers
    here = and_(LocationRow.track_id == TrackRow.id, is_here)
    library = select(func.min(func.coalesce(LocationRow.library, ""))).where(here)
    newest = select(func.coalesce(func.max(LocationRow.mtime_ns), 0)).where(here)
    is_played = select(ListenRow.id).where(ListenRow.track_id == TrackRow.id).exists()
    rank = case((is_played, -PLAYED_FIRST), else_=0) - newest.scalar_subquery()
    for batch in batched(track_ids, ROWS_PER_STATEMENT):
        changed = update(TrackRow).where(TrackRow.id.in_(batch))
        session.execute(changed.values(queue_library=library.scalar_subquery(), queue_rank=rank))


def put_first(session: Session, track_ids: Collection[str]) -> None:
    """Put tracks that wait for their analysis and were just played first in the turns of their library."""
    waiting = select(TrackRow.id).where(TrackRow.id.in_(track_ids), UNSENT, TrackRow.queue_rank > -PLAYED_FIRST)
    # Rows that others hold are skipped, because those may wait for a lock of this transaction.
    free = session.scalars(waiting.with_for_update(skip_locked=True)).all() if track_ids else []
    if free:
        changed = update(TrackRow).where(TrackRow.id.in_(free))
        session.execute(changed.values(queue_rank=TrackRow.queue_rank - PLAYED_FIRST))


def _waiting(session: Session, last: str, limit: int, skipped: Collection[str]) -> list[str]:
    """Return the libraries with waiting tracks that follow the last one, and then those up to it."""
    found: list[str] = []
    for after, until in ((last, None), (None, last)):
        here = after
        while len(found) < limit and (library := session.scalar(_next_library(here, until))) is not None:
            here = library
            if library not in skipped:
                found.append(library)
    return found


def _next_library(after: str | None, until: str | None) -> Select[str | None]:
    query = select(TrackRow.queue_library).where(UNSENT, TrackRow.queue_library.is_not(None))
    if after is not None:
        query = query.where(TrackRow.queue_library > after)
    if until is not None:
        query = query.where(TrackRow.queue_library <= until)
    return query.order_by(TrackRow.queue_library).limit(1)


def _of_library(library: str, limit: int) -> Select[str]:
    waiting = select(TrackRow.id).where(UNSENT, TrackRow.queue_library == library)
    return waiting.order_by(TrackRow.queue_rank, TrackRow.id).limit(limit)


def _mark(session: Session, ids: Sequence[str], *, is_sent: bool) -> None:
    for batch in batched(ids, ROWS_PER_STATEMENT):
        session.execute(update(TrackRow).where(TrackRow.id.in_(batch)).values(sent_at=now() if is_sent else None))

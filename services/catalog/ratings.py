"""Ratings in tags as first verdicts of one listener."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from services.catalog.database import ROWS_PER_STATEMENT, Database, batched
from services.catalog.matching import identity_of, lock_matching
from services.catalog.tables import LibraryMemberRow, ListenRow, MetaRow, TrackRow
from services.domain.listening import VERDICTS, EventKind, NewListen

LIKED_FROM, DISLIKED_TO = 0.8, 0.2
"""Four stars and five stars are a like, one star is a dislike."""

RATINGS_OF = "ratings_of"
"""The key of the row that names the listener whose verdicts the ratings of the whole library have become."""

_KEY = "segue:rating:"

_TRACK = TrackRow.__table__.c


class RatingStore:
    """Stores the ratings of the library as verdicts of a listener."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def adopt(self, listener: str | None) -> int:
        """Store the ratings of all tracks as verdicts of a listener, once; return the number of tracks with one.

        Afterwards each registered file does that for its track. None is nobody: verdicts stay, and no new ones follow.
        """
        with self._database.write() as session:
            adopted = session.get(MetaRow, RATINGS_OF)
            if (adopted.value if adopted else None) == listener:
                return 0
            if adopted is not None:
                session.delete(adopted)
            if listener is None:
                return 0
            rated = or_(_TRACK.rating >= LIKED_FROM, _TRACK.rating <= DISLIKED_TO)
            tracks = session.execute(select(_TRACK.id).where(rated)).scalars().all()
            lock_matching(session, alone=False)
            for batch in batched(tracks, ROWS_PER_STATEMENT):
                store_verdicts(self._database, session, listener, batch)
            session.add(MetaRow(key=RATINGS_OF, value=listener))
            return len(tracks)


def verdict_of(rating: float | None) -> EventKind | None:
    """Return the verdict that a rating is; None for two and three stars, and without a rating."""
    if rating is None:
        return None
    if rating >= LIKED_FROM:
        return EventKind.LIKE
    return EventKind.DISLIKE if rating <= DISLIKED_TO else None


def store_verdicts(database: Database, session: Session, listener: str, track_ids: Sequence[str]) -> None:
    """Store the ratings of tracks as verdicts, except of tracks that the listener judged, or that follow such a track.

    A verdict replaces an earlier one from tags. Its time is when the track came into the library, so that ratings do
    not count as more recent than what the listener did since. Call `lock_matching` first.
    """
    of_listener = ListenRow.listener == listener, ListenRow.kind.in_(VERDICTS)
    of_track = or_(_TRACK.id.in_(track_ids), _TRACK.successor_id.in_(track_ids))
    own = select(_TRACK.id, _TRACK.successor_id).join(ListenRow, ListenRow.track_id == _TRACK.id)
    judged = {each for row in session.execute(own.where(*of_listener, of_track, ~from_tags())) for each in row}
    open_ids = [track_id for track_id in track_ids if track_id not in judged]
    session.execute(delete(ListenRow).where(*of_listener, ListenRow.track_id.in_(open_ids), from_tags()))
    query = select(_TRACK.id, _TRACK.rating, _TRACK.added_at).where(_TRACK.id.in_(open_ids))
    joined = select(func.min(LibraryMemberRow.library_id)).where(LibraryMemberRow.listener == listener)
    library = session.scalar(joined)
    rows = [
        _row(listener, track_id, kind, at) | {"library_id": library}
        for track_id, rating, at in session.execute(query)
        if (kind := verdict_of(rating)) is not None
    ]
    if rows:
        session.execute(database.insert(ListenRow).on_conflict_do_nothing(), rows)


def yield_to_predecessors(session: Session, predecessors: Sequence[str], track_id: str) -> None:
    """Delete the verdicts from the tags of a track whose listeners judged a track that it takes over from."""
    judging = select(ListenRow.listener).where(
        ListenRow.track_id.in_(predecessors), ListenRow.kind.in_(VERDICTS), ~from_tags()
    )
    verdicts = delete(ListenRow).where(ListenRow.track_id == track_id, from_tags())
    session.execute(verdicts.where(ListenRow.listener.in_(judging)))


def from_tags() -> ColumnElement[bool]:
    """Return the condition for verdicts that are ratings in tags; their time is not when the listener judged."""
    return ListenRow.key.is_not(None) & ListenRow.key.startswith(_KEY)


def _row(listener: str, track_id: str, kind: EventKind, at: datetime) -> dict[str, object]:
    key = f"{_KEY}{track_id}"
    listen = NewListen(names=(track_id,), kind=kind, at=at, key=key)
    return {
        "listener": listener,
        "identity": identity_of(listen, track_id),
        "track_id": track_id,
        "kind": kind,
        "at": at,
        "key": key,
        "names": [track_id],
    }

"""How often and how long ago a listener heard tracks, and which of them the listener loves."""

from datetime import datetime

from sqlalchemy import case, func, select

from services.catalog.database import Database
from services.catalog.successors import followed
from services.catalog.tables import ListenRow
from services.domain.listening import VERDICTS, EventKind, Loved

_SUBJECT = followed(ListenRow.track_id)
"""The track of a listen, or the one that took over from it."""


class PlayCountStore:
    """Reads the plays of listeners by track."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def loved(self, listener: str, *, plays: int, before: datetime) -> list[Loved]:
        """Return the tracks that a listener likes or played at least `plays` times, and last heard before a time.

        Tracks whose latest verdict is a dislike or a ban are left out.
        """
        own = ListenRow.listener == listener, ListenRow.track_id.is_not(None)
        played = func.sum(case((ListenRow.kind == EventKind.PLAY, 1), else_=0))
        latest = func.max(ListenRow.at, type_=ListenRow.at.type)
        heard = select(_SUBJECT, played).where(*own).group_by(_SUBJECT).having(latest < before)
        judged = select(_SUBJECT, ListenRow.kind).where(*own, ListenRow.kind.in_(VERDICTS))
        judged = judged.order_by(ListenRow.at, ListenRow.id)
        with self._database.read() as session:
            verdicts = {track_id: kind for track_id, kind in session.execute(judged)}  # noqa: C416  rows are no pairs
            counts = session.execute(heard).all()
        return [
            Loved(track_id, count, track_id in verdicts)
            for track_id, count in counts
            if verdicts.get(track_id, EventKind.LIKE) == EventKind.LIKE and (track_id in verdicts or count >= plays)
        ]

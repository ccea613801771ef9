"""Shown and dismissed tastes, and tracks that do not count, by listener."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, desc, func, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.successors import followed, successors_of
from services.catalog.tables import RemovedTrackRow, TasteRow
from services.domain.listening import TASTE_PLAYS_MAX, RemovedTrack, StoredTaste

SHOWN_MAX = 16
"""Latest shown tastes of a listener that are stored: a taste that comes back after a while keeps its id."""


class TasteStore:
    """Stores the tastes that a listener was shown, dismissed tastes, and tracks that do not count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, listener: str) -> tuple[StoredTaste, ...]:
        """Return the shown and the dismissed tastes of a listener, latest first."""
        with self._database.read() as session:
            return _tastes(session, listener)

    def show(self, listener: str, tastes: Collection[StoredTaste]) -> None:
        """Store new and changed tastes; beyond `SHOWN_MAX`, those that were shown longest ago are deleted."""
        with self._database.write() as session:
            for taste in tastes:
                _store(self._database, session, listener, taste)
            shown = select(TasteRow.id).where(TasteRow.listener == listener, TasteRow.dismissed_at.is_(None))
            surplus = session.scalars(shown.order_by(TasteRow.shown_at.desc(), TasteRow.id).offset(SHOWN_MAX)).all()
            session.execute(delete(TasteRow).where(TasteRow.listener == listener, TasteRow.id.in_(surplus)))

    def dismiss(self, listener: str, taste_id: str, at: datetime | None) -> bool:
        """Dismiss a taste, or undo that with None; return whether the taste exists."""
        own = update(TasteRow).where(TasteRow.listener == listener, TasteRow.id == taste_id)
        with self._database.write() as session:
            changed = session.scalars(own.values(dismissed_at=at).returning(TasteRow.id)).all()
            return bool(changed)

    def remove_tracks(self, listener: str, track_ids: Collection[str]) -> None:
        """Count tracks no more; repeating it changes nothing."""
        at = now()
        rows = [{"listener": listener, "track_id": track_id, "at": at} for track_id in track_ids]
        if rows:
            with self._database.write() as session:
                session.execute(self._database.insert(RemovedTrackRow).on_conflict_do_nothing(), rows)

    def restore_track(self, listener: str, track_id: str) -> None:
        """Count a removed track again; for any other track, nothing changes."""
        own = RemovedTrackRow.listener == listener, followed(RemovedTrackRow.track_id) == track_id
        with self._database.write() as session:
            session.execute(delete(RemovedTrackRow).where(*own).execution_options(synchronize_session=False))

    def removed_tracks(self, listener: str) -> tuple[RemovedTrack, ...]:
        """Return the tracks that do not count, latest first."""
        subject = followed(RemovedTrackRow.track_id)
        query = select(subject, func.max(RemovedTrackRow.at, type_=RemovedTrackRow.at.type).label("latest"))
        query = query.where(RemovedTrackRow.listener == listener).group_by(subject).order_by(desc("latest"), subject)
        with self._database.read() as session:
            return tuple(RemovedTrack(track_id, at) for track_id, at in session.execute(query))

    def dismissed(self, listener: str) -> tuple[StoredTaste, ...]:
        """Return the dismissed tastes."""
        with self._database.read() as session:
            return dismissed_tastes(session, listener)


def removed_by(listener: str) -> Select[str]:
    """Return the query for the tracks that a listener removed from the tastes."""
    return select(followed(RemovedTrackRow.track_id)).where(RemovedTrackRow.listener == listener)


def dismissed_tastes(session: Session, listener: str) -> tuple[StoredTaste, ...]:
    """Return the dismissed tastes of a listener."""
    return _tastes(session, listener, TasteRow.dismissed_at.is_not(None))


def _tastes(session: Session, listener: str, *conditions: ColumnElement[bool]) -> tuple[StoredTaste, ...]:
    own = select(TasteRow).where(TasteRow.listener == listener, *conditions)
    rows = session.scalars(own.order_by(TasteRow.shown_at.desc(), TasteRow.id)).all()
    successors = successors_of(session, {track_id for row in rows for track_id in row.plays})
    return tuple(
        StoredTaste(
            id=row.id,
            label=row.label,
            plays=tuple(dict.fromkeys(successors.get(track_id, track_id) for track_id in row.plays)),
            dismissed_at=row.dismissed_at,
        )
        for row in rows
    )


def _store(database: Database, session: Session, listener: str, taste: StoredTaste) -> None:
    values = {
        "label": taste.label,
        "plays": list(taste.plays[:TASTE_PLAYS_MAX]),
        "shown_at": now(),
        "dismissed_at": taste.dismissed_at,
    }
    inserting = database.insert(TasteRow).values(listener=listener, id=taste.id, **values)
    session.execute(inserting.on_conflict_do_update(index_elements=["listener", "id"], set_=values))

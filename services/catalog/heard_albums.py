"""The albums that a listener plays and likes, in order."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, func, select

from services.catalog.browsing import in_library, tracks_in
from services.catalog.database import Database
from services.catalog.successors import followed
from services.catalog.tables import ListenRow, TrackRow
from services.domain.libraries import Libraries
from services.domain.listening import EventKind


class HeardOrder(StrEnum):
    """Which albums of a listener, and their order."""

    FREQUENT = "frequent"
    """Those with the most plays first."""
    RECENT = "recent"
    """Those played last first."""
    HIGHEST = "highest"
    """Those with the most liked tracks first."""


_LATEST = func.max(ListenRow.at, type_=ListenRow.at.type)
_PLAYS = func.sum(func.coalesce(ListenRow.undated_plays, 1), type_=Integer())
_BY: dict[HeardOrder, tuple[EventKind, ColumnElement[Any]]] = {
    HeardOrder.FREQUENT: (EventKind.PLAY, _PLAYS),
    HeardOrder.RECENT: (EventKind.PLAY, _LATEST),
    HeardOrder.HIGHEST: (EventKind.LIKE, func.count()),
}


class HeardAlbumStore:
    """Reads the albums that listeners play and like."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids(self, listener: str, order: HeardOrder, libraries: Libraries, *, offset: int, limit: int) -> list[str]:
        """Return the ids of a page of a listener's albums, of some libraries if they are given."""
        kind, key = _BY[order]
        inside = [] if libraries is None else [TrackRow.id.in_(tracks_in(*libraries))]
        query = (
            select(TrackRow.album_id)
            .select_from(ListenRow)
            .join(TrackRow, TrackRow.id == followed(ListenRow.track_id))
            .where(ListenRow.listener == listener, ListenRow.kind == kind, TrackRow.album_id.is_not(None))
            .where(in_library(), *inside, *([ListenRow.undated_plays.is_(None)] if key is _LATEST else []))
            .group_by(TrackRow.album_id)
            .order_by(key.desc(), TrackRow.album_id)
        )
        with self._database.columns() as connection:
            return [found for found in connection.execute(query.offset(offset).limit(limit)).scalars() if found]

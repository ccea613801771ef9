"""The names that tracks go by outside of Segue: what files say, and what clients say, which counts for more."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog.database import Database
from services.catalog.matching import settle_waiting
from services.catalog.tables import ExternalIdRow, TrackRow
from services.domain.errors import TrackNotFound

TAKEN_AWAY = ""
"""Stands for an id that a client removed, so that no scan brings it back from the file's tags."""


class ExternalIdStore:
    """Writes external ids; `TrackStore` reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, track_id: str, ids: Mapping[str, str | None]) -> None:
        """Set these ids of a track and take away those that are None; others stay. Scans leave both alone.

        Listens that waited for a track of such a name are this track's from then on.

        Raises:
            TrackNotFound: no track has this id.
        """
        with self._database.write() as session:
            if session.get(TrackRow, track_id, with_for_update=True) is None:
                raise TrackNotFound(track_id)
            for namespace, value in ids.items():
                row = ExternalIdRow(track_id=track_id, namespace=namespace, value=value or TAKEN_AWAY, by_client=True)
                session.merge(row)
            session.flush()
            settle_waiting(session, track_id)


def take_from_tags(session: Session, track_id: str, ids: Mapping[str, str]) -> None:
    """Record what a file's tags say, except where a client has said something else."""
    if not ids:
        return
    mine = select(ExternalIdRow.namespace).where(ExternalIdRow.track_id == track_id, ExternalIdRow.by_client)
    theirs = set(session.scalars(mine))
    for namespace, value in ids.items():
        if namespace not in theirs:
            session.merge(ExternalIdRow(track_id=track_id, namespace=namespace, value=value))

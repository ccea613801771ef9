"""Tracks that are gone: those that clients deleted, and the successors of those whose files are gone.

`services.catalog.takeover` sets successors.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, and_, column, func, select, table
from sqlalchemy.orm import Session

from services.catalog.database import IDS, rows_of
from services.catalog.tables import DeletedTrackRow, LibraryDeletionRow, LocationRow, TrackRow

_FILE = select(LocationRow.id).where(LocationRow.track_id == LibraryDeletionRow.track_id)
_DELETED = (
    select(DeletedTrackRow.track_id),
    # Others may have files of it.
    select(LibraryDeletionRow.track_id).where(~_FILE.correlate(LibraryDeletionRow).exists()),
)

_GONE = table("tracks", *(column(name, String) for name in ("id", "successor_id"))).alias("gone")
"""The tracks of all libraries, because one without a file is in none."""

_SUCCESSOR = TrackRow.__table__.alias("successor")
"""The tracks of the libraries that the request is limited to: nothing leads to another track."""

_TAKEOVER = (
    select(_SUCCESSOR.c.id)
    .join_from(_GONE, _SUCCESSOR, _SUCCESSOR.c.id == _GONE.c.successor_id)
    .where(_GONE.c.successor_id.is_not(None))  # as the index says
)
SUCCESSORS = _TAKEOVER.with_only_columns(_GONE.c.id, _SUCCESSOR.c.id).where(_GONE.c.id.in_(IDS))
"""The statement for the ids of tracks that have a successor, and for the ids of these."""

_PREDECESSORS = select(_GONE.c.id, _GONE.c.successor_id).where(_GONE.c.successor_id.in_(IDS))


def not_deleted(track_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether no client deleted a track.

    Deleted tracks stay in the catalogue for the listens of them, but nothing shows them.
    """
    return and_(*(track_id.not_in(deleted) for deleted in _DELETED))


def followed(track_id: Any) -> ColumnElement[Any]:  # noqa: ANN401  a column of any table
    """Return the expression of a track id in a column, or of the successor's if it has one."""
    successor = _TAKEOVER.where(_GONE.c.id == track_id).correlate_except(_GONE, _SUCCESSOR)
    return func.coalesce(successor.scalar_subquery(), track_id)


def successors_of(database: Session | Connection, track_ids: Collection[str]) -> dict[str, str]:
    """Return the successors of those of these tracks that have one, by id."""
    return dict(rows_of(database, SUCCESSORS, track_ids))


def predecessors_of(database: Session | Connection, track_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the tracks from which these tracks took over, by id; those that follow none are absent."""
    found: dict[str, list[str]] = {}
    for gone, successor in rows_of(database, _PREDECESSORS, track_ids):
        found.setdefault(successor, []).append(gone)
    return found

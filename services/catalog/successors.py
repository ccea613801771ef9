"""Tracks that are gone: those that clients deleted, and the successors of those whose files are gone.

`services.catalog.takeover` sets successors.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.orm import Session, aliased

from services.catalog.database import IDS, rows_of
from services.catalog.tables import DeletedTrackRow, TrackRow

DELETED = select(DeletedTrackRow.track_id)
"""Tracks that a client deleted: they stay in the catalogue for the listens of them, but nothing shows them."""

_GONE = aliased(TrackRow)
_TRACK = TrackRow.__table__.c
_SUCCESSORS = select(_TRACK.id, _TRACK.successor_id).where(_TRACK.id.in_(IDS), _TRACK.successor_id.is_not(None))
_PREDECESSORS = select(_TRACK.id, _TRACK.successor_id).where(_TRACK.successor_id.in_(IDS))


def followed(track_id: Any) -> ColumnElement[Any]:  # noqa: ANN401  a column of any table
    """Return the expression of a track id in a column, or of the successor's if it has one."""
    successor = select(_GONE.successor_id).where(_GONE.id == track_id, _GONE.successor_id.is_not(None))
    return func.coalesce(successor.correlate_except(_GONE).scalar_subquery(), track_id)


def successors_of(database: Session | Connection, track_ids: Collection[str]) -> dict[str, str]:
    """Return the successors of those of these tracks that have one, by id."""
    return dict(rows_of(database, _SUCCESSORS, track_ids))


def predecessors_of(database: Session | Connection, track_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the tracks from which these tracks took over, by id; those that follow none are absent."""
    found: dict[str, list[str]] = {}
    for gone, successor in rows_of(database, _PREDECESSORS, track_ids):
        found.setdefault(successor, []).append(gone)
    return found

"""Write analyses beside those of `tracks`, in open transactions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.tables import FIRST, SpaceAnalysisRow
from services.domain.filters import ATTRIBUTES
from services.domain.track import DESCRIPTORS, Analysis, TrackStatus, unit_vector


def store_beside(session: Session, track_id: str, analysis: Analysis) -> None:
    """Store an analysis of a track in its space.

    Raises:
        ValueError: the embedding is not 128 finite numbers of unit length.
    """
    values: dict[str, Any] = {
        "embedding": unit_vector(analysis.embedding, f"track {track_id}").astype("<f4").tobytes(),
        "dispersion": analysis.dispersion,
        "tags": dict(analysis.tags),
        "analysed_at": now(),
        **{name: analysis.attributes.get(name) for name in ATTRIBUTES},
        **{name: analysis.descriptors.get(name) for name in DESCRIPTORS},
    }
    put_beside(session, track_id, analysis.model_version, values)


def put_beside(session: Session, track_id: str, space: str, values: dict[str, Any]) -> None:
    """Store the columns of an analysis of a track in a space, instead of what the space has of it."""
    session.execute(delete(SpaceAnalysisRow).where(of_track(track_id, space)))
    key = {"track_id": track_id, "model_version": space, "status": TrackStatus.READY, "attempts": 0}
    session.execute(insert(SpaceAnalysisRow).values(**key, claimed_until=FIRST, **values))


def wait_in(session: Session, database: Database, track_ids: Sequence[str], spaces: Sequence[str]) -> None:
    """Let tracks wait for their analyses in spaces; those that have a row there keep it."""
    rows = [
        {"track_id": each, "model_version": space, "status": TrackStatus.PENDING, "attempts": 0, "claimed_until": FIRST}
        for each in track_ids
        for space in spaces
    ]
    if rows:
        session.execute(database.insert(SpaceAnalysisRow).values(rows).on_conflict_do_nothing())


def of_track(track_id: str, space: str) -> ColumnElement[bool]:
    """Return the condition of the row of a track in a space."""
    return and_(SpaceAnalysisRow.track_id == track_id, SpaceAnalysisRow.model_version == space)

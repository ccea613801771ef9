"""What listeners start from before they have listens."""

from dataclasses import replace

from sqlalchemy.orm import Session

from services.catalog.database import Database
from services.catalog.successors import successors_of
from services.catalog.tables import StartRow
from services.catalog.tastes import removed_by
from services.domain.listening import Start, StartPlay


def store_start(database: Database, session: Session, listener: str, start: Start) -> None:
    """Store what a listener starts from; it replaces an earlier start."""
    values = {
        "moods": list(start.moods),
        "artists": list(start.artists),
        "tracks": list(start.tracks),
        "plays": [[play.track_id, play.share, play.reason] for play in start.plays],
        "at": start.at,
    }
    inserting = database.insert(StartRow).values(listener=listener, **values)
    session.execute(inserting.on_conflict_do_update(index_elements=["listener"], set_=values))


def start_of(session: Session, listener: str) -> Start | None:
    """Return what a listener started from; None if nothing is stored."""
    row = session.get(StartRow, listener)
    if row is None:
        return None
    successors = successors_of(session, {*row.tracks, *(track_id for track_id, _, _ in row.plays)})
    plays = (
        StartPlay(successors.get(track_id, track_id), share, successors.get(reason, reason))
        for track_id, share, reason in row.plays
    )
    return Start(
        moods=tuple(row.moods),
        artists=tuple(row.artists),
        tracks=tuple(successors.get(track_id, track_id) for track_id in row.tracks),
        plays=tuple(plays),
        at=row.at,
    )


def counted_start(session: Session, listener: str) -> Start | None:
    """Return what a listener started from, without the tracks that were removed from the tastes."""
    start = start_of(session, listener)
    if start is None:
        return None
    removed = set(session.scalars(removed_by(listener)))
    return replace(start, plays=tuple(play for play in start.plays if play.track_id not in removed))

"""What webhooks have told each receiver, and the events that follow.

Events are not stored: tracks and jobs have the times at which they became what they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.catalog.database import Database, now
from services.catalog.jobs import job_of
from services.catalog.tables import JobRow, MetaRow, TrackRow
from services.domain.failure import FailureKind
from services.domain.job import JobKind, JobState
from services.domain.track import TrackStatus
from services.domain.webhooks import Event, EventType, Position


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a receiver was told, by type of event; and its failures in a row, with the time of the next attempt."""

    positions: Mapping[EventType, Position]
    failures: int = 0
    retry_at: datetime | None = None

    def to_json(self) -> str:
        """Return the progress as JSON."""
        positions = {kind: (place.at.isoformat(), place.subject) for kind, place in self.positions.items()}
        retry_at = None if self.retry_at is None else self.retry_at.isoformat()
        return json.dumps({"positions": positions, "failures": self.failures, "retry_at": retry_at})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the progress that was stored."""
        stored = json.loads(text)
        positions = {
            EventType(kind): Position(datetime.fromisoformat(at), subject)
            for kind, (at, subject) in stored["positions"].items()
        }
        retry_at = stored["retry_at"] and datetime.fromisoformat(stored["retry_at"])
        return cls(positions, stored["failures"], retry_at)


class WebhookStore:
    """Reads events, and keeps how far each receiver was told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def progress(self, url: str) -> Progress:
        """Return how far a receiver was told. A new one is told what happens from now on."""
        with self._database.read() as session:  # nearly always; writing it would lock the catalogue every few seconds
            if (stored := session.get(MetaRow, _key(url))) is not None:
                return Progress.from_json(stored.value)
        begun = Progress(dict.fromkeys(EventType, Position(now(), "")))
        inserting = self._database.insert(MetaRow).values(key=_key(url), value=begun.to_json())
        with self._database.write() as session:
            session.execute(inserting.on_conflict_do_nothing())
            return Progress.from_json(session.get_one(MetaRow, _key(url)).value)

    def keep(self, url: str, progress: Progress) -> None:
        """Store how far a receiver was told."""
        with self._database.write() as session:
            session.merge(MetaRow(key=_key(url), value=progress.to_json()))

    def following(self, positions: Mapping[EventType, Position], until: datetime, limit: int) -> list[Event]:
        """Return the first events after these positions, oldest first."""
        with self._database.read() as session:
            found = [
                *_ready(session, positions[EventType.TRACK_READY], until, limit),
                *_failed(session, positions[EventType.TRACK_FAILED], until, limit),
                *_done(session, positions[EventType.SCAN_DONE], until, limit),
            ]
        return sorted(found, key=lambda event: event.position)[:limit]


def _key(url: str) -> str:
    return f"webhook.{sha256(url.encode()).hexdigest()[:32]}"


def _after(
    at: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    subject: InstrumentedAttribute[str],
    place: Position,
    until: datetime,
) -> list[ColumnElement[bool]]:
    here = tuple_(literal(place.at, at.type), literal(place.subject, subject.type))
    return [tuple_(at, subject) > here, at <= until]


def _ready(session: Session, place: Position, until: datetime, limit: int) -> list[Event]:
    after = _after(TrackRow.analysed_at, TrackRow.id, place, until)
    query = select(TrackRow).where(TrackRow.status == TrackStatus.READY, *after)
    rows = session.scalars(query.order_by(TrackRow.analysed_at, TrackRow.id).limit(limit))
    return [
        Event(EventType.TRACK_READY, Position(row.analysed_at, row.id), _track(row))
        for row in rows
        if row.analysed_at is not None
    ]


def _failed(session: Session, place: Position, until: datetime, limit: int) -> list[Event]:
    after = _after(TrackRow.failed_at, TrackRow.id, place, until)
    unusable = TrackRow.status.in_((TrackStatus.FAILED, TrackStatus.QUARANTINED))
    is_fault = TrackRow.failure_kind.is_distinct_from(FailureKind.LEFT_OUT)
    query = select(TrackRow).where(unusable, is_fault, *after)
    rows = session.scalars(query.order_by(TrackRow.failed_at, TrackRow.id).limit(limit))
    return [
        Event(
            EventType.TRACK_FAILED,
            Position(row.failed_at, row.id),
            {**_track(row), "status": row.status, "kind": row.failure_kind, "reason": row.reason},
        )
        for row in rows
        if row.failed_at is not None
    ]


def _done(session: Session, place: Position, until: datetime, limit: int) -> list[Event]:
    after = _after(JobRow.finished_at, JobRow.id, place, until)
    ended = JobRow.state.in_((JobState.DONE, JobState.FAILED)) & JobRow.kind.in_((JobKind.SCAN, JobKind.PICTURES))
    rows = session.scalars(select(JobRow).where(ended, *after).order_by(JobRow.finished_at, JobRow.id).limit(limit))
    return [
        Event(EventType.SCAN_DONE, Position(row.finished_at, row.id), _job(session, row))
        for row in rows
        if row.finished_at is not None
    ]


def _track(row: TrackRow) -> dict[str, Any]:
    return {"track_id": row.id, "title": row.title, "artist": row.artist, "album": row.album}


def _job(session: Session, row: JobRow) -> dict[str, Any]:
    job = job_of(session, row, listed=0)
    counts = {"total": job.total, "done": job.done, "failed": job.failed, "left_out": job.left_out}
    return {"job_id": job.id, "kind": job.kind, "state": job.state, "path": job.path, **counts, "reason": job.reason}

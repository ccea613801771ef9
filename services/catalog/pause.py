"""The pause of the analysis. It is stored, so it lasts until it is ended, also over restarts."""

from datetime import datetime

from sqlalchemy import delete, or_, update

from services.catalog.database import Database, now
from services.catalog.tables import FIRST, JobRow, MetaRow, TrackRow
from services.domain.job import JobKind, JobState
from services.domain.track import TrackStatus

PAUSED_AT = "analysis_paused_at"
"""The key of the row that exists while the analysis is paused."""


class PauseStore:
    """Begins and ends a pause. Workers look at it before each file, and finish the one that they have begun."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def began_at(self) -> datetime | None:
        """Return when the pause began; None while the analysis runs."""
        with self._database.read() as session:
            row = session.get(MetaRow, PAUSED_AT)
        return None if row is None else datetime.fromisoformat(row.value)

    def begin(self) -> None:
        """Begin a pause, or keep the present one."""
        paused = self._database.insert(MetaRow).values(key=PAUSED_AT, value=now().isoformat())
        with self._database.write() as session:
            session.execute(paused.on_conflict_do_nothing())

    def end(self) -> None:
        """End the pause. What workers left undone meanwhile counts as not sent, so that it is sent at once."""
        with self._database.write() as session:
            if not session.execute(delete(MetaRow).where(MetaRow.key == PAUSED_AT).returning(MetaRow.key)).all():
                return
            session.execute(
                update(TrackRow)
                .where(
                    TrackRow.status == TrackStatus.PENDING,
                    or_(TrackRow.claimed_until.is_(None), TrackRow.claimed_until < now()),
                )
                .values(sent_at=None)
            )
            session.execute(
                update(JobRow)
                .where(
                    JobRow.kind == JobKind.PICTURES,
                    JobRow.state.in_((JobState.QUEUED, JobState.RUNNING)),
                    ~JobRow.listed,
                )
                .values(updated_at=FIRST)
            )

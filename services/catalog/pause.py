"""The pause of the analysis, by its owner or in quiet hours. It is stored, so it also lasts over restarts."""

from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.tables import FIRST, JobRow, MetaRow, TrackRow
from services.domain.job import JobKind, JobState
from services.domain.quiet import Pause, PausedBy
from services.domain.track import TrackStatus

PAUSED_AT = "analysis_paused_at"
"""The key of the row that exists while the owner pauses the analysis."""
QUIET_SINCE = "analysis_quiet_since"
"""The key of the row that exists while the analysis is paused because of quiet hours."""
QUIET_HOURS_SEEN = "analysis_quiet_hours_seen"
"""The key of the row with the begin of the latest quiet hours, so that they pause once and a resume lasts."""


class PauseStore:
    """Begins and ends a pause. Workers look at it before each file, and finish the one that they have begun."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def began_at(self) -> datetime | None:
        """Return when the pause began; None while the analysis runs."""
        pause = self.current()
        return None if pause is None else pause.began_at

    def current(self) -> Pause | None:
        """Return the pause; that of the owner, if quiet hours pause as well. None while the analysis runs."""
        with self._database.read() as session:
            rows = session.scalars(select(MetaRow).where(MetaRow.key.in_((PAUSED_AT, QUIET_SINCE))))
            began = {row.key: datetime.fromisoformat(row.value) for row in rows}
        if not began:
            return None
        by = PausedBy.OWNER if PAUSED_AT in began else PausedBy.QUIET_HOURS
        return Pause(min(began.values()), by)

    def begin(self) -> None:
        """Begin a pause, or keep the present one."""
        paused = self._database.insert(MetaRow).values(key=PAUSED_AT, value=now().isoformat())
        with self._database.write() as session:
            session.execute(paused.on_conflict_do_nothing())

    def end(self) -> None:
        """End the pause, also that of the present quiet hours.

        What workers left undone meanwhile counts as not sent, so that it is sent at once.
        """
        with self._database.write() as session:
            ended = delete(MetaRow).where(MetaRow.key.in_((PAUSED_AT, QUIET_SINCE))).returning(MetaRow.key)
            if session.execute(ended).all():
                _send_again(session)

    def follow_quiet_hours(self, began_at: datetime | None) -> None:
        """Pause once for each quiet hours, and end that pause with them.

        Args:
            began_at: When the present quiet hours began, in local time; None outside of quiet hours.
        """
        with self._database.write() as session:
            if began_at is None:
                ended = delete(MetaRow).where(MetaRow.key == QUIET_SINCE).returning(MetaRow.key)
                if session.execute(ended).all() and session.get(MetaRow, PAUSED_AT) is None:
                    _send_again(session)
                return
            began = began_at.replace(tzinfo=None).isoformat()  # the offset changes when daylight saving time ends
            seen = session.get(MetaRow, QUIET_HOURS_SEEN)
            if seen is None or seen.value != began:
                session.merge(MetaRow(key=QUIET_HOURS_SEEN, value=began))
                session.merge(MetaRow(key=QUIET_SINCE, value=now().isoformat()))


def _send_again(session: Session) -> None:
    is_unclaimed = or_(TrackRow.claimed_until.is_(None), TrackRow.claimed_until < now())
    waiting = update(TrackRow).where(TrackRow.status == TrackStatus.PENDING, is_unclaimed)
    session.execute(waiting.values(sent_at=None))
    is_open = JobRow.state.in_((JobState.QUEUED, JobState.RUNNING)) & ~JobRow.listed
    session.execute(update(JobRow).where(JobRow.kind == JobKind.PICTURES, is_open).values(updated_at=FIRST))

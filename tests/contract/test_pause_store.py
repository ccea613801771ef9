"""The pause of the analysis, on SQLite and on PostgreSQL: one mechanism for its owner and for quiet hours."""

from datetime import UTC, datetime, timedelta, timezone

from services.catalog.library import FileStamp
from services.domain.job import JobKind
from services.domain.quiet import PausedBy
from services.domain.track import Tags

EVENING = datetime(2026, 5, 10, 22, tzinfo=UTC)
TRACK = "00000000-0000-5000-8000-000000000001"


def by(catalogue):
    pause = catalogue.pause.current()
    return None if pause is None else pause.by


def test_quiet_hours_pause_and_end_the_pause(catalogue):
    """What was left undone is sent again at once when they end."""
    catalogue.library.register(TRACK, Tags("Title"), FileStamp("/music/a.mp3", "/music", 1, 1))
    catalogue.turns.sent([TRACK])
    catalogue.pause.follow_quiet_hours(EVENING)
    assert by(catalogue) == PausedBy.QUIET_HOURS
    assert catalogue.pause.began_at() is not None
    catalogue.pause.follow_quiet_hours(EVENING)
    assert catalogue.turns.take(1) == []

    catalogue.pause.follow_quiet_hours(None)
    assert by(catalogue) is None
    assert catalogue.turns.take(1) == [TRACK]


def test_a_resume_lasts_until_the_next_quiet_hours(catalogue):
    """Otherwise the next minute would pause again."""
    catalogue.pause.follow_quiet_hours(EVENING)
    catalogue.pause.end()
    catalogue.pause.follow_quiet_hours(EVENING)
    assert by(catalogue) is None

    catalogue.pause.follow_quiet_hours(None)
    catalogue.pause.follow_quiet_hours(EVENING + timedelta(days=1))
    assert by(catalogue) == PausedBy.QUIET_HOURS


def test_a_resume_lasts_over_the_end_of_daylight_saving_time(catalogue):
    """The same begin then has another offset from UTC."""
    catalogue.pause.follow_quiet_hours(EVENING.replace(tzinfo=timezone(timedelta(hours=2))))
    catalogue.pause.end()
    catalogue.pause.follow_quiet_hours(EVENING.replace(tzinfo=timezone(timedelta(hours=1))))
    assert by(catalogue) is None


def test_the_pause_of_the_owner_outlasts_quiet_hours(catalogue):
    """Whoever pauses by hand resumes by hand."""
    catalogue.pause.follow_quiet_hours(EVENING)
    catalogue.pause.begin()
    assert by(catalogue) == PausedBy.OWNER
    catalogue.pause.follow_quiet_hours(None)
    assert by(catalogue) == PausedBy.OWNER
    catalogue.pause.end()
    assert by(catalogue) is None


def test_files_that_a_scan_has_not_read_count_as_work_left(catalogue):
    """A first scan lists all files before it reads them, so the time left is known early."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    assert catalogue.jobs.count_unread() == 0
    catalogue.jobs.begin(job_id, total=50)
    catalogue.jobs.advance(job_id, 10)
    catalogue.jobs.add_failure(job_id, "/music/a.mp3", "It is damaged.")
    assert catalogue.jobs.count_unread() == 39

    catalogue.jobs.complete_listing(job_id, 10)
    assert catalogue.jobs.count_unread() == 0

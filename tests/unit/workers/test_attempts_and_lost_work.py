"""Attempts are limited and lost work is sent again, with a real SQLite catalogue."""

from datetime import timedelta
from itertools import count

import numpy as np
import pytest
from sqlalchemy import update

from services.catalog.analyses import Claimant
from services.catalog.database import now
from services.catalog.library import FileStamp
from services.catalog.tables import TrackRow
from services.domain.job import JobKind
from services.domain.track import Analysis, Tags, TrackStatus
from services.tasks.lost_work import resend_lost_work
from services.tasks.queue import ANALYSE_TASK, Urgency
from services.tasks.turns import WAITING_MIN, top_up
from tests.fakes.queue import RecordingQueue
from workers.analysis import claim_attempt

TRACK = "5e0c1f0a-7f5b-8d7e-9a43-0d6f6f1c2b11"


@pytest.fixture
def catalogue(sqlite_catalogue):
    """A catalogue with one pending track."""
    sqlite_catalogue.library.register(TRACK, Tags(title="A"), FileStamp("/music/a.flac", "/music", 1, 1))
    return sqlite_catalogue


TASKS = count()


def begin(catalogue):
    """Claim the track with a task that replaces the previous one."""
    task = next(TASKS)
    return claim_attempt(catalogue, TRACK, Claimant("worker", str(task), replaces_task=str(task - 1)))


class QueueWithBacklog(RecordingQueue):
    """A queue with messages that wait."""

    backlog = 0

    def count_waiting(self, task, urgency=None):
        assert (task, urgency) in {(ANALYSE_TASK, None), (ANALYSE_TASK, Urgency.BULK)}
        return self.backlog


@pytest.fixture
def queue():
    return QueueWithBacklog()


def test_fourth_attempt_is_quarantined(catalogue):
    """After three attempts without a result the track is quarantined, with a reason."""
    assert [begin(catalogue).attempt for _ in range(3)] == [1, 2, 3]
    assert begin(catalogue) is None
    track = catalogue.tracks.get(TRACK)

    assert track.status == TrackStatus.QUARANTINED
    assert "3 times" in track.reason


def test_retry_resets_the_attempts_of_a_quarantined_track(catalogue):
    """`segue retry` resets the count of attempts."""
    for _ in range(4):
        begin(catalogue)
    catalogue.failures.reset()

    assert begin(catalogue).attempt == 1


def test_finished_track_is_not_claimed(catalogue):
    """A duplicate message does nothing."""
    begin(catalogue)
    catalogue.analyses.record(TRACK, Analysis(np.eye(128, dtype=np.float32)[0], 0.0, {}, {}, {}, "m1"))

    assert begin(catalogue) is None
    assert catalogue.tracks.get(TRACK).status == TrackStatus.READY


def test_track_that_was_never_sent_is_sent_once(catalogue, queue):
    """A pending track without a message is sent; a second pass right after does not send it again."""
    with catalogue.database.write() as session:
        session.execute(update(TrackRow).values(sent_at=None))
    resend_lost_work(catalogue, queue)
    resend_lost_work(catalogue, queue)

    assert queue.analyses == [TRACK]


def test_claimed_track_is_not_sent(catalogue, queue):
    """A claimed track is not lost."""
    begin(catalogue)
    resend_lost_work(catalogue, queue)

    assert queue.analyses == []


def test_nothing_is_sent_to_a_full_list(catalogue, queue):
    """While enough analyses wait in the broker, the others wait in the catalogue."""
    queue.backlog = WAITING_MIN
    resend_lost_work(catalogue, queue)

    assert queue.analyses == []


def test_lost_tracks_are_sent_while_others_wait(catalogue, queue):
    """A track that was sent over an hour ago is sent again; one that was sent lately waits in the broker."""
    queue.backlog = 5
    catalogue.library.register("late", Tags(title="late"), FileStamp("/music/late.flac", "/music", 1, 1))
    with catalogue.database.write() as session:
        session.execute(update(TrackRow).values(sent_at=now() - timedelta(minutes=30)))
        session.execute(update(TrackRow).where(TrackRow.id == TRACK).values(sent_at=now() - timedelta(hours=2)))
    resend_lost_work(catalogue, queue)
    resend_lost_work(catalogue, queue)

    assert queue.analyses == [TRACK]


def test_the_list_in_the_broker_stays_short(catalogue, queue):
    """However many tracks wait, one pass fills the list and no more."""
    for number in range(WAITING_MIN):
        catalogue.library.register(str(number), Tags(title="A"), FileStamp(f"/music/{number}.flac", "/music", 1, 1))
    assert top_up(catalogue, queue) == WAITING_MIN
    queue.backlog = WAITING_MIN // 2 + 1
    assert top_up(catalogue, queue) == 0
    queue.backlog = WAITING_MIN // 2

    assert top_up(catalogue, queue) == 1


def test_scan_that_was_just_requested_is_not_sent(catalogue, queue):
    """A scan that was just requested is not sent again."""
    catalogue.jobs.create(JobKind.SCAN, "/music")
    resend_lost_work(catalogue, queue)

    assert queue.scans == []

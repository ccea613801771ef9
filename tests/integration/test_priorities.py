"""Analyses that somebody waits for are done first; a real worker, broker and catalogue."""

import uuid

import pytest
from sqlalchemy import select

from services.catalog.library import FileStamp
from services.catalog.tables import TrackRow
from services.domain.track import Tags, TrackStatus
from services.tasks.queue import ANALYSE_TASK, URGENT_IN_PERIOD, Urgency
from tests.fakes.installation import installation, wait_until, write_song


@pytest.fixture
def here(tmp_path):
    with installation(tmp_path / "data") as made:
        yield made


def minutes_of(here, library):
    """Return the minutes that workers have written for a library."""
    days = here.catalogue.quotas.usage(library, here.settings.uploads_path).days
    return sum(day.analysis_seconds for day in days) / 60


def register(here, path, seed):
    write_song(path, seed)
    track_id = str(uuid.uuid4())
    here.catalogue.library.register(track_id, Tags(title=path.stem), FileStamp(str(path), str(path.parent), 1, 1))
    return track_id


def test_urgent_analyses_go_before_a_bulk_scan(here, tmp_path):
    """All messages count as waiting, and a worker takes new files first, then played ones, then the rest."""
    sent = (Urgency.BULK, Urgency.BULK, Urgency.PLAYED, Urgency.BULK, Urgency.NEW)
    tracks = {register(here, tmp_path / f"{seed}.flac", seed): urgency for seed, urgency in enumerate(sent)}
    here.catalogue.turns.sent(list(tracks))
    for track_id, urgency in tracks.items():
        here.queue.analyse(track_id, urgency)
    assert here.queue.count_waiting(ANALYSE_TASK) == 5

    with here.worker():
        wait_until(lambda: here.catalogue.tracks.count_by_status()[TrackStatus.READY] == 5)
    with here.catalogue.database.read() as session:
        order = session.scalars(select(TrackRow.id).order_by(TrackRow.analysed_at)).all()
    assert [tracks[track_id] for track_id in order] == sorted(sent)
    assert here.queue.count_waiting(ANALYSE_TASK) == 0


def test_a_large_library_holds_up_no_small_one(here, tmp_path):
    """The worker takes one track of each library after the other, though those of the large one came first.

    It writes how long the analysis of each library took.
    """
    here.catalogue.libraries.put("Large", [str(tmp_path / "large")], [])
    here.catalogue.libraries.put("Small", [str(tmp_path / "small")], [])
    large = [register(here, tmp_path / "large" / f"{seed}.flac", seed) for seed in range(9)]
    small = [register(here, tmp_path / "small" / f"{seed}.flac", seed) for seed in range(20, 22)]

    with here.worker():
        wait_until(lambda: here.catalogue.tracks.count_by_status()[TrackStatus.READY] == len(large + small))
        wait_until(lambda: all(minutes_of(here, library) for library in ("Large", "Small")))
    with here.catalogue.database.read() as session:
        order = session.scalars(select(TrackRow.id).order_by(TrackRow.analysed_at)).all()
    assert {*small} < {*order[:4]}
    assert here.queue.count_waiting(ANALYSE_TASK) == 0


def test_a_library_cannot_be_urgent_all_the_time(here):
    """Many uploads of one library wait for its turn; another library's are urgent."""
    assert all(here.queue.may_be_urgent("large") for _ in range(URGENT_IN_PERIOD))

    assert not here.queue.may_be_urgent("large")
    assert here.queue.may_be_urgent("small")

"""Tracks that need ffmpeg: they fail without it, and a worker with ffmpeg analyses them by itself."""

import pytest

from models.ffmpeg import find_ffmpeg
from services.domain.failure import FailureKind
from services.domain.job import JobState
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan
from tests.conftest import missing
from tests.fakes.encoded import ffmpeg, write_source
from tests.fakes.installation import installation, wait_until


def test_a_track_waits_for_a_worker_with_ffmpeg(tmp_path):
    """Without ffmpeg it fails and says what to install; the next worker that has ffmpeg analyses it."""
    if find_ffmpeg() is None:
        missing("ffmpeg")
    music = tmp_path / "music"
    music.mkdir()
    ffmpeg("-i", write_source(tmp_path / "source.wav"), "-c:a", "aac", music / "song.m4a")
    with installation(tmp_path / "data") as here:
        catalogue = here.catalogue
        here.environment["PATH"] = str(music)  # no program is there
        with here.worker():
            job_id = request_scan(catalogue, here.queue, str(music))
            wait_until(lambda: catalogue.jobs.get(job_id).state in {JobState.DONE, JobState.FAILED})
            (track_id,) = catalogue.jobs.get(job_id).tracks
            wait_until(lambda: catalogue.tracks.get(track_id).status == TrackStatus.FAILED)
            assert [worker.ffmpeg for worker in here.workers.alive()] == [None]
        (failure,) = catalogue.failures.page()

        assert failure.kind == FailureKind.NEEDS_FFMPEG
        assert "Only ffmpeg decodes M4A" in failure.reason

        del here.environment["PATH"]
        with here.worker():
            wait_until(lambda: catalogue.tracks.get(track_id).status == TrackStatus.READY)
            # The killed worker is listed until its announcement expires.
            assert find_ffmpeg().version in {worker.ffmpeg for worker in here.workers.alive()}
        assert catalogue.tracks.get(track_id).duration_ms == pytest.approx(7000, abs=100)
        assert catalogue.failures.count() == 0

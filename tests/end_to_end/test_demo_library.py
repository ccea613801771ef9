"""From a folder of real music to recommendations, with real broker, workers, index and API."""

import shutil
from collections import Counter
from collections.abc import Callable
from statistics import mean
from time import monotonic, sleep

import psutil
import pytest

from services.api.openapi.examples.values import AWAKENING, COHERENCE, NEBULA, THROUGH_SPACE
from services.domain.track import TrackStatus

pytestmark = pytest.mark.timeout(900)

API_MEMORY_LIMIT = 200 * 1024 * 1024


def soundtrack(track) -> str:
    return track.path.split("/")[0]


def eventually(condition: Callable[[], bool], *, within: float = 30.0) -> bool:
    deadline = monotonic() + within
    while not condition() and monotonic() < deadline:
        sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def library(running):
    return {track.id: track for track in running.client.tracks(status=TrackStatus.READY)}


def test_every_track_of_the_demo_library_is_ready(running, library):
    """Every file of the demo library is analysed."""
    assert Counter(map(soundtrack, library.values())) == {
        "drascula-music": 27,
        "singularity-music": 16,
        "asc-music": 3,
    }
    assert running.client.status().tracks[TrackStatus.READY] == len(library)


def test_the_demo_library_has_the_tracks_of_the_api_examples(library):
    """Requests of the OpenAPI document succeed on it."""
    tracks = {AWAKENING: "Awakening", NEBULA: "Nebula", COHERENCE: "Coherence", THROUGH_SPACE: "Through Space"}

    assert {track_id: library[track_id].title for track_id in tracks} == tracks


def test_recommendations_come_from_the_seeds_own_soundtrack_more_often_than_chance(running, library):
    """One play of a soundtrack returns more of it than random selection, and so do three plays."""
    sizes = Counter(map(soundtrack, library.values()))
    for played in (1, 3):
        found, chance = [], []
        for name, size in sizes.items():
            own = [track_id for track_id in library if soundtrack(library[track_id]) == name]
            if size <= played:
                continue
            for first in range(0, size - played + 1, played):
                history = own[first : first + played]
                answer = running.client.recommend(history, limit=5, max_per_artist=None, max_per_album=None)
                found.append(mean(soundtrack(track) == name for track in answer.tracks))
                chance.append((size - played) / (len(library) - played))

        assert mean(found) > mean(chance) + 0.15, f"{played} plays"


def test_recommendations_exclude_the_history_and_have_reasons(running, library):
    """No recommendation is in the history, each names plays as reasons, and unknown ids are listed."""
    first, second, third, *_ = library
    history = [first, (second, "like"), (third, "dislike"), "isrc:NOSUCH000000"]
    answer = running.client.recommend(history, limit=20)

    assert len(answer.tracks) == 20
    assert not {track.id for track in answer.tracks} & {first, second, third}
    assert all(track.because_of and set(track.because_of) <= {first, second} for track in answer.tracks)
    assert answer.unknown == ["isrc:NOSUCH000000"]


def test_a_second_scan_analyses_nothing(running, library):
    """A second scan of known files finishes at once."""
    job = running.client.wait_for(running.client.scan(running.music), timeout=60)

    assert (job.total, job.done, job.failed, job.tracks) == (len(library), len(library), 0, [])


def test_a_new_file_is_recommended_once_it_is_analysed_and_a_broken_one_has_its_reason(running, library):
    """A new file becomes a similar track of others after a scan."""
    seed = next(iter(library))
    [original, *_] = (running.music / "asc-music").rglob("*.mp3")
    new = running.music / "new" / "song.mp3"
    new.parent.mkdir()
    shutil.copy(original, new)
    with new.open("r+b") as stream:  # only its first two thirds: another recording
        stream.truncate(original.stat().st_size * 2 // 3)
    (running.music / "new" / "diary.mp3").write_text("Dear diary\n" * 100)
    job = running.client.wait_for(running.client.scan(running.music), timeout=120)

    assert [(failure.path.split("/")[-1], failure.reason) for failure in job.failures] == [
        ("diary.mp3", "Not audio: plain text")
    ]
    [added] = job.tracks

    def is_recommended() -> bool:
        return added in {track.id for track in running.client.similar(seed, limit=100).tracks}

    assert eventually(is_recommended)


def test_the_api_process_stays_small_and_loads_no_torch(running):
    """After all other tests, the API process has not loaded torch and uses less than 200 MB."""
    serving = [
        process
        for process in psutil.Process(running.process.pid).children(recursive=True)
        if any("gunicorn" in part for part in process.cmdline())
    ]

    assert serving
    for process in serving:
        assert process.memory_info().rss < API_MEMORY_LIMIT
        assert not [region.path for region in process.memory_maps() if "torch" in region.path]

"""The daily refresh of smart playlists, by a real worker and a real scheduler."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from models.checkpoint import DEFAULT_VERSION
from services.catalog.database import now
from services.catalog.tables import PlaylistRow, TrackRow
from services.domain.filters import Filters, Range
from services.domain.playlist import Rules
from tests.fakes.installation import installation, wait_until
from tests.fakes.library import write_library


@pytest.fixture
def here(tmp_path):
    with installation(tmp_path) as made:
        write_library(made.catalogue, tmp_path / "music", 24)
        with made.catalogue.database.write() as session:  # a worker analyses tracks of another version again
            session.execute(update(TrackRow).values(model_version=DEFAULT_VERSION))
        yield made


def make_older(catalogue, **columns):
    with catalogue.database.write() as session:
        session.execute(update(PlaylistRow).values({name: now() - past for name, past in columns.items()}))


def test_the_scheduler_refreshes_a_playlist_that_is_a_day_old(here):
    """Without an API process, the worker chooses the tracks by filters, words and taste, and keeps the others."""
    playlists = here.catalogue.playlists
    slow = Rules(filters=Filters({"tempo": Range(max=90)}, {"genre": ("folk",)}), sort="tempo")
    chosen = playlists.create("slow", rules=slow)
    words = playlists.create("words", rules=Rules(text=("calm piano",), limit=5))
    contradictory = playlists.create("failing", ["gone"], rules=Rules(text=("under 80 bpm", "over 120 bpm")))
    fresh = playlists.create("fresh", rules=slow)
    make_older(here.catalogue, refreshed_at=timedelta(hours=25))
    playlists.refreshed(fresh.id, slow, [])

    with here.worker("--beat"):
        wait_until(lambda: not playlists.due(), timeout=240)

    tracks = [entry.track_id for entry in playlists.entries(chosen.id)]
    found = here.catalogue.tracks.get_many(tracks)
    tempos = [found[each].descriptors["tempo"] for each in tracks]
    assert {found[each].genre for each in tracks} == {"Folk"}
    assert tempos == sorted(tempos) == [81, 85, 89]
    assert playlists.get(chosen.id).refreshed_at > now() - timedelta(hours=1)
    assert len(playlists.entries(words.id)) == 5
    assert "contradict" in playlists.get(contradictory.id).failure
    assert [entry.track_id for entry in playlists.entries(contradictory.id)] == ["gone"]
    assert playlists.entries(fresh.id) == []

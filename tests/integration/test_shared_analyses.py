"""The same recording in two libraries: one track with two files, or a track of each library."""

from contextlib import closing

import pytest

from services.catalog import Catalogue
from services.domain.track import TagRules
from services.ingest.scan import request_scan, run_scan
from services.ingest.upload import Upload, store_upload
from tests.fakes.installation import write_song
from tests.fakes.queue import RecordingQueue


@pytest.fixture
def music(tmp_path):
    """A song that the libraries Anna and Ben have, and that lies beside their folders too."""
    song = write_song(tmp_path / "music" / "anna" / "song.flac").read_bytes()
    for place in ("anna/copy.flac", "ben/song.flac", "song.flac"):
        (tmp_path / "music" / place).parent.mkdir(exist_ok=True)
        (tmp_path / "music" / place).write_bytes(song)
    return tmp_path / "music"


def scanned(music, rules):
    catalogue = Catalogue.open(f"sqlite:///{music.parent / 'catalogue.db'}", rules=rules)
    catalogue.migrate()
    for name in ("Anna", "Ben"):
        catalogue.libraries.put(name, [str(music / name.lower())], [])
    queue = RecordingQueue()
    run_scan(catalogue, queue, request_scan(catalogue, queue, str(music)))
    return catalogue, queue


def test_libraries_share_the_analysis_of_the_same_audio(music):
    """One track is in both libraries and analysed once."""
    catalogue, queue = scanned(music, TagRules())
    with closing(catalogue):
        assert len(queue.analyses) == 1
        assert catalogue.quotas.count_tracks("anna") == catalogue.quotas.count_tracks("ben") == 1
        assert len(catalogue.tracks.files(queue.analyses[0])) == 4


def test_libraries_have_tracks_of_their_own_where_they_share_no_analyses(music):
    """Each library has one with its files, uploads too; a file of no library has the track of its audio."""
    catalogue, queue = scanned(music, TagRules(shares_analyses=False))
    with closing(catalogue):
        assert len(queue.analyses) == len(set(queue.analyses)) == 3
        files = sorted(len(catalogue.tracks.files(track_id)) for track_id in queue.analyses)
        assert files == [1, 1, 2]

        with (music / "song.flac").open("rb") as sent:
            uploaded = Upload(sent, "sent.flac")
            folder = music.parent / "uploads"
            job = store_upload(catalogue, queue, uploaded, folder=folder, max_bytes=10**9, library="ben")
        [track_id] = catalogue.jobs.get(job).tracks
        assert track_id in queue.analyses
        assert catalogue.quotas.count_tracks("ben") == 1
        assert len(catalogue.tracks.files(track_id)) == 2

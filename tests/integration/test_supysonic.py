"""A link to a real supysonic server, which has neither MusicBrainz ids nor ISRCs."""

from collections.abc import Iterator

import pytest

from services.domain.job import JobKind
from services.domain.links import Link, LinkKind, MatchRule
from services.ingest.scan import ScanRules, run_scan
from services.links.opening import server_of
from services.links.server import Server
from services.links.syncing import sync
from tests.fakes.installation import Installation, installation
from tests.fakes.supysonic import PASSWORD, USER, Supysonic, supysonic, write_library

SONGS = 300


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supysonic]:
    music = tmp_path_factory.mktemp("music")
    write_library(music, SONGS)
    with supysonic(music, tmp_path_factory.mktemp("supysonic")) as running:
        yield running


@pytest.fixture(scope="module")
def scanned(remote: Supysonic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that has scanned the same folder; no analysis is needed to match songs."""
    with installation(tmp_path_factory.mktemp("data")) as here:
        job = here.catalogue.jobs.create(JobKind.SCAN, str(remote.music))
        run_scan(here.catalogue, here.queue, job, ScanRules.of(here.settings))
        yield here


@pytest.fixture(scope="module")
def link(scanned: Installation, remote: Supysonic) -> Link:
    new = Link(name="supysonic", kind=LinkKind.SUBSONIC, url=remote.url, user=USER, listener=USER)
    scanned.catalogue.links.add(new)
    return new


@pytest.fixture(scope="module")
def server(link: Link) -> Iterator[Server]:
    opened = server_of(link, PASSWORD)
    yield opened
    opened.close()


def test_nearly_all_songs_of_a_real_server_are_tracks(scanned: Installation, link: Link, server: Server) -> None:
    synced = sync(scanned.catalogue, link, server)

    assert synced.counts.songs == SONGS
    assert synced.counts.unmatched <= SONGS // 100
    assert synced.counts.matched.keys() == {MatchRule.PATH}


def test_songs_are_the_right_tracks(scanned: Installation, remote: Supysonic, server: Server) -> None:
    """Every song whose path the server tells is the track with this path."""
    songs = list(server.songs())
    found = scanned.catalogue.links.track_ids("supysonic", [song.id for song in songs])
    tracks = scanned.catalogue.tracks.get_many(list(found.values()))

    assert {song.path for song in songs if song.id in found} == {tracks[found[song.id]].path for song in songs}


def test_a_file_that_goes_loses_its_id(scanned: Installation, remote: Supysonic, link: Link, server: Server) -> None:
    gone = next(path for path in sorted(remote.music.rglob("*.flac")))
    gone.unlink()
    remote.scan()
    synced = sync(scanned.catalogue, link, server)

    assert (synced.gone, synced.counts.songs) == (1, SONGS - 1)

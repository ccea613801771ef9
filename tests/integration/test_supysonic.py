"""A link to a real supysonic server, which has neither MusicBrainz ids nor ISRCs."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from services.composition import compose_mixes
from services.domain.job import JobKind
from services.domain.links import Link, LinkKind, MatchRule
from services.domain.listening import EventKind, ListenFilter, NewListen
from services.domain.vector_index import TRACKS
from services.index.exact import ExactIndex
from services.ingest.scan import ScanRules, run_scan
from services.links.listening import pull
from services.links.opening import server_of
from services.links.server import Server
from services.links.syncing import sync
from services.mixes.push import Action, Pusher
from services.mixes.rules import read_rules
from tests.fakes.installation import Installation, installation
from tests.fakes.library import record
from tests.fakes.serving import api_process, free_port
from tests.fakes.supysonic import PASSWORD, USER, Supysonic, supysonic, write_library

SONGS = 300


@pytest.fixture(scope="module")
def port() -> int:
    """The port at which Segue takes the scrobbles of the server."""
    return free_port()


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Supysonic]:
    music = tmp_path_factory.mktemp("music")
    write_library(music, SONGS)
    with supysonic(music, tmp_path_factory.mktemp("supysonic"), f"http://127.0.0.1:{port}") as running:
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


@pytest.fixture(scope="module")
def ready(scanned: Installation, link: Link, server: Server) -> list[str]:
    """The tracks, analysed, of which the listener has heard some."""
    catalogue = scanned.catalogue
    sync(catalogue, link, server)
    tracks = sorted(catalogue.links.tracks(link.name))
    for number, track_id in enumerate(tracks):
        record(catalogue, track_id, number)
    at = datetime(2026, 5, 1, tzinfo=UTC)
    heard = [NewListen(names=(track_id,), at=at + timedelta(hours=n)) for n, track_id in enumerate(tracks[:8])]
    catalogue.listens.add(USER, heard)
    return tracks


def songs_of(remote: Supysonic, name: str) -> list[list[str]]:
    """Return the songs of the playlists with a name."""
    listed = remote.ask("getPlaylists").json()["subsonic-response"]["playlists"]["playlist"]
    found = [remote.ask("getPlaylist", id=each["id"]).json() for each in listed if each["name"] == name]
    return [[song["id"] for song in each["subsonic-response"]["playlist"].get("entry", ())] for each in found]


def test_a_mix_is_pushed_and_replaced_and_no_other_playlist_touched(
    scanned: Installation, remote: Supysonic, link: Link, server: Server, ready: list[str]
) -> None:
    """A playlist of the user has the same name."""
    catalogue = scanned.catalogue
    own = catalogue.links.song_ids(link.name, ready[:1])[ready[0]]
    remote.ask("createPlaylist", name="Discover", songId=own)
    rules = {"discover": read_rules(scanned.settings.data_path)["discover"]}
    pusher = Pusher(catalogue, compose_mixes(scanned.settings, catalogue, ExactIndex(catalogue.queue_of(TRACKS))))
    pushed = [pusher.push(link, server, rules, date(2026, 6, day))[0] for day in (1, 2)]
    songs = catalogue.links.song_ids(link.name, ready)

    assert [each.action for each in pushed] == [Action.CREATE, Action.REPLACE]
    assert catalogue.mix_playlists.all(link.name)["discover"].marker  # supysonic keeps comments
    wanted = [songs[track_id] for track_id in pushed[1].mix.track_ids]
    assert len(wanted) == rules["discover"].tracks
    assert set(ready[:8]).isdisjoint(pushed[1].mix.track_ids)
    assert sorted(songs_of(remote, "Discover")) == sorted([[own], wanted])


def test_a_star_and_a_rating_are_taken_over(
    scanned: Installation, remote: Supysonic, link: Link, server: Server, ready: list[str]
) -> None:
    """The star comes with the next run, the rating with the next list of all songs."""
    starred, rated = scanned.catalogue.links.song_ids(link.name, ready[10:12]).items()
    remote.ask("star", id=starred[1])
    remote.ask("setRating", id=rated[1], rating="1")
    of_stars = pull(scanned.catalogue, link, server)
    of_ratings = sync(scanned.catalogue, link, server).heard

    assert (of_stars.opinions, of_ratings.opinions) == (1, 1)
    known = scanned.catalogue.annotations.of_tracks(USER, [starred[0], rated[0]])
    assert known[starred[0]].starred is not None
    assert known[rated[0]].rating == 1
    assert scanned.catalogue.listens.rejected(USER) == {rated[0]}


def test_three_scrobbles_are_plays_with_their_times(
    scanned: Installation, remote: Supysonic, link: Link, port: int, ready: list[str]
) -> None:
    """The server tells no play counts of songs. It passes scrobbles on by ListenBrainz, with artist, title, album."""
    songs = scanned.catalogue.links.song_ids(link.name, ready[20:])
    tracks = scanned.catalogue.tracks.get_many(list(songs))
    heard = [track_id for track_id in songs if tracks[track_id].artist is not None][:3]
    remote.scrobble_with(USER)
    with api_process(scanned.settings.data_path, scanned.broker.url, port):
        for minute, track_id in enumerate(heard):
            at = datetime(2026, 6, 1, 12, minute, tzinfo=UTC)
            remote.ask("scrobble", id=songs[track_id], time=str(int(at.timestamp() * 1000)), submission="true")
    listens = scanned.catalogue.listens.page(USER, ListenFilter(since=datetime(2026, 6, 1, tzinfo=UTC))).listens
    plays = {each.track_id: each.at for each in listens if each.kind == EventKind.PLAY}

    assert plays == {track_id: datetime(2026, 6, 1, 12, minute, tzinfo=UTC) for minute, track_id in enumerate(heard)}

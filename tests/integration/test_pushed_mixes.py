"""Mixes on a linked server: created, replaced, and no other playlist touched."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest

from services.domain.errors import AlreadyRunning
from services.domain.links import Link, LinkKind, LinkWork, MixPlaylist
from services.domain.listening import NewListen
from services.domain.vector_index import TRACKS
from services.index.exact import ExactIndex
from services.links.opening import server_of
from services.links.syncing import sync
from services.mixes.choose import Mixes
from services.mixes.push import Action, Pusher
from services.mixes.rules import read_rules
from services.recommend import Recommender
from services.recommend.path import Paths
from services.recommend.tastes import Tastes
from services.recommend.words import WordReader
from services.words.understand import understand
from tests.fakes.library import open_catalogue, tower, track_id, write_library
from tests.fakes.media_server import PASSWORD, USER, media_server

LIBRARY_SIZE, SONGS = 24, 20
DAY = date(2026, 6, 1)
RULES = """
[daily]
kind = "taste"
name = "Daily {number}"
tracks = 4
[new]
kind = "discover"
name = "New"
tracks = 4
"""

KINDS = pytest.mark.parametrize("kind", LinkKind)


@pytest.fixture
def catalogue(tmp_path):
    with open_catalogue(tmp_path) as opened:
        write_library(opened, tmp_path / "music", LIBRARY_SIZE)
        heard = [NewListen(names=(track_id(n),), at=datetime(2026, 5, 30, n, tzinfo=UTC)) for n in (0, 4, 8)]
        opened.listens.add("ada", heard)
        yield opened


@pytest.fixture
def media():
    """A server that has all tracks but the last four, and a playlist of its user."""
    songs = [
        {"id": f"s{n}", "title": f"Title {n:03}", "artist": f"Artist {n % 4}", "album": f"Album {n % 4}", "duration": 2}
        for n in range(SONGS)
    ]
    with media_server(songs) as running:
        running.playlists["own"] = {"name": "Daily 1", "comment": "", "songs": ["s1"], "owner": USER}
        yield running


@pytest.fixture
def pusher(catalogue):
    index = ExactIndex(catalogue.queue_of(TRACKS))
    recommender = Recommender(catalogue.tracks, index, half_life_days=30)
    words = WordReader(catalogue.tracks, tower(), understand)
    mixes = Mixes(catalogue, recommender, Tastes(catalogue, recommender), words, Paths(catalogue.tracks, index))
    return Pusher(catalogue, mixes)


def linked(catalogue, media, kind):
    link = Link(name="nas", kind=kind, url=media.url, user=USER, listener="ada")
    catalogue.links.add(link)
    server = server_of(link, PASSWORD)
    sync(catalogue, link, server)
    return link, server


def rules(folder, text=RULES):
    (folder / "mixes.toml").write_text(text, encoding="utf-8")
    return read_rules(folder)


def actions(pushed):
    return {each.mix.key: each.action for each in pushed}


@KINDS
def test_mixes_are_created_once_and_replaced_every_day(catalogue, media, pusher, tmp_path, kind):
    """They have the songs that the server has, in the order of the mix."""
    link, server = linked(catalogue, media, kind)
    first = pusher.push(link, server, rules(tmp_path), DAY)
    made = deepcopy(media.playlists)
    second = pusher.push(link, server, rules(tmp_path), DAY + timedelta(days=1))
    songs = {track_id(number): f"s{number}" for number in range(SONGS)}

    assert actions(first) == {"daily:1": Action.CREATE, "new": Action.CREATE}
    assert actions(second) == {"daily:1": Action.REPLACE, "new": Action.REPLACE}
    assert len(media.playlists) == len(made) == 3
    for pushed, playlists in ((first, made), (second, media.playlists)):
        wanted = [[songs[track] for track in each.mix.track_ids] for each in pushed]
        assert [each["songs"] for key, each in playlists.items() if key != "own"] == wanted
    assert media.playlists["own"]["songs"] == ["s1"]


@KINDS
def test_a_dry_run_changes_nothing(catalogue, media, pusher, tmp_path, kind):
    """It tells what a push would do, and is not repeated."""
    link, server = linked(catalogue, media, kind)
    planned = pusher.plan(link, server, rules(tmp_path), DAY)

    assert actions(planned) == {"daily:1": Action.CREATE, "new": Action.CREATE}
    assert list(media.playlists) == ["own"]
    assert catalogue.link_runs.due(LinkWork.MIXES, timedelta(0), begun=True) == []


@pytest.mark.parametrize("change", [{"comment": "mine now"}, {"name": "Summer"}])
def test_a_listener_keeps_a_playlist_by_changing_its_comment_or_name(catalogue, media, pusher, tmp_path, change):
    """The next push makes a new one."""
    link, server = linked(catalogue, media, LinkKind.SUBSONIC)
    pusher.push(link, server, rules(tmp_path), DAY)
    [kept] = [key for key, each in media.playlists.items() if each["name"] == "New"]
    media.playlists[kept] |= {"songs": ["s7"]} | change
    pushed = pusher.push(link, server, rules(tmp_path), DAY)

    assert actions(pushed) == {"daily:1": Action.REPLACE, "new": Action.CREATE}
    assert media.playlists[kept]["songs"] == ["s7"]


@KINDS
def test_a_playlist_that_is_gone_is_made_again(catalogue, media, pusher, tmp_path, kind):
    """Only a changed rule prevents it."""
    link, server = linked(catalogue, media, kind)
    pusher.push(link, server, rules(tmp_path), DAY)
    media.playlists = {"own": media.playlists["own"], "other": {"name": "New", "comment": "", "songs": ["s3"]}}
    pushed = pusher.push(link, server, rules(tmp_path), DAY)

    assert set(actions(pushed).values()) == {Action.CREATE}
    assert media.playlists["other"]["songs"] == ["s3"]


def test_a_playlist_of_a_push_that_was_cut_off_is_found_again(catalogue, media, pusher, tmp_path):
    """It has the songs that were stored before it was made."""
    link, server = linked(catalogue, media, LinkKind.SUBSONIC)
    catalogue.mix_playlists.put("nas", "new", MixPlaylist("New", "", songs=["s1", "s2"]))
    media.playlists["not"] = {"name": "New", "comment": "", "songs": ["s1"]}
    media.playlists["cut"] = {"name": "New", "comment": "", "songs": ["s1", "s2"]}
    pushed = pusher.push(link, server, rules(tmp_path), DAY)

    assert actions(pushed)["new"] == Action.REPLACE
    assert len(media.playlists["cut"]["songs"]) == 4
    assert media.playlists["not"]["songs"] == ["s1"]


def test_a_server_that_refuses_comments_gets_one_playlist_a_mix(catalogue, media, pusher, tmp_path):
    link, server = linked(catalogue, media, LinkKind.SUBSONIC)
    media.comments = False
    pushes = [actions(pusher.push(link, server, rules(tmp_path), DAY + timedelta(days=day))) for day in range(3)]

    assert [each["new"] for each in pushes] == [Action.CREATE, Action.REPLACE, Action.REPLACE]
    assert len(media.playlists) == 3


@KINDS
def test_without_comments_a_foreign_playlist_with_the_same_id_and_name_is_kept(
    catalogue, media, pusher, tmp_path, kind
):
    """A server may give the id of a deleted playlist to another one."""
    link, server = linked(catalogue, media, kind)
    media.comments = False
    pusher.push(link, server, rules(tmp_path), DAY)
    [reused] = [key for key, each in media.playlists.items() if each["name"] == "New"]
    foreign = [*media.playlists[reused]["songs"][:1], "s19", "s18", "s17", "s16"]
    media.playlists[reused]["songs"] = list(foreign)
    pushed = pusher.push(link, server, rules(tmp_path), DAY)

    assert actions(pushed)["new"] == Action.CREATE
    assert media.playlists[reused]["songs"] == foreign


def test_a_mix_without_tracks_leaves_its_playlist_as_it_is(catalogue, media, pusher, tmp_path):
    """The reason is told."""
    link, server = linked(catalogue, media, LinkKind.SUBSONIC)
    pusher.push(link, server, rules(tmp_path, '[x]\nkind = "discover"\nname = "X"'), DAY)
    before = dict(media.playlists)
    [skipped] = pusher.push(link, server, rules(tmp_path, '[x]\nkind = "rediscover"\nname = "X"'), DAY)

    assert (skipped.action, skipped.reason) == (Action.SKIP, "No track fits.")
    assert media.playlists == before


def test_one_process_pushes_at_a_time(catalogue, media, pusher, tmp_path):
    """A push is due again after a day."""
    link, server = linked(catalogue, media, LinkKind.SUBSONIC)
    runs = catalogue.link_runs
    with runs.running("nas", LinkWork.MIXES), pytest.raises(AlreadyRunning):
        pusher.push(link, server, rules(tmp_path), DAY)
    pusher.push(link, server, rules(tmp_path), DAY)

    assert runs.due(LinkWork.MIXES, timedelta(days=1), begun=True) == []
    assert runs.due(LinkWork.MIXES, timedelta(0), begun=True) == ["nas"]

"""Downloads of songs that a linked server, or this machine, does not take at the moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import update

from services.catalog.analyses import Claimant
from services.catalog.link_downloads import reason_of_deletion
from services.catalog.tables import LinkRow
from services.domain.errors import StorageFull
from services.domain.links import Link, LinkedSong, LinkKind
from services.domain.track import TrackStatus
from services.links import downloading
from services.links.downloading import downloaded
from services.links.opening import server_of
from services.links.passwords import store_password
from services.settings import Settings
from services.storage import disk
from services.tasks.queue import TaskQueue
from tests.fakes.library import open_catalogue, register, track_id, write_tone
from tests.fakes.media_server import PASSWORD, USER, MediaServer, media_server
from workers.lifecycle import ChildContext
from workers.links import download

if TYPE_CHECKING:
    from services.links.server import Server

SONGS = ("s1", "s2")
EACH_KIND = pytest.mark.parametrize("kind", LinkKind)


@pytest.fixture
def media() -> Iterator[MediaServer]:
    with media_server([], files={"s1": b"no audio"}) as running:
        yield running


@pytest.fixture
def context(tmp_path: Path, media: MediaServer) -> Iterator[ChildContext]:
    """Of a worker, without a broker: downloads send nothing."""
    with open_catalogue(tmp_path) as catalogue:
        yield ChildContext(Settings(data_dir=tmp_path), catalogue, TaskQueue("redis://127.0.0.1:1"))


def add_link(context: ChildContext, media: MediaServer, kind: LinkKind, password: str = PASSWORD) -> Link:
    link = Link(name="nas", kind=kind, url=media.url, user=USER, listener=USER, download=True)
    context.catalogue.links.add(link)
    context.catalogue.links.record("nas", [LinkedSong(id=song, title=song) for song in SONGS])
    store_password(context.settings, "nas", password)
    return link


def attempt(context: ChildContext, song: str) -> str | None:
    """Try to download a song; return why it failed."""
    download(context, "nas", song, Claimant("worker", "task"))
    return next(each.reason for each in context.catalogue.links.unmatched("nas") if each.id == song)


def due(context: ChildContext) -> list[str]:
    return [song for _, song in context.catalogue.link_downloads.due(timedelta(0), 10)]


def paused_until(context: ChildContext) -> datetime:
    with context.catalogue.database.read() as session:
        return session.get_one(LinkRow, "nas").paused_until or datetime.min.replace(tzinfo=UTC)


def end_pause(context: ChildContext) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    with context.catalogue.database.write() as session:
        session.execute(update(LinkRow).values(paused_until=past))


@EACH_KIND
def test_a_wrong_password_pauses_downloads_and_refuses_no_song(
    context: ChildContext, media: MediaServer, kind: LinkKind
) -> None:
    """The other songs of the queue are not asked for until the pause ends; each song is due again after it."""
    add_link(context, media, kind, "wrong")
    reason, asked = attempt(context, "s1"), len(media.asked)

    assert reason
    assert (attempt(context, "s2"), len(media.asked)) == (None, asked)
    assert due(context) == []
    end_pause(context)
    assert due(context) == ["s2", "s1"]


@EACH_KIND
def test_a_busy_server_is_asked_again_when_it_wants(context: ChildContext, media: MediaServer, kind: LinkKind) -> None:
    add_link(context, media, kind)
    media.busy = {"Retry-After": "7200"}
    begun = datetime.now(UTC)
    attempt(context, "s1")

    assert paused_until(context) >= begun + timedelta(hours=2)
    end_pause(context)
    assert "s1" in due(context)


def test_pauses_grow_until_the_server_sends_a_song(context: ChildContext, media: MediaServer) -> None:
    add_link(context, media, LinkKind.SUBSONIC)
    media.busy = {}
    attempt(context, "s1")
    end_pause(context)
    with context.catalogue.database.write() as session:
        session.execute(update(LinkRow).values(failing_since=datetime.now(UTC) - timedelta(minutes=20)))
    before = datetime.now(UTC)
    attempt(context, "s1")

    assert paused_until(context) >= before + timedelta(minutes=20)
    end_pause(context)
    media.busy = None
    attempt(context, "s1")
    with context.catalogue.database.read() as session:
        assert session.get_one(LinkRow, "nas").failing_since is None


def test_a_refused_song_is_tried_again_on_demand(context: ChildContext, media: MediaServer) -> None:
    """The pause ends, too."""
    add_link(context, media, LinkKind.SUBSONIC)
    assert attempt(context, "s2")  # the server has no such song
    assert due(context) == ["s1"]
    context.catalogue.link_downloads.pause("nas")
    context.catalogue.link_downloads.retry("nas")

    assert due(context) == ["s2", "s1"]


def test_the_song_of_a_deleted_track_is_not_tried_again(context: ChildContext, media: MediaServer) -> None:
    add_link(context, media, LinkKind.SUBSONIC)
    downloads = context.catalogue.link_downloads
    register(context.catalogue, write_tone(context.settings.data_path / "1.wav", 440), 1)
    context.catalogue.library.delete(track_id(1))
    downloads.refuse("nas", "s1", reason_of_deletion(track_id(1)))
    downloads.refuse("nas", "s2", reason_of_deletion(track_id(2)))  # registered again
    downloads.retry("nas")

    assert due(context) == ["s2"]


def test_a_song_may_go_during_its_download(context: ChildContext, media: MediaServer) -> None:
    """Its track does not wait for an analysis. If the link goes too, a pause of it changes nothing."""
    link = add_link(context, media, LinkKind.SUBSONIC)
    links, audio = context.catalogue.links, write_tone(context.settings.data_path / "tone.wav", 440).read_bytes()

    class Leaving(dict[str, bytes]):
        def get(self, key: str, _: object = None) -> bytes:  # type: ignore[override]
            links.forget(link.name, [key])
            return audio

    media.files = Leaving()
    download(context, link.name, "s1", Claimant("worker", "task"))
    statuses = context.catalogue.tracks.count_by_status()
    links.remove(link.name)
    context.catalogue.link_downloads.pause(link.name)

    assert (statuses[TrackStatus.MISSING], links.all()) == (1, [])
    assert not statuses.get(TrackStatus.PENDING)


@pytest.mark.parametrize("wait", ["9" * 5000, "9" * 20, "soon"])
def test_a_wait_that_cannot_be_is_no_wait(context: ChildContext, media: MediaServer, wait: str) -> None:
    add_link(context, media, LinkKind.SUBSONIC)
    media.busy = {"Retry-After": wait}
    begun = datetime.now(UTC)
    attempt(context, "s1")

    assert begun < paused_until(context) < begun + timedelta(hours=1)


def test_a_song_that_is_too_large_is_refused(
    context: ChildContext, media: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "MAX_BYTES", 4)
    add_link(context, media, LinkKind.SUBSONIC)

    assert "the most that Segue downloads" in str(attempt(context, "s1"))


def test_a_download_ends_when_the_disk_becomes_full(
    context: ChildContext, media: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free space is checked while it is written."""
    server = server_of(add_link(context, media, LinkKind.SUBSONIC), PASSWORD)

    class Filling:
        @contextmanager
        def open_song(self, song: str) -> Iterator[Iterator[bytes]]:
            with server.open_song(song) as chunks:
                monkeypatch.setattr(disk, "MIN_FREE_BYTES", 1 << 62)
                yield chunks

    with pytest.raises(StorageFull), downloaded(cast("Server", Filling()), "s1", context.settings):
        pass

"""Songs of a linked server that Segue cannot see as files: a real worker downloads and analyses them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from celery import Celery
from sqlalchemy import update

from models.checkpoint import DEFAULT_VERSION
from services.catalog.tables import LinkRow
from services.domain.links import Link, LinkKind, MatchRule
from services.domain.track import TrackStatus
from services.links.opening import opened
from services.links.passwords import store_password
from services.links.syncing import sync
from services.tasks.lost_work import resend_lost_work
from services.tasks.queue import ROUTES, SYNC_LINKS_TASK
from tests.fakes.installation import Installation, installation, wait_until, write_song
from tests.fakes.media_server import PASSWORD, USER, MediaServer, media_server
from tests.fakes.spaces import serve_space

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("data")) as here, here.worker():
        yield here


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    folder = tmp_path_factory.mktemp("songs")
    good = [write_song(folder / f"{number}.flac", number) for number in (1, 2)]
    files = {f"s{number}": path.read_bytes() for number, path in enumerate(good, start=1)} | {"s3": b"no audio"}
    songs = [{"id": each, "title": each, "artist": "Ada", "album": "Album", "duration": 6} for each in files]
    with media_server(songs, files=files) as running:
        yield running


@pytest.fixture(scope="module")
def link(served: Installation, media: MediaServer) -> Link:
    """A link whose songs are listed and were sent to the worker."""
    new = Link(name="nas", kind=LinkKind.SUBSONIC, url=media.url, user=USER, listener=USER, download=True)
    served.catalogue.links.add(new)
    store_password(served.settings, new.name, PASSWORD)
    with opened(served.settings, new) as server:
        sync(served.catalogue, new, server)
    resend_lost_work(served.catalogue, served.queue)
    wait_until(lambda: len(ready(served)) == 2 and served.catalogue.links.unmatched("nas")[0].reason)
    return new


def ready(served: Installation) -> dict[str, str]:
    found = served.catalogue.links.track_ids("nas", ["s1", "s2", "s3"])
    tracks = served.catalogue.tracks.get_many(sorted(found.values()))
    return {song: track for song, track in found.items() if tracks[track].status == TrackStatus.READY}


def test_each_song_is_downloaded_once_and_only_its_analysis_is_kept(
    served: Installation, media: MediaServer, link: Link
) -> None:
    tracks = served.catalogue.tracks.get_many(list(ready(served).values()))

    assert media.asked.count("GET /rest/download") == 3
    assert all(track.path is None and track.model_version for track in tracks.values())
    assert [each.ids["nas"] for each in tracks.values()] == list(ready(served))
    audio = {file.name for file in Path(served.settings.data_path).rglob("*") if file.suffix in (".flac", ".download")}
    assert audio == set()
    counts = served.catalogue.links.counts(link.name)
    assert (counts.matched, counts.unmatched) == ({MatchRule.DOWNLOAD: 2}, 1)


def test_a_song_that_is_no_audio_has_a_reason_and_is_not_asked_for_again(
    served: Installation, media: MediaServer, link: Link
) -> None:
    [refused] = served.catalogue.links.unmatched(link.name)
    resend_lost_work(served.catalogue, served.queue)

    assert (refused.id, bool(refused.reason)) == ("s3", True)
    assert served.catalogue.link_downloads.due(lost_after=-HOUR, limit=10) == []


def test_a_new_model_downloads_the_songs_again(served: Installation, media: MediaServer, link: Link) -> None:
    """A track whose only file is on a linked server waits for a download, not for an analysis of a file."""
    before = media.asked.count("GET /rest/download")
    tracks = ready(served)
    serve_space(served.catalogue, "another", DEFAULT_VERSION)
    served.catalogue.space_store.settle()

    assert served.catalogue.turns.take(10) == []
    served.queue.analyse(tracks["s1"])  # changes nothing

    def are_ready_again() -> bool:
        resend_lost_work(served.catalogue, served.queue)  # every minute in service: a song may be claimed at one pass
        return ready(served) == tracks

    wait_until(are_ready_again, every=1)
    assert media.asked.count("GET /rest/download") == before + 2


def test_the_audio_of_a_downloaded_song_is_elsewhere(served: Installation, link: Link) -> None:
    track = ready(served)["s1"]
    with served.api() as api:
        refused = httpx.get(f"{api.url}/v1/tracks/{track}/audio")
        shown = httpx.get(f"{api.url}/v1/tracks/nas:s1").json()

    assert (refused.status_code, shown["path"]) == (404, None)
    assert served.catalogue.progress.folders() == []
    assert "on the linked server 'nas'" in json.loads(refused.content)["detail"]


def test_a_song_that_goes_takes_its_track_with_it(served: Installation, media: MediaServer, link: Link) -> None:
    """The periodic task lists the songs; the track of a song without a file is missing."""
    gone = ready(served)["s2"]
    media.songs[:] = [song for song in media.songs if song["id"] != "s2"]
    with served.catalogue.database.write() as session:
        session.execute(update(LinkRow).values(synced_at=None))
    celery = Celery(broker=served.broker.url)
    celery.send_task(SYNC_LINKS_TASK, queue=ROUTES[SYNC_LINKS_TASK]["queue"])
    wait_until(lambda: served.catalogue.tracks.get(gone).status == TrackStatus.MISSING)

    assert served.catalogue.tracks.get(gone).ids == {}

"""`segue playlists push`, against a server in memory, and its repetition by a real worker."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from sqlalchemy import update
from typer.testing import CliRunner

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.tables import LinkRunRow
from services.cli.main import app
from services.domain.errors import LinkNotFound
from services.domain.links import Link, LinkKind, LinkWork
from services.domain.listening import EventKind, NewListen
from services.links.opening import server_of
from services.links.passwords import store_password
from services.links.syncing import sync
from services.settings import Settings
from services.tasks.queue import FOLLOW_LINKS_TASK, PUSH_MIXES_TASK, ROUTES
from tests.fakes.installation import installation, wait_until
from tests.fakes.library import track_id, write_library
from tests.fakes.media_server import PASSWORD, USER, media_server
from workers.app import app as celery_app

LIBRARY_SIZE = 24
PLAYED = "2026-03-01T12:00:00Z"


@pytest.fixture
def media():
    songs = [
        {"id": f"s{n}", "title": f"Title {n:03}", "artist": f"Artist {n % 4}", "album": f"Album {n % 4}", "duration": 2}
        for n in range(LIBRARY_SIZE)
    ]
    with media_server(songs) as running:
        yield running


def link_server(settings, catalogue, media):
    """Link a server to a library of which the listener heard some tracks."""
    write_library(catalogue, settings.data_path / "music", LIBRARY_SIZE)
    at = datetime.now(UTC) - timedelta(days=1)
    catalogue.listens.add("ada", [NewListen(names=(track_id(n),), at=at + timedelta(hours=n)) for n in (0, 4, 8)])
    link = Link(name="nas", kind=LinkKind.SUBSONIC, url=media.url, user=USER, listener="ada")
    catalogue.links.add(link)
    store_password(settings, "nas", PASSWORD)
    sync(catalogue, link, server_of(link, PASSWORD))


@pytest.fixture
def data(tmp_path, media):
    settings = Settings(data_dir=tmp_path)
    catalogue = Catalogue.open(settings.catalogue_url)
    catalogue.migrate()
    link_server(settings, catalogue, media)
    catalogue.close()
    return tmp_path


def run(data, *words):
    """Run a command in this process, which is faster."""
    return CliRunner().invoke(app, ["playlists", "push", *words], env={"SEGUE_DATA_DIR": str(data), "COLUMNS": "200"})


def test_a_dry_run_prints_what_a_push_does(data, media):
    """It writes nothing, neither there nor here."""
    dry = json.loads(run(data, "nas", "--dry-run", "--json").stdout)
    before = dict(media.playlists), (data / "mixes.toml").exists()
    pushed = json.loads(run(data, "nas", "--json").stdout)

    assert before == ({}, False)
    assert (data / "mixes.toml").exists()
    assert (dry["dry_run"], pushed["dry_run"]) == (True, False)
    assert dry["mixes"] == pushed["mixes"]
    assert [each["name"] for each in media.playlists.values()] == [
        each["name"] for each in pushed["mixes"] if each["action"] == "create"
    ]


def test_the_table_says_what_was_done_and_why_not(data, media):
    """Each mix has a line; the second time its playlist is replaced."""
    first, second = run(data, "nas"), run(data, "nas")

    assert f"Wrote the rules of the mixes to {data / 'mixes.toml'}" in first.stderr
    assert "Wrote the rules" not in second.stderr
    [created] = [line for line in first.stdout.splitlines() if line.startswith("Daily mix 1")]
    [left_out] = [line for line in first.stdout.splitlines() if line.startswith("Rediscover")]
    assert created.split()[3] == "created"
    assert "left out" in left_out
    assert "No track fits." in left_out
    assert [line.split()[1] for line in second.stdout.splitlines() if line.startswith("Discover")] == ["replaced"]
    assert "--stop" in second.stderr
    assert len(media.playlists) == len({each["name"] for each in media.playlists.values()})


def test_a_push_can_be_stopped(data):
    """It is then no longer repeated."""
    run(data, "nas")
    listed = CliRunner().invoke(app, ["link", "list", "--json"], env={"SEGUE_DATA_DIR": str(data)})
    [link] = json.loads(listed.stdout)["links"]
    stopped, again = (json.loads(run(data, "nas", "--stop", "--json").stdout) for _ in range(2))

    assert link["mixes"]["failure"] is None
    assert link["mixes"]["pushed_at"] is not None
    assert (stopped["stopped"], again["stopped"]) == (True, False)
    assert run(data, "nas", "--stop", "--dry-run").exit_code != 0


def test_an_unknown_server_is_named(data):
    """The message says how to list the links."""
    assert isinstance(run(data, "nowhere").exception, LinkNotFound)


def test_a_worker_repeats_a_push_and_follows_what_is_heard(tmp_path, media):
    """Mixes are pushed again after a day, and stars are taken over. What plays now is asked for."""
    with installation(tmp_path) as here:
        link_server(here.settings, here.catalogue, media)
        run(tmp_path, "nas")
        count = len(media.playlists)
        for playlist in media.playlists.values():
            playlist["songs"] = []
        with here.catalogue.database.write() as session:
            session.execute(update(LinkRunRow).values(ended_at=now() - timedelta(hours=25)))
        media.songs[3] |= {"starred": PLAYED}
        producer = Celery("test", broker=here.broker.url)
        producer.conf.task_routes = ROUTES
        with here.worker("--queues=index"):
            for task in (PUSH_MIXES_TASK, FOLLOW_LINKS_TASK):
                producer.send_task(task)
            runs = here.catalogue.link_runs
            wait_until(lambda: not runs.due(LinkWork.MIXES, timedelta(days=1), begun=True), timeout=240)
            wait_until(lambda: "GET /rest/getNowPlaying" in media.asked, timeout=240)
        liked = [each for each in here.catalogue.listens.page("ada").listens if each.kind == EventKind.LIKE]

    assert len(media.playlists) == count
    assert all(playlist["songs"] for playlist in media.playlists.values())
    assert [each.track_id for each in liked] == [track_id(3)]


def test_the_tasks_are_in_the_schedule():
    """What plays now is asked each minute; whether a push is due, every five."""
    periods = {entry["task"]: entry["schedule"] for entry in celery_app.conf.beat_schedule.values()}

    assert (periods[FOLLOW_LINKS_TASK], periods[PUSH_MIXES_TASK]) == (60, 300)

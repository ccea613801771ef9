"""`segue link`, against a server in memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.cli.main import app
from services.domain.errors import LinkedServerRefused, LinkNotFound
from services.domain.track import Tags
from tests.fakes.library import track_id
from tests.fakes.media_server import PASSWORD, USER, MediaServer, media_server
from tests.fakes.serving import ROOT


def song(number: int, **others: object) -> dict[str, object]:
    common = {"title": f"Song {number}", "artist": "Ada", "album": "Album", "duration": 200}
    return {"id": f"s{number}", **common, **others}


@pytest.fixture
def media() -> Iterator[MediaServer]:
    with media_server([song(1), song(2), song(3, title="Song 3 (Live)")]) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the tracks of songs 1, 2 and 3."""
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{tmp_path / 'catalogue.db'}")
    catalogue.migrate()
    for number in (1, 2, 3):
        tags = Tags(f"Song {number}", ("Ada",), "Album", duration_ms=200_000)
        catalogue.library.register(track_id(number), tags, FileStamp(f"/music/{number}.mp3", "/music", number, 1))
    catalogue.close()
    return tmp_path


def run(data: Path, *words: str, given: str = "") -> Result:
    """Run a command in this process, which is faster."""
    return CliRunner().invoke(app, ["link", *words], env={"SEGUE_DATA_DIR": str(data)}, input=given)


def answer(data: Path, *words: str) -> dict[str, Any]:
    return json.loads(run(data, *words, "--json").stdout)


def add(data: Path, media: MediaServer, *more: str, password: str = PASSWORD) -> Result:
    given = ["add", "nas", "--url", media.url, "--user", USER, "--password-file", "-"]
    return run(data, *given, *more, given=f"{password}\n")


def test_a_link_says_how_many_songs_matched_by_which_rule_and_lists_the_rest(data: Path, media: MediaServer) -> None:
    variables = {"SEGUE_DATA_DIR": str(data), "COLUMNS": "200", "SEGUE_LINK_PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "services.cli.main", "link", "add", "nas", "--url", media.url, "--user", USER]
    added = subprocess.run(
        command, env=os.environ | variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )

    assert added.returncode == 0, added.stderr
    assert "'nas' has 3 songs. 2 of them are tracks of the library:" in added.stderr
    assert "2 by artist, title, album and length" in added.stderr
    [rest] = [line for line in added.stdout.splitlines() if "Live" in line]
    assert "Ada – Song 3 (Live)" in rest
    assert rest.count("Ada – Song 3") == 2  # the nearest track


@pytest.mark.parametrize("kind", ["subsonic", "jellyfin"])
def test_both_kinds_are_synced_and_listed(data: Path, media: MediaServer, kind: str) -> None:
    add(data, media, "--kind", kind)
    del media.songs[0]
    synced = answer(data, "sync", "nas")
    [listed] = answer(data, "list")["links"]
    rest = answer(data, "unmatched", "nas")["unmatched"]

    assert synced == {"name": "nas", "songs": 2, "matched": {"names": 1}, "unmatched": 1, "gone": 1} | {
        "heard": {"plays": 0, "undated": 0, "opinions": 0}
    }
    assert (listed["kind"], listed["listener"], listed["songs"]) == (kind, USER, 2)
    assert [(each["id"], each["nearest"]["id"]) for each in rest] == [("s3", track_id(3))]


def test_the_password_lies_in_a_file_that_only_its_owner_reads(data: Path, media: MediaServer) -> None:
    add(data, media)

    [file] = (data / "links").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert file.read_text() == PASSWORD
    assert PASSWORD not in run(data, "list", "--json").stdout


def test_another_password_is_tried_before_it_is_stored(data: Path, media: MediaServer) -> None:
    add(data, media)
    wrong = run(data, "password", "nas", given="wrong\n")

    assert isinstance(wrong.exception, LinkedServerRefused)
    assert run(data, "sync", "nas").exit_code == 0  # the old one is still stored
    assert run(data, "password", "nas", given=f"{PASSWORD}\n").exit_code == 0


@pytest.mark.parametrize("command", ["sync", "password"])
def test_failed_downloads_are_tried_again(data: Path, media: MediaServer, command: str) -> None:
    add(data, media)
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{data / 'catalogue.db'}")
    catalogue.link_downloads.refuse("nas", "s3", "No such song.")
    assert run(data, command, "nas", given=f"{PASSWORD}\n").exit_code == 0
    [song] = catalogue.links.unmatched("nas")
    catalogue.close()

    assert (song.id, song.reason) == ("s3", None)


def test_a_refused_link_is_not_added(data: Path, media: MediaServer) -> None:
    refused = add(data, media, password="wrong")  # noqa: S106  it is none

    assert isinstance(refused.exception, LinkedServerRefused)
    assert answer(data, "list") == {"links": []}
    assert not (data / "links").exists()


def test_another_host_is_not_asked(data: Path, media: MediaServer) -> None:
    with media_server([]) as other:
        media.redirect = other.url
        refused = add(data, media)

        assert "redirects to another address" in str(refused.exception)
        assert other.asked == []


def test_the_list_fits_a_terminal_and_keeps_addresses_whole(data: Path, media: MediaServer) -> None:
    add(data, media)
    shown = CliRunner().invoke(app, ["link", "list"], env={"SEGUE_DATA_DIR": str(data), "COLUMNS": "80"}).stdout

    assert media.url in shown
    assert "3, 1 of them no tracks" in shown
    assert "…" not in shown


def test_a_song_that_is_not_downloaded_has_its_whole_reason(data: Path, media: MediaServer) -> None:
    """A sync counts it apart from the songs that workers still download."""
    first = add(data, media, "--download")
    reason = f"Its track {track_id(7)} was deleted from the library."
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{data / 'catalogue.db'}")
    catalogue.link_downloads.refuse("nas", "s3", reason)
    catalogue.close()
    rest, again = run(data, "unmatched", "nas"), run(data, "sync", "nas")

    assert "Left: 1 song." in first.stderr
    del media.songs[0]
    assert "1 of them is a track of the library:" in run(data, "sync", "nas").stderr
    assert "Workers download" not in again.stderr
    assert "Downloads that failed: 1. Workers try them again now, unless their tracks were deleted." in again.stderr
    assert f"Ada – Song 3 (Live): {reason}" in rest.stdout


def test_a_password_is_not_asked_for_without_a_terminal(data: Path, media: MediaServer) -> None:
    """One line says how to give it."""
    command = [sys.executable, "-m", "services.cli.main", "link", "add", "nas", "--url", media.url, "--user", USER]
    refused = subprocess.run(
        command,
        env=os.environ | {"SEGUE_DATA_DIR": str(data)},
        cwd=ROOT,
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,
    )

    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "segue: There is no terminal to ask for the password. Give it with --password-file or SEGUE_LINK_PASSWORD."
    ]


def test_a_removed_link_leaves_nothing(data: Path, media: MediaServer) -> None:
    add(data, media)
    removed = run(data, "remove", "nas")

    assert removed.exit_code == 0
    assert list((data / "links").iterdir()) == []
    assert isinstance(run(data, "sync", "nas").exception, LinkNotFound)

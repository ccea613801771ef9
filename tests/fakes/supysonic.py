"""A real supysonic server, in the environment `tests/clients/supysonic`, with a folder of music."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import soundfile
from mutagen import File

from tests.clients.environments import python
from tests.fakes.installation import running, wait_until
from tests.fakes.serving import free_port

USER, PASSWORD = "ada", "lovelace-1815"
RATE = 16_000

CONFIGURATION = """
[base]
database_uri = sqlite:///{folder}/supysonic.db
[webapp]
cache_dir = {folder}/cache
mount_webui = off
index_ignored_prefixes =
[daemon]
run_watcher = off
[listenbrainz]
api_url = {scrobbles_to}
"""

# supysonic's own server needs a WSGI server that its package does not install.
SERVE = """
import sys
from werkzeug.serving import run_simple
from supysonic.web import create_application
run_simple("127.0.0.1", int(sys.argv[1]), create_application(), threaded=True)
"""

ALBUMS = (
    ("Björk", "Début", "flac"),
    ("Earth, Wind & Fire", "I Am", "mp3"),
    ("Sigur Rós", "( )", "ogg"),
    ("Ada; Bob", "Both", "flac"),
    ("Ünïcode feat. Guest", "Rock/Pop: “Best” #1", "mp3"),
    ("Various Artists", "Hits 100% & more", "ogg"),
)


@dataclass(frozen=True)
class Supysonic:
    """A running server: its address, its folder of music, and a command that scans it again."""

    url: str
    music: Path
    folder: Path

    def scrobble_with(self, token: str) -> None:
        """Let the user's scrobbles go on to ListenBrainz with a token, as the user's web page does."""
        with closing(sqlite3.connect(self.folder / "supysonic.db")) as database, database:
            database.execute("UPDATE user SET listenbrainz_session = ?, listenbrainz_status = 1", (token,))

    def scan(self) -> None:
        """Read new and changed files, and forget those that are gone."""
        _run(self.folder, "folder", "scan", "--foreground", "Music")

    def ask(self, method: str, **params: str) -> httpx.Response:
        """Send a request as a player of the user does."""
        signed = {"u": USER, "p": PASSWORD, "v": "1.16.1", "c": "player", "f": "json"}
        return httpx.get(f"{self.url}/rest/{method}", params=signed | params, trust_env=False).raise_for_status()


def write_library(folder: Path, count: int = 300) -> None:
    """Write short recordings with tags in three formats; every tenth has none, and titles repeat on other albums."""
    for number in range(count):
        artist, album, suffix = ALBUMS[number % len(ALBUMS)]
        disc = number // 60
        place = folder / artist.replace("/", "_") / f"{album.replace('/', '_')} {disc}" / f"{number:03d}.{suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        length = int(RATE * (1.5 + number % 7 / 2))
        soundfile.write(place, np.random.default_rng(number).normal(0, 0.1, length), RATE)
        if number % 10 == 9:
            continue
        audio = File(place, easy=True)
        if audio.tags is None:
            audio.add_tags()
        audio.update({"title": f"Song {number % 50}", "artist": artist, "album": f"{album} {disc}"})
        audio["tracknumber"] = str(number % 60 + 1)
        audio.save()


@contextmanager
def supysonic(music: Path, folder: Path, scrobbles_to: str) -> Iterator[Supysonic]:
    """Run a server with a folder of music and one user; `scrobbles_to` is the address of its ListenBrainz."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "supysonic.conf").write_text(
        CONFIGURATION.format(folder=folder, scrobbles_to=scrobbles_to), encoding="utf-8"
    )
    _run(folder, "user", "add", USER, "--password", PASSWORD)
    _run(folder, "folder", "add", "Music", str(music))
    port = free_port()
    server = Supysonic(f"http://127.0.0.1:{port}", music, folder)
    server.scan()
    command = [str(python("supysonic")), "-c", SERVE, str(port)]
    with running(command, folder / "server.log", {"HOME": str(folder)}, folder):
        wait_until(lambda: _answers(server))
        yield server


def _answers(server: Supysonic) -> bool:
    try:
        return "ok" in server.ask("ping").text
    except httpx.TransportError:
        return False


def _run(folder: Path, *words: str) -> None:
    """Run supysonic's command; its configuration is in the working directory."""
    command = [python("supysonic").with_name("supysonic-cli"), *words]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"HOME": str(folder)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

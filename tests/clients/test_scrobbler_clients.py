"""Unmodified scrobblers with a real API process: liblistenbrainz, pylast behind a proxy with TLS, and mpdscribble."""

import shutil
import socket
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile

from services.catalog import Catalogue
from services.domain.access import Scope
from services.settings import Settings
from services.tasks.now_playing import NowPlaying
from services.tasks.queue import TaskQueue
from tests.clients.environments import HERE, Call, python, run
from tests.clients.table import check
from tests.conftest import missing
from tests.fakes.installation import running, wait_until
from tests.fakes.library import track_id
from tests.fakes.proxy import proxy
from tests.fakes.serving import api_process, free_port

PASSWORD = "kq7m2-x5wdp"  # noqa: S105  the test's own
REFUSED = {
    "get_user_artists": "refused (404)",
    "get_user_recordings": "refused (404)",
    "auth.getMobileSession (wrong password)": "refused (error 4)",
    "user.getLovedTracks": "refused (error 3)",
}
"""Calls of statistics and lists that Segue does not have, and a wrong password."""

SONG_SECONDS = 31
"""mpdscribble submits no shorter songs, and a song only after half of it."""

MPD = """
music_directory "{folder}/music"
db_file "{folder}/mpd.db"
pid_file "{folder}/mpd.pid"
log_file "{folder}/mpd.log"
zeroconf_enabled "no"
bind_to_address "{folder}/mpd.socket"
audio_output {{
    type "null"
    name "nothing"
}}
"""
MPDSCRIBBLE = """
log = -
verbose = 2
host = {folder}/mpd.socket
[segue]
url = {url}/
username = cleo
password = {password}
journal = {folder}/journal
"""


@pytest.fixture(scope="module")
def catalogue(library_dir):
    opened = Catalogue.open(Settings(data_dir=library_dir).catalogue_url)
    for listener in ("bob", "cleo"):
        opened.accounts.add(listener, PASSWORD)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def token(catalogue):
    return catalogue.keys.create("scrobbler", [Scope.LISTEN], ["ann"]).text


@pytest.fixture(scope="module")
def port(token, library_dir, broker_url):
    chosen = free_port()
    with api_process(library_dir, broker_url, chosen, SEGUE_REQUIRE_KEYS="true"):
        yield chosen


@contextmanager
def mpd(folder):
    """Run MPD with one song, and yield a function that sends it a command."""
    (folder / "music").mkdir()
    rate = 8000
    song = np.sin(np.arange(SONG_SECONDS * rate) / 8).astype("float32")
    with soundfile.SoundFile(folder / "music" / "song.flac", "w", rate, 1) as file:
        file.artist, file.title, file.album = "Artist 1", "Title 001", "Album"
        file.write(0.1 * song)
    (folder / "mpd.conf").write_text(MPD.format(folder=folder))
    path = folder / "mpd.socket"

    def tell(command):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            answers = connection.makefile("rw", encoding="utf-8")
            answers.readline()
            answers.write(f"{command}\n")
            answers.flush()
            lines = []
            while (line := answers.readline().rstrip("\n")) != "OK":
                assert line, command
                assert not line.startswith("ACK"), line
                lines.append(line)
        return lines

    with running(["mpd", "--no-daemon", "--stderr", str(folder / "mpd.conf")], folder / "mpd.log", {}):
        wait_until(path.exists)
        tell("update")
        wait_until(lambda: "songs: 1" in tell("stats"))
        yield tell


def scribbled(folder, url, catalogue, now_playing):
    """Return the calls of mpdscribble while MPD plays a song and a client loves it."""
    if shutil.which("mpd") is None or shutil.which("mpdscribble") is None:
        missing("mpd and mpdscribble")
    (folder / "scribble.conf").write_text(MPDSCRIBBLE.format(folder=folder, url=url, password=PASSWORD))
    command = ["mpdscribble", "--no-daemon", "--conf", str(folder / "scribble.conf")]
    with mpd(folder) as tell, running(command, folder / "mpdscribble.log", {}) as program:
        wait_until(lambda: "handshake successful" in program.output)
        tell('add "song.flac"')
        tell("play")
        wait_until(lambda: now_playing.all(["cleo"]))
        [noted] = now_playing.all(["cleo"])
        tell("sendmessage mpdscribble love")
        wait_until(lambda: catalogue.listens.count("cleo") == 2)
    kinds = {(each.track_id, each.kind.value) for each in catalogue.listens.page("cleo").listens}
    results = {
        "handshake": "ok",
        "now-playing": "ok" if noted.track_id == track_id(1) else "unexpected content",
        "submission": "ok" if (track_id(1), "play") in kinds else "unexpected content",
        "submission (loved)": "ok" if (track_id(1), "like") in kinds else "unexpected content",
    }
    printed = subprocess.run(["mpdscribble", "--version"], capture_output=True, text=True, check=True).stdout
    version = printed.split()[2]
    return [Call(f"mpdscribble {version}", call, result) for call, result in results.items()]


@pytest.mark.timeout(600)
def test_scrobblers_understand_every_call(port, token, catalogue, broker_url, tmp_path):
    """The table of docs/players.md shows what each client returned; only what Segue does not have is refused."""
    url = f"http://127.0.0.1:{port}"
    with proxy("nginx", port, tmp_path, path="") as served:
        arguments = (url, served.host, "ann", "bob", PASSWORD, token)
        program = HERE / "scrobblers" / "calls.py"
        calls = run(python("scrobblers"), program, *arguments, SSL_CERT_FILE=str(served.certificate))
    calls += scribbled(tmp_path, url, catalogue, NowPlaying(TaskQueue(broker_url)))

    assert len({call.client for call in calls}) == 3
    for call in calls:
        assert call.result == REFUSED.get(call.call, "ok"), call
    check("scrobblers", calls)

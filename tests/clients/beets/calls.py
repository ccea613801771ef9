"""Calls of beets' Subsonic plugins: `calls.py URL MUSIC PLAYLIST FOLDER`, with an empty folder for beets' library."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

CONFIGURATION = """
directory: {music}
library: {folder}/library.db
plugins: [subsonicupdate, subsonicplaylist]
import: {{copy: no, write: no, autotag: no, quiet: yes}}
subsonic: {{url: "{url}", user: ada, pass: any, auth: {auth}}}
subsonicplaylist: {{base_url: "{url}", username: ada, password: any, playlist_names: ["{playlist}"]}}
"""


def beet(folder: Path, *arguments: str) -> str:
    """Run a command of beets and return what it prints."""
    environment = {**os.environ, "BEETSDIR": str(folder)}
    command = [sys.executable, "-m", "beets", "--verbose", *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return done.stdout + done.stderr


def report(call: str, wanted: str, printed: str) -> None:
    """Print whether beets printed what it should, or the last line that it printed."""
    lines = printed.strip().splitlines() or ["nothing was printed"]
    result = "ok" if any(wanted in line for line in lines) else lines[-1]
    print(json.dumps({"client": f"beets {version('beets')}", "call": call, "result": result}))


def main(url: str, music: str, playlist: str, folder: Path) -> None:
    """Import the music, which lets Segue scan; then read a playlist of Segue."""
    for auth, arguments in {
        "token": ("import", music),
        "password": ("modify", "-y", "-W", "path::001.wav", "artist=Artist 1", "album=Album 1", "title=Title 001"),
    }.items():
        settings = CONFIGURATION.format(music=music, folder=folder, url=url, auth=auth, playlist=playlist)
        (folder / "config.yaml").write_text(settings, encoding="utf-8")
        report(
            f"startScan (subsonicupdate, auth: {auth})",
            "Updating Subsonic; scanning 24 tracks",
            beet(folder, *arguments),
        )
    beet(folder, "subsonicplaylist")
    report(
        "getPlaylists, getPlaylist (subsonicplaylist)", "Title 001", beet(folder, "ls", f"subsonic_playlist:{playlist}")
    )


main(*sys.argv[1:4], Path(sys.argv[4]))

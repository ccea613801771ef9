"""py-opensonic with POST and GET, with and without `.view`, by token and password: `modes.py URL USER PASSWORD SONG`.

The songs `nd1` and `nd2` have these ids of a media server; `SONG` is another one, by its Segue id.
"""

import json
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import libopensonic
from libopensonic.errors import DataNotFoundError, SonicError

MODES = ({}, {"use_get": True}, {"use_views": False}, {"legacy_auth": True})


def raises(kind: type[Exception], call: Callable[[], object], text: str = "") -> bool:
    """Return whether a call raises an error of a kind whose message has a text."""
    try:
        call()
    except kind as error:
        return text in str(error)
    return False


def sonic_path(client: libopensonic.Connection) -> bool:
    """Return whether a path has both its ends, with ids of the requested namespace."""
    path = client.find_sonic_path("nd1", "nd2", count=5)
    return (path[0].entry.id, path[0].similarity, path[-1].entry.id) == ("nd1", 1.0, "nd2")


def artist_songs(client: libopensonic.Connection, song: str) -> bool:
    """Return whether the artist of a similar song has similar songs."""
    artist = client.get_similar_songs(song, count=1)[0].artist_id
    return len(client.get_similar_songs2(artist, count=2)) == 2


def main() -> None:
    """Make the calls in each mode."""
    url, user, password, song = sys.argv[1:]
    host, _, port = urlsplit(url).netloc.partition(":")
    for mode in MODES:
        client = libopensonic.Connection(f"http://{host}", user, password, port=int(port), **mode)
        stranger = libopensonic.Connection(f"http://{host}", user, "wrong", port=int(port), **mode)
        matches = client.get_sonic_similar_tracks("nd1", count=100)
        found = {
            "ping": client.ping(),
            "similarity in descending order": matches[0].similarity >= matches[-1].similarity,
            "ids of the namespace": "nd2" in {match.entry.id for match in matches},
            "path": sonic_path(client),
            "songs of an artist": artist_songs(client, song),
            "unknown song": raises(DataNotFoundError, lambda: client.get_sonic_similar_tracks("nd99")),  # noqa: B023
            "wrong password": raises(SonicError, stranger.ping, "Wrong username or password"),
        }
        for call, is_right in found.items():
            print(json.dumps({"client": str(mode), "call": call, "result": "ok" if is_right else "wrong"}))
        client.cleanup()
        stranger.cleanup()


main()

"""The calls of Subsonic players, from signing in to playing a song.

`python -m tests.clients.first_screen URL USER PASSWORD` makes them and prints what each got.

The order of the calls and their parameters were read in the players' public sources:

- Feishin (jeffvli/feishin): src/renderer/api/subsonic/subsonic-controller.ts
- Tempo (CappielloAntonio/tempo): viewmodel/HomeViewModel.java and repository/AlbumRepository.java in
  app/src/main/java/com/cappielloantonio/tempo
- Sublime Music (sublime-music/sublime-music): sublime_music/adapters/subsonic/adapter.py
- Amperfy (BLeeEZ/amperfy): AmperfyKit/Api/Subsonic/SubsonicLibrarySyncer.swift, which asks for XML
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5

import httpx

OPTIONAL = {"getShares", "getPodcasts"}
"""Methods that Segue does not have: the players show their screens without them."""

PAGE = 500
SALT = "c19b2d"


@dataclass(frozen=True)
class Player:
    """A player: its name, its version of the protocol, the format that it asks for, and its first calls."""

    name: str
    protocol: str
    form: str
    calls: tuple[tuple[str, Mapping[str, object]], ...]


THIS_YEAR = datetime.now(UTC).year
PLAYERS = (
    Player(
        "Feishin",
        "1.13.0",
        "json",
        (
            ("getUser", {"username": "USER"}),
            ("ping", {}),
            ("getOpenSubsonicExtensions", {}),
            ("getMusicFolders", {}),
            ("getPlaylists", {}),
            ("getAlbumList2", {"type": "random", "size": 20, "offset": 0}),
            ("getAlbumList2", {"type": "recent", "size": 20, "offset": 0}),
            ("getAlbumList2", {"type": "newest", "size": 20, "offset": 0}),
            ("getAlbumList2", {"type": "frequent", "size": 20, "offset": 0}),
            ("getArtists", {}),
            ("getGenres", {}),
            ("getArtistInfo", {"id": "ARTIST"}),
            ("getArtist", {"id": "ARTIST"}),
        ),
    ),
    Player(
        "Tempo",
        "1.15.0",
        "json",
        (
            ("ping", {}),
            ("getOpenSubsonicExtensions", {}),
            ("getRandomSongs", {"size": 10}),
            (
                "getAlbumList2",
                {"type": "byYear", "size": PAGE, "offset": 0, "fromYear": THIS_YEAR, "toYear": THIS_YEAR},
            ),
            ("getStarred2", {}),
            ("getAlbumList2", {"type": "byYear", "size": 1, "offset": 0, "fromYear": 1900, "toYear": THIS_YEAR}),
            ("getAlbumList2", {"type": "byYear", "size": 1, "offset": 0, "fromYear": THIS_YEAR, "toYear": 1900}),
            ("getAlbumList2", {"type": "frequent", "size": 20, "offset": 0}),
            ("getAlbumList2", {"type": "newest", "size": 20, "offset": 0}),
            ("getAlbumList2", {"type": "recent", "size": 20, "offset": 0}),
            ("getShares", {}),
            ("getSimilarSongs2", {"id": "SONG", "count": 20}),
            ("getTopSongs", {"artist": "ARTIST NAME", "count": 10}),
            ("getAlbumInfo2", {"id": "ALBUM"}),
        ),
    ),
    Player(
        "Sublime Music",
        "1.8.0",
        "json",
        (
            ("ping", {}),
            ("getPlaylists", {}),
            ("getAlbumList2", {"type": "random", "size": 50, "offset": 0}),
            ("getGenres", {}),
            ("getArtists", {}),
            ("getArtist", {"id": "ARTIST"}),
            ("getArtistInfo2", {"id": "ARTIST"}),
            ("getIndexes", {}),
            ("getMusicDirectory", {"id": "ARTIST"}),
            ("getPlayQueue", {}),
            ("search3", {"query": "title"}),
            ("getSong", {"id": "SONG"}),
        ),
    ),
    Player(
        "Amperfy",
        "1.16.1",
        "xml",
        (
            ("ping", {}),
            ("getGenres", {}),
            ("getArtists", {}),
            ("getAlbumList2", {"type": "alphabeticalByName", "size": PAGE, "offset": 0}),
            ("getAlbumList2", {"type": "alphabeticalByName", "size": PAGE, "offset": PAGE}),
            ("getPlaylists", {}),
            ("getPodcasts", {}),
            ("getArtist", {"id": "ARTIST"}),
            ("getAlbum", {"id": "ALBUM"}),
            ("getLyricsBySongId", {"id": "SONG"}),
        ),
    ),
)
PLAYING: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("getAlbum", {"id": "ALBUM"}),
    ("getCoverArt", {"id": "COVER", "size": 300}),
    ("scrobble", {"id": "SONG", "submission": "false"}),
    ("stream", {"id": "SONG"}),
    ("scrobble", {"id": "SONG", "submission": "true", "time": 1_772_396_100_000}),
    ("star", {"id": "SONG"}),
    ("star", {"albumId": "ALBUM"}),
    ("getStarred2", {}),
    ("unstar", {"albumId": "ALBUM"}),
)
"""What every player does then with the first album that it finds."""


@dataclass(frozen=True)
class Answer:
    """The answer to a call of a player."""

    player: str
    method: str
    response: httpx.Response


class Screen:
    """A player that is signed in."""

    def __init__(self, player: Player, url: str, user: str, password: str) -> None:
        self._player = player
        token = md5((password + SALT).encode(), usedforsecurity=False).hexdigest()
        signed = {"u": user, "t": token, "s": SALT, "v": player.protocol, "c": player.name}
        self._client = httpx.Client(base_url=f"{url}/rest/", params=signed, trust_env=False, timeout=60)
        self._names = {"USER": user}

    def answers(self) -> Iterator[Answer]:
        """Make all calls, with ids of the first album that the service has."""
        with self._client:
            listed = self._get("getAlbumList2", {"type": "alphabeticalByName", "size": 1, "f": "json"})
            [album] = listed.json()["subsonic-response"]["albumList2"]["album"]
            opened = self._get("getAlbum", {"id": album["id"], "f": "json"})
            song = opened.json()["subsonic-response"]["album"]["song"][0]
            self._names |= {"ALBUM": album["id"], "COVER": album["coverArt"], "SONG": song["id"]}
            self._names |= {"ARTIST": album["artistId"], "ARTIST NAME": album["artist"]}
            for method, parameters in (*self._player.calls, *PLAYING):
                response = self._get(method, {**parameters, "f": self._player.form})
                yield Answer(self._player.name, method, response)

    def _get(self, method: str, parameters: Mapping[str, object]) -> httpx.Response:
        given = {name: self._names.get(str(value), str(value)) for name, value in parameters.items()}
        return self._client.get(f"{method}.view", params=given)


def main() -> None:
    """Print each call with the status and the type of its answer."""
    for player in PLAYERS:
        for answer in Screen(player, *sys.argv[1:]).answers():
            shown = {"player": answer.player, "call": answer.method, "status": answer.response.status_code}
            print(json.dumps({**shown, "type": answer.response.headers["Content-Type"]}))  # noqa: T201  its output


if __name__ == "__main__":
    main()

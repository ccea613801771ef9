"""Calls of py-sonic, py-opensonic and subsonic-cli that tell what a listener does."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import libopensonic
import libsonic

Calls = Mapping[str, Callable[[], Any]]
"""A function for each call, whose result is true if the answer has what it should have."""

HOUR = 3600


def listen_with_py_sonic(client: libsonic.Connection, song: str) -> Calls:
    """Return the calls about stars, plays, playlists and the queue; each uses what the ones before it stored."""
    album = client.getSong(song)["song"]["albumId"]
    now = int(time.time())

    def playlist() -> dict[str, Any]:
        found = client.getPlaylists()["playlists"]["playlist"]
        shown: dict[str, Any] = client.getPlaylist(next(each["id"] for each in found if each["name"] == "py-sonic"))
        return shown["playlist"]

    return {
        "star": lambda: client.star([song], [album]),
        "getStarred": lambda: client.getStarred()["starred"]["album"][0]["id"] == album,
        "getStarred2": lambda: client.getStarred2()["starred2"]["song"][0]["id"] == song,
        "unstar": lambda: client.unstar([song], [album]) and not client.getStarred2()["starred2"]["song"],
        "setRating": lambda: client.setRating(song, 4) and client.getSong(song)["song"]["userRating"] == 4,
        "scrobble (now playing)": lambda: client.scrobble(song, submission=False),
        "getNowPlaying": lambda: client.getNowPlaying()["nowPlaying"]["entry"][0]["username"] == "ada",
        "scrobble": lambda: client.scrobble(song, listenTime=now - HOUR) and _was_played(client.getSong(song)["song"]),
        "createPlaylist": lambda: client.createPlaylist(name="py-sonic", songIds=[song, song]),
        "getPlaylists": lambda: playlist()["songCount"] == 2,
        "updatePlaylist": lambda: client.updatePlaylist(playlist()["id"], comment="new", songIndexesToRemove=[0]),
        "getPlaylist": lambda: playlist()["comment"] == "new" and len(playlist()["entry"]) == 1,
        "deletePlaylist": lambda: client.deletePlaylist(playlist()["id"]),
        "savePlayQueue": lambda: client.savePlayQueue([song], current=song, position=1000),
        "getPlayQueue": lambda: client.getPlayQueue()["playQueue"]["current"] == song,
    }


def listen_with_py_opensonic(client: libopensonic.Connection, song: str) -> Calls:
    """Return the same calls; the client checks the type of each field."""
    album = client.get_song(song).album_id
    now = int(time.time())

    def playlist() -> Any:
        found = client.get_playlists()
        return client.get_playlist(next(each.id for each in found if each.name == "py-opensonic"))

    return {
        "star": lambda: client.star([song], [album]),
        "getStarred": lambda: client.get_starred().album[0].id == album,
        "getStarred2": lambda: client.get_starred2().song[0].id == song,
        "unstar": lambda: client.unstar([song], [album]) and not client.get_starred2().song,
        "setRating": lambda: client.set_rating(song, 5) and client.get_song(song).user_rating == 5,
        "scrobble (now playing)": lambda: client.scrobble(song, submission=False),
        "getNowPlaying": lambda: client.get_now_playing()[0].username == "ada",
        "scrobble": lambda: client.scrobble(song, listen_time=now) and client.get_song(song).play_count > 0,
        "createPlaylist": lambda: client.create_playlist(name="py-opensonic", song_ids=[song, song]),
        "getPlaylists": lambda: playlist().song_count == 2,
        "updatePlaylist": lambda: client.update_playlist(playlist().id, comment="new", song_indices_to_remove=[0]),
        "getPlaylist": lambda: playlist().comment == "new" and len(playlist().entry) == 1,
        "deletePlaylist": lambda: client.delete_playlist(playlist().id),
        "savePlayQueue": lambda: client.save_play_queue([song], current=song, position=1000),
        "getPlayQueue": lambda: client.get_play_queue().current == song,
        "savePlayQueueByIndex": lambda: client.save_play_queue_by_index([song, song], current_index=1, position=1000),
        "getPlayQueueByIndex": lambda: client.get_play_queue_by_index().current_index == 1,
    }


def listen_with_subsonic_cli(ask: Callable[..., bytes], song: str) -> Calls:
    """Return some of these calls."""
    return {
        "star": lambda: ask("star", id=song) is not None,
        "getStarred2": lambda: json.loads(ask("getStarred2"))["starred2"]["song"][0]["id"] == song,
        "scrobble": lambda: ask("scrobble", id=song) is not None,
        "getPlaylists": lambda: "playlist" in json.loads(ask("getPlaylists"))["playlists"],
    }


def _was_played(song: dict[str, Any]) -> bool:
    return song["playCount"] > 0 and "played" in song

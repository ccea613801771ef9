"""Calls of py-sonic, py-opensonic and subsonic-cli: `calls.py URL USER PASSWORD SONG`."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import libopensonic
import libsonic
from listening import Calls, listen_with_py_opensonic, listen_with_py_sonic, listen_with_subsonic_cli

WAV, PNG, MP3 = b"RIFF", b"\x89PNG", (b"\xff\xfb", b"\xff\xf3")


def report(client: str, calls: Calls) -> None:
    """Print for each call whether it returned what it should, or the error that the client raised."""
    for call, run in calls.items():
        try:
            result = "ok" if run() else "unexpected content"
        except Exception as error:  # noqa: BLE001  the table shows what a client makes of a response
            result = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        print(json.dumps({"client": f"{client} {version(client)}", "call": call, "result": result}))


def browse_with_py_sonic(client: libsonic.Connection, song: str) -> Calls:
    """Return the calls that show a library and play it."""
    known = client.getSong(song)["song"]
    artist, album = known["artistId"], known["albumId"]
    return {
        "ping": client.ping,
        "getLicense": lambda: client.getLicense()["license"]["valid"],
        "getUser": lambda: client.getUser("ada")["user"]["streamRole"],
        "getMusicFolders": lambda: client.getMusicFolders()["musicFolders"]["musicFolder"][0]["name"] == "Music",
        "getIndexes": lambda: len(client.getIndexes()["indexes"]["index"][0]["artist"]) == 4,
        "getMusicDirectory": lambda: client.getMusicDirectory(artist)["directory"]["child"][0]["id"] == album,
        "getArtists": lambda: len(client.getArtists()["artists"]["index"][0]["artist"]) == 4,
        "getArtist": lambda: client.getArtist(artist)["artist"]["album"][0]["id"] == album,
        "getAlbum": lambda: song in {each["id"] for each in client.getAlbum(album)["album"]["song"]},
        "getSong": lambda: known["title"] == "Title 001",
        "getGenres": lambda: len(client.getGenres()["genres"]["genre"]) == 4,
        "getAlbumList": lambda: len(client.getAlbumList("alphabeticalByName")["albumList"]["album"]) == 4,
        "getAlbumList2": lambda: len(client.getAlbumList2("newest", size=3)["albumList2"]["album"]) == 3,
        "getRandomSongs": lambda: len(client.getRandomSongs(size=5)["randomSongs"]["song"]) == 5,
        "getSongsByGenre": lambda: len(client.getSongsByGenre("Folk")["songsByGenre"]["song"]) == 6,
        "search2": lambda: client.search2("Title 001")["searchResult2"]["song"][0]["id"] == song,
        "search3": lambda: client.search3("Artist 2")["searchResult3"]["artist"][0]["name"] == "Artist 2",
        "search3 (empty query)": lambda: len(client.search3("", songCount=500)["searchResult3"]["song"]) == 24,
        "getCoverArt": lambda: client.getCoverArt(album, size=300).read().startswith(PNG),
        "stream": lambda: client.stream(song).read().startswith(WAV),
        "stream (to MP3)": lambda: client.stream(song, tformat="mp3", maxBitRate=64).read().startswith(MP3),
        "download": lambda: client.download(song).read().startswith(WAV),
        "getLyrics": lambda: "lyrics" in client.getLyrics("Artist 1", "Title 001"),
        "getTopSongs": lambda: client.getTopSongs("Artist 1")["topSongs"]["song"][0]["artist"] == "Artist 1",
        "getArtistInfo2": lambda: len(client.getArtistInfo2(artist)["artistInfo2"]["similarArtist"]) == 3,
        "getAlbumInfo2": lambda: "albumInfo" in client.getAlbumInfo2(album),
        "getSimilarSongs": lambda: len(client.getSimilarSongs(song, count=3)["similarSongs"]["song"]) == 3,
        "getSimilarSongs2": lambda: len(client.getSimilarSongs2(artist, count=3)["similarSongs2"]["song"]) == 3,
        "getScanStatus": lambda: client.getScanStatus()["scanStatus"]["count"] == 24,
        "getSong (unknown)": lambda: client.getSong("nobody"),
        "startScan (no administrator)": client.startScan,
    }


def content(client: libopensonic.Connection, response: Any) -> bytes:
    """Return the body of a response, which the synchronous client leaves to its event loop."""
    body: bytes = asyncio.run_coroutine_threadsafe(response.read(), client._loop).result()
    return body


def browse_with_py_opensonic(client: libopensonic.Connection, song: str) -> Calls:
    """Return the calls that show a library and play it; the client checks the type of each field."""
    known = client.get_song(song)
    artist, album = known.artist_id, known.album_id
    return {
        "ping": client.ping,
        "getLicense": lambda: client.get_license()["license"]["valid"],
        "getUser": lambda: client.get_user("ada").stream_role,
        "getOpenSubsonicExtensions": lambda: (
            "songLyrics" in {each.name for each in client.get_open_subsonic_extensions()}
        ),
        "getMusicFolders": lambda: client.get_music_folders()[0].name == "Music",
        "getIndexes": lambda: len(client.get_indexes().index[0].artist) == 4,
        "getMusicDirectory": lambda: client.get_music_directory(artist).child[0].id == album,
        "getArtists": lambda: len(client.get_artists().index[0].artist) == 4,
        "getArtist": lambda: client.get_artist(artist).album[0].id == album,
        "getAlbum": lambda: song in {each.id for each in client.get_album(album).song},
        "getSong": lambda: known.title == "Title 001",
        "getGenres": lambda: len(client.get_genres()) == 4,
        "getAlbumList": lambda: len(client.get_album_list("alphabeticalByName")) == 4,
        "getAlbumList2": lambda: len(client.get_album_list2("newest", size=3)) == 3,
        "getRandomSongs": lambda: len(client.get_random_songs(size=5)) == 5,
        "getSongsByGenre": lambda: len(client.get_songs_by_genre("Folk")) == 6,
        "search2": lambda: client.search2("Title 001").song[0].id == song,
        "search3": lambda: client.search3("Artist 2").artist[0].name == "Artist 2",
        "search3 (empty query)": lambda: len(client.search3("", song_count=500).song) == 24,
        "getCoverArt": lambda: content(client, client.get_cover_art(album, size=300)).startswith(PNG),
        "stream": lambda: content(client, client.stream(song)).startswith(WAV),
        "stream (to MP3)": lambda: content(client, client.stream(song, tformat="mp3", max_bit_rate=64)).startswith(MP3),
        "download": lambda: content(client, client.download(song)).startswith(WAV),
        "getLyrics": lambda: client.get_lyrics("Artist 1", "Title 001") is not None,
        "getLyricsBySongId": lambda: client.get_lyrics_by_song_id(song) == [],
        "getTopSongs": lambda: client.get_top_songs("Artist 1")[0].artist == "Artist 1",
        "getArtistInfo2": lambda: len(client.get_artist_info2(artist).similar_artist) == 3,
        "getAlbumInfo2": lambda: client.get_album_info2(album) is not None,
        "getSimilarSongs": lambda: len(client.get_similar_songs(song, count=3)) == 3,
        "getSimilarSongs2": lambda: len(client.get_similar_songs2(artist, count=3)) == 3,
        "getSonicSimilarTracks": lambda: len(client.get_sonic_similar_tracks(song, count=3)) == 3,
        "findSonicPath": lambda: client.find_sonic_path(song, known.id, count=5)[0].entry.id == song,
        "getScanStatus": lambda: client.get_scan_status().count == 24,
        "getSong (unknown)": lambda: client.get_song("nobody"),
        "startScan (no administrator)": client.start_scan,
    }


def browse_with_subsonic_cli(ask: Callable[..., bytes], song: str) -> Calls:
    """Return some calls of the command: it passes any method on, and prints the result."""
    return {
        "ping": lambda: json.loads(ask("ping"))["type"] == "segue",
        "getArtists": lambda: len(json.loads(ask("getArtists"))["artists"]["index"][0]["artist"]) == 4,
        "getAlbumList2": lambda: (
            len(json.loads(ask("getAlbumList2", type="newest", size="3"))["albumList2"]["album"]) == 3
        ),
        "getSong": lambda: json.loads(ask("getSong", id=song))["song"]["title"] == "Title 001",
        "search3": lambda: json.loads(ask("search3", query="Title 001"))["searchResult3"]["song"][0]["id"] == song,
        "stream": lambda: ask("stream", id=song).startswith(WAV),
    }


def main() -> None:
    """Call the service with each client."""
    url, user, password, song = sys.argv[1:]
    host, _, port = urlsplit(url).netloc.partition(":")
    py_sonic = libsonic.Connection(f"http://{host}", user, password, port=int(port))
    report("py-sonic", {**browse_with_py_sonic(py_sonic, song), **listen_with_py_sonic(py_sonic, song)})
    py_opensonic = libopensonic.Connection(f"http://{host}", user, password, port=int(port))
    calls = {**browse_with_py_opensonic(py_opensonic, song), **listen_with_py_opensonic(py_opensonic, song)}
    report("py-opensonic", calls)
    py_opensonic.cleanup()
    with TemporaryDirectory() as folder:
        config = Path(folder, "config.ini")
        config.write_text(f"[subsonic-cli]\nurl = {url}\nusername = {user}\npassword = {password}\n", "utf-8")

        def ask(method: str, **parameters: str) -> bytes:
            given = [word for name, value in parameters.items() for word in ("-p", name, value)]
            command = [Path(sys.executable).with_name("subsonic-cli"), "-c", config, method, *given]
            return subprocess.run(command, check=True, capture_output=True).stdout

        report("subsonic-cli", {**browse_with_subsonic_cli(ask, song), **listen_with_subsonic_cli(ask, song)})


main()

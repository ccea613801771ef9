"""A media server that answers from memory, in Subsonic's and in Jellyfin's API. No real Jellyfin was tried."""

# ruff: noqa: N802  methods are named as those of Subsonic and of the HTTP server

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "ada", "päss wörd"
POLL_SECONDS = 0.01
GZIP = b"\x1f\x8b"
USER_ID, TOKEN = "0a1b2c", "signed-in"


@dataclass
class MediaServer:
    """What the server has, and what it was asked.

    `songs` are as Subsonic writes them; the Jellyfin side writes the same songs its own way.
    """

    songs: list[dict[str, Any]]
    files: dict[str, bytes] = field(default_factory=dict)
    playlists: dict[str, dict[str, Any]] = field(default_factory=dict)
    reports: list[list[Any]] = field(default_factory=list)
    """Rows of Jellyfin's plugin: time, song and seconds."""
    asked: list[str] = field(default_factory=list)
    searches: bool = True
    """Whether an empty search finds all songs."""
    downloads: bool = True
    comments: bool = True
    """Whether playlists may have comments."""
    busy: dict[str, str] | None = None
    """Headers of the answer to every request if there are too many."""
    token_refusal: int | None = None
    """The code with which it refuses tokens; None if it takes them."""
    page_max: int = 500
    redirect: str | None = None
    """Where every request is sent instead."""
    raw: dict[str, bytes] = field(default_factory=dict)
    """What it sends instead of an answer, by the last part of the path; compressed if it is gzip."""
    url: str = ""

    def song(self, song_id: str) -> dict[str, Any] | None:
        """Return a song by its id."""
        return next((song for song in self.songs if song["id"] == song_id), None)


@contextmanager
def media_server(songs: list[dict[str, Any]], **options: Any) -> Iterator[MediaServer]:
    """Run a server on a free port of this machine."""
    state = MediaServer(songs, **options)
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: MediaServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def _handle(self, method: str) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(content) if content else {}
        self.state.asked.append(f"{method} {parts.path}")
        if self.state.redirect is not None:
            self._send(302, b"", Location=self.state.redirect + parts.path)
        elif self.state.busy is not None:
            self._send(429, b"", **self.state.busy)
        elif (raw := self.state.raw.get(parts.path.rpartition("/")[2])) is not None:
            self._send(200, raw, **({"Content-Encoding": "gzip"} if raw.startswith(GZIP) else {}))
        elif parts.path.startswith("/rest/"):
            self._subsonic(parts.path.removeprefix("/rest/"), query)
        else:
            self._jellyfin(method, parts.path, query, body)

    def _send(self, status: int, content: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _json(self, answer: object) -> None:
        self._send(200, json.dumps(answer).encode())

    # Subsonic

    def _subsonic(self, method: str, query: dict[str, list[str]]) -> None:
        first = {name: values[0] for name, values in query.items()}
        if "t" in first and self.state.token_refusal is not None:
            self._refuse(self.state.token_refusal, "Token authentication is not supported.")
        elif not _is_user(first):
            self._refuse(40, "Wrong username or password.")
        elif "comment" in first and not self.state.comments:
            self._refuse(0, "Playlists have no comments.")
        elif method in ("download", "stream"):
            content = self.state.files.get(first["id"])
            if method == "download" and not self.state.downloads:
                self._refuse(50, "The user may not download.")
            elif content is None:
                self._refuse(70, "There is no such song.")
            else:
                self._send(200, content, "audio/flac")
        else:
            self._ok(**getattr(self, f"_{method}")(first, query))

    def _ok(self, **answer: object) -> None:
        self._json({"subsonic-response": {"status": "ok", "version": "1.16.1", **answer}})

    def _refuse(self, code: int, message: str) -> None:
        self._json({"subsonic-response": {"status": "failed", "error": {"code": code, "message": message}}})

    def _ping(self, *_: Any) -> dict[str, Any]:
        return {}

    def _search3(self, first: dict[str, str], _: Any) -> dict[str, Any]:
        begin, size = int(first["songOffset"]), min(int(first["songCount"]), self.state.page_max)
        songs = self.state.songs if self.state.searches else []
        return {"searchResult3": {"song": songs[begin : begin + size]}}

    def _getAlbumList2(self, first: dict[str, str], _: Any) -> dict[str, Any]:
        albums = list(dict.fromkeys(song["album"] for song in self.state.songs))
        begin = int(first["offset"])
        return {"albumList2": {"album": [{"id": name, "name": name} for name in albums[begin:][: int(first["size"])]]}}

    def _getAlbum(self, first: dict[str, str], _: Any) -> dict[str, Any]:
        return {"album": {"song": [song for song in self.state.songs if song["album"] == first["id"]]}}

    def _getStarred2(self, *_: Any) -> dict[str, Any]:
        return {"starred2": {"song": [song for song in self.state.songs if "starred" in song]}}

    def _getNowPlaying(self, *_: Any) -> dict[str, Any]:
        song = self.state.songs[0]
        return {"nowPlaying": {"entry": {**song, "username": USER, "minutesAgo": 2, "playerName": "phone"}}}

    def _getPlaylists(self, *_: Any) -> dict[str, Any]:
        return {"playlists": {"playlist": [{"id": key, **each} for key, each in self.state.playlists.items()]}}

    def _getPlaylist(self, first: dict[str, str], _: Any) -> dict[str, Any]:
        songs = self.state.playlists[first["id"]]["songs"]
        return {"playlist": {"id": first["id"], "entry": [{"id": song} for song in songs]}}

    def _createPlaylist(self, first: dict[str, str], query: dict[str, list[str]]) -> dict[str, Any]:
        key = first.get("playlistId") or str(len(self.state.playlists) + 1)
        made = self.state.playlists.setdefault(key, {"name": first.get("name"), "owner": USER, "comment": ""})
        made["songs"] = list(query.get("songId", []))
        return {"playlist": {"id": key}}

    def _updatePlaylist(self, first: dict[str, str], query: dict[str, list[str]]) -> dict[str, Any]:
        made = self.state.playlists[first["playlistId"]]
        made["comment"] = first.get("comment", made["comment"])
        made["songs"] += query.get("songIdToAdd", [])
        return {}

    # Jellyfin

    def _jellyfin(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> None:
        if path == "/Users/AuthenticateByName":
            if (body["Username"], body["Pw"]) == (USER, PASSWORD):
                self._json({"AccessToken": TOKEN, "User": {"Id": USER_ID}})
            else:
                self._send(401, b"")
        elif f'Token="{TOKEN}"' not in self.headers.get("Authorization", ""):
            self._send(401, b"")
        elif path == f"/Users/{USER_ID}/Items":
            self._json({"Items": self._items({name: values[0] for name, values in query.items()})})
        elif path.startswith(("/Items/", "/Audio/")):
            self._jellyfin_file(path)
        elif path.startswith("/Playlists"):
            self._jellyfin_playlist(method, path, query, body)
        elif path == "/Sessions":
            item = _jellyfin_song(self.state.songs[0])
            self._json([{"UserName": USER, "Client": "web", "NowPlayingItem": item, "PlayState": {}}, {}])
        elif path == "/user_usage_stats/submit_custom_query":
            self._json({"colums": ["DateCreated", "ItemId", "PlayDuration"], "results": self.state.reports})
        else:
            self._send(404, b"")

    def _items(self, first: dict[str, str]) -> list[dict[str, Any]]:
        begin, size = int(first["StartIndex"]), int(first["Limit"])
        if first["IncludeItemTypes"] == "Playlist":
            found = [{"Id": key, "Name": each["name"]} for key, each in self.state.playlists.items()]
        else:
            starred = first.get("Filters") == "IsFavorite"
            found = [_jellyfin_song(song) for song in self.state.songs if not starred or "starred" in song]
        return found[begin : begin + size]

    def _jellyfin_file(self, path: str) -> None:
        _, kind, song_id, *_ = path.split("/")
        if kind == "Items" and not self.state.downloads:
            self._send(403, b"")
        else:
            self._send(200, self.state.files[song_id], "audio/flac")

    def _jellyfin_playlist(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> None:
        if path == "/Playlists":
            key = f"p{len(self.state.playlists) + 1}"
            self.state.playlists[key] = {"name": body["Name"], "songs": []}
            self._json({"Id": key})
            return
        songs = self.state.playlists[path.split("/")[2]]["songs"]
        entries = [{"Id": song, "PlaylistItemId": f"e-{song}"} for song in songs]
        if method == "GET":
            self._json({"Items": entries})
            return
        if method == "POST":
            songs += query["Ids"][0].split(",")
        else:
            gone = set(query["EntryIds"][0].split(","))
            songs[:] = [entry["Id"] for entry in entries if entry["PlaylistItemId"] not in gone]
        self._send(204, b"")


def _is_user(first: dict[str, str]) -> bool:
    if "t" in first:
        token = hashlib.md5(f"{PASSWORD}{first['s']}".encode()).hexdigest()  # noqa: S324  Subsonic's
        return (first["u"], first["t"]) == (USER, token)
    return (first["u"], first["p"]) == (USER, f"enc:{PASSWORD.encode().hex()}")


def _jellyfin_song(song: dict[str, Any]) -> dict[str, Any]:
    return {
        "Id": song["id"],
        "Type": "Audio",
        "Name": song["title"],
        "Artists": [song["artist"]] if song.get("artist") else [],
        "Album": song.get("album"),
        "RunTimeTicks": song.get("duration", 0) * 10_000_000,
        "Path": song.get("path"),
        "ProviderIds": {"MusicBrainzRecording": song["musicBrainzId"]} if song.get("musicBrainzId") else {},
        "MediaSources": [{"Size": song["size"]}] if "size" in song else [],
        "UserData": {
            "IsFavorite": "starred" in song,
            "PlayCount": song.get("playCount", 0),
            "LastPlayedDate": song.get("played"),
        },
    }

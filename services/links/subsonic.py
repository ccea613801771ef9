"""A linked server that speaks Subsonic: Navidrome, Gonic, LMS, Airsonic, Ampache, supysonic."""

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from services.catalog.database import batched
from services.domain.errors import LinkedServerRefused, LinkedUserRefused
from services.links.answers import NUMBER_MAX, SIZE_MAX, identifier, moment, number, paged, reading, text, texts
from services.links.http import Params, Requests, pairs
from services.links.server import PlaybackReport, RemotePlaying, RemotePlaylist, RemoteSong

VERSION = "1.16.1"
CLIENT = "segue"

# The most that the API documents for a list of albums; servers cut longer pages of songs.
PAGE = 500

# An id has up to 36 characters, and servers take requests of about 8 KB.
IDS_PER_REQUEST = 100

PLAYING_MINUTES_MAX = 24 * 60
"""A song that began to play longer ago counts as one that began then: it is over in any case."""

NO_TOKENS = (10, 41, 42)
"""Codes of servers that take passwords only: supysonic misses the parameter, and LMS knows no such mechanism."""

USER_REFUSED = (40, 41, 42, 43, 44, 50, 60)
"""Codes that concern the user, not what is asked: a wrong password, a missing right, a trial that is over."""

_ERROR_CODE = re.compile(rb"""\bcode["'=: ]+(\d{1,3})\b""")
"""The code in an answer of JSON or XML."""

RATING_MAX = 5

_OTHER_FORMATS = ("text/", "application/json", "application/xml")
"""Types of answers that are errors where a file is expected."""


class SubsonicServer:
    """Asks a Subsonic server; the errors are those of `Server`."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._requests = Requests(url)
        self._user, self._password = user, password
        self._has_tokens: bool | None = None  # until the first answer

    @reading()
    def check(self) -> None:
        """Sign in."""
        self._get("ping")

    def songs(self) -> Iterator[RemoteSong]:
        """Yield all songs: from an empty search, or else album by album, because old servers find nothing so."""
        with reading():
            pages = self._pages("search3", "searchResult3", "song", query="", artistCount=0, albumCount=0)
            first = next(pages, None)
            if first is None:
                yield from self._songs_of_albums()
                return
            for page in chain([first], pages):
                yield from map(_song, page)

    def starred(self) -> Iterator[RemoteSong]:
        """Yield the starred songs."""
        with reading():
            yield from map(_song, _list(self._get("getStarred2"), "starred2", "song"))

    @contextmanager
    def open_song(self, song_id: str) -> Iterator[Iterator[bytes]]:
        """Open the file of a song: `download`, or the stream as it is for a user who may not download."""
        self.check()  # finds out whether the server takes tokens
        try:
            with self._opened("download", id=song_id) as chunks:
                yield chunks
        except (_NoFile, LinkedUserRefused):
            with self._opened("stream", id=song_id, format="raw") as chunks:
                yield chunks

    @reading()
    def playlists(self) -> list[RemotePlaylist]:
        """Return the playlists."""
        return [
            RemotePlaylist(id=_id(each), name=text(each.get("name")) or "", comment=text(each.get("comment")) or "")
            for each in _list(self._get("getPlaylists"), "playlists", "playlist")
        ]

    @reading()
    def playlist_songs(self, playlist_id: str) -> list[str]:
        """Return the songs of a playlist."""
        answer = self._get("getPlaylist", {"id": playlist_id})
        if not answer.get("playlist"):
            raise LinkedServerRefused(f"{self._requests.url} does not send its playlist '{playlist_id}'.")
        return [_id(entry) for entry in _list(answer, "playlist", "entry")]

    @reading()
    def create_playlist(self, name: str, song_ids: Sequence[str]) -> str:
        """Create a playlist of the first songs and return its id, which old servers do not tell."""
        known = {playlist.id for playlist in self.playlists()}
        answer = self._get("createPlaylist", [("name", name), *_ids("songId", song_ids[:IDS_PER_REQUEST])])
        created = _id(answer["playlist"]) if answer.get("playlist") else None
        for playlist in self.playlists() if created is None else ():
            if playlist.id not in known and playlist.name == name:
                created = playlist.id
        if created is None:
            raise LinkedServerRefused(f"{self._requests.url} did not create the playlist '{name}'.")
        return created

    @reading()
    def comment_playlist(self, playlist_id: str, comment: str) -> None:
        """Write the comment of a playlist."""
        self._get("updatePlaylist", [("playlistId", playlist_id), ("comment", comment)])

    @reading()
    def replace_playlist(self, playlist_id: str, song_ids: Sequence[str]) -> None:
        """Replace the songs of a playlist."""
        first = _ids("songId", song_ids[:IDS_PER_REQUEST])
        self._get("createPlaylist", [("playlistId", playlist_id), *first])
        self._append(playlist_id, song_ids[IDS_PER_REQUEST:])

    @reading()
    def now_playing(self) -> list[RemotePlaying]:
        """Return what is played; the API tells since how many minutes."""
        now = datetime.now(UTC)
        return [
            RemotePlaying(
                song_id=_id(entry),
                user=text(entry.get("username")) or "",
                client=text(entry.get("playerName")),
                started_at=now - timedelta(minutes=_minutes_ago(entry)),
            )
            for entry in _list(self._get("getNowPlaying"), "nowPlaying", "entry")
        ]

    def playback_reports(self, since: datetime | None) -> Iterator[PlaybackReport]:  # noqa: ARG002  Server's
        """Yield nothing: the API counts plays and tells the time of the last one only."""
        return iter(())

    def close(self) -> None:
        """Close the connections."""
        self._requests.close()

    def _append(self, playlist_id: str, song_ids: Sequence[str]) -> None:
        for some in batched(song_ids, IDS_PER_REQUEST):
            self._get("updatePlaylist", [("playlistId", playlist_id), *_ids("songIdToAdd", some)])

    def _songs_of_albums(self) -> Iterator[RemoteSong]:
        for page in self._pages("getAlbumList2", "albumList2", "album", type="alphabeticalByName"):
            for album in page:
                yield from map(_song, _list(self._get("getAlbum", {"id": _id(album)}), "album", "song"))

    def _pages(self, method: str, answer: str, items: str, **params: str | int) -> Iterator[Sequence[dict[str, Any]]]:
        size, offset = ("songCount", "songOffset") if items == "song" else ("size", "offset")
        return paged(lambda begin: _list(self._get(method, {**params, size: PAGE, offset: begin}), answer, items), _id)

    @contextmanager
    def _opened(self, method: str, **params: str) -> Iterator[Iterator[bytes]]:
        path = f"/rest/{method}"
        with self._requests.open("GET", path, params=[*self._sign_in(), *params.items()]) as response:
            if response.headers.get("Content-Type", "").startswith(_OTHER_FORMATS):
                raise self._no_file(params["id"], next(self._requests.chunks(response), b""))
            yield self._requests.chunks(response)

    def _no_file(self, song_id: str, answer: bytes) -> LinkedServerRefused:
        code = _ERROR_CODE.search(answer)
        kind = LinkedUserRefused if code is not None and int(code[1]) in USER_REFUSED else _NoFile
        return kind(f"{self._requests.url} does not send the file of its song '{song_id}'.")

    def _get(self, method: str, params: Params | None = None) -> dict[str, Any]:
        given = pairs(params)
        answer = self._answer(method, given)
        if self._has_tokens is None:
            self._has_tokens = answer.get("status") == "ok" or _code(answer) not in NO_TOKENS
            answer = answer if self._has_tokens else self._answer(method, given)
        if answer.get("status") != "ok":
            message = (answer.get("error") or {}).get("message") or f"error {_code(answer)}"
            kind = LinkedUserRefused if _code(answer) in USER_REFUSED else LinkedServerRefused
            raise kind(f"{self._requests.url} refused {method}: {message}")
        return answer

    def _answer(self, method: str, params: list[tuple[str, Any]]) -> dict[str, Any]:
        found = self._requests.json("GET", f"/rest/{method}", params=[*self._sign_in(), *params])
        answer = found.get("subsonic-response") if isinstance(found, dict) else None
        if not isinstance(answer, dict):
            raise LinkedServerRefused(f"What answers at {self._requests.url} is no Subsonic server.")
        return answer

    def _sign_in(self) -> list[tuple[str, str]]:
        named = [("u", self._user), ("v", VERSION), ("c", CLIENT), ("f", "json")]
        if self._has_tokens is False:
            return [*named, ("p", f"enc:{self._password.encode().hex()}")]
        salt = secrets.token_hex(8)
        token = hashlib.md5(f"{self._password}{salt}".encode(), usedforsecurity=False).hexdigest()
        return [*named, ("s", salt), ("t", token)]


class _NoFile(LinkedServerRefused):
    """The answer is no file."""


def _song(found: dict[str, Any]) -> RemoteSong:
    artists = [name for each in found.get("artists") or () if (name := text(each.get("name")))]
    return RemoteSong(
        id=_id(found),
        title=text(found.get("title")) or "",
        artists=tuple(artists) or tuple(filter(None, [text(found.get("artist"))])),
        album=text(found.get("album")),
        duration_ms=_milliseconds(found),
        path=text(found.get("path")),
        size=number(found.get("size"), SIZE_MAX),
        recording_mbids=texts(found.get("musicBrainzId")),
        isrcs=texts(found.get("isrc")),
        starred_at=_moment(found.get("starred")),
        rating=number(found.get("userRating"), RATING_MAX) or None,
        play_count=number(found.get("playCount")) or 0,
        played_at=_moment(found.get("played")),
    )


def _list(answer: dict[str, Any], name: str, items: str) -> list[dict[str, Any]]:
    if answer.get(name) is None:
        raise LinkedServerRefused(f"The server answered without '{name}', so Segue does not know what it has.")
    # Some servers write an empty object as "", and a single item without a list.
    found = (answer[name] or {}).get(items) or []
    return found if isinstance(found, list) else [found]


def _ids(name: str, song_ids: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, song_id) for song_id in song_ids]


def _id(found: dict[str, Any]) -> str:
    return identifier(found.get("id"))


def _milliseconds(found: dict[str, Any]) -> int | None:
    seconds = number(found.get("duration"), NUMBER_MAX // 1000)
    return seconds * 1000 if seconds else None


def _minutes_ago(entry: dict[str, Any]) -> int:
    return min(number(entry.get("minutesAgo"), SIZE_MAX) or 0, PLAYING_MINUTES_MAX)


def _code(answer: dict[str, Any]) -> int | None:
    return number((answer.get("error") or {}).get("code"))


def _moment(written: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(written)) if written else None
    except ValueError:
        return None
    return moment(found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found)

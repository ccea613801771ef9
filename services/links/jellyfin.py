"""A linked server that speaks Jellyfin's API, or Emby's, which has the same requests for what Segue asks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from services.catalog.database import batched
from services.domain.errors import LinkedServerRefused
from services.links.answers import NUMBER_MAX, SIZE_MAX, identifier, moment, number, paged, reading, text, texts
from services.links.http import Params, Requests
from services.links.server import PlaybackReport, RemotePlaying, RemotePlaylist, RemoteSong

PAGE = 500

# An id has 32 characters, and proxies take addresses of about 8 KB.
IDS_PER_REQUEST = 100

TICKS_PER_MS = 10_000

RECORDINGS = ("MusicBrainzRecording", "MusicBrainzTrack")
"""Ids of a recording; older servers store it as that of a track. One of a track equals no recording's."""

REPORTS = "SELECT DateCreated, ItemId, PlayDuration FROM PlaybackActivity WHERE {conditions} ORDER BY DateCreated"
"""What the plugin “Playback Reporting” is asked."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_FRACTION = re.compile(r"(\.\d{6})\d+")
"""Digits of a second that Python does not read."""


class JellyfinServer:
    """Asks a Jellyfin or Emby server; the errors are those of `Server`."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._requests = Requests(url)
        self._user, self._password = user, password
        self._user_id: str | None = None

    @reading()
    def check(self) -> None:
        """Sign in."""
        _ = self._signed_in

    def songs(self) -> Iterator[RemoteSong]:
        """Yield all songs."""
        fields = {"Fields": "Path,ProviderIds,MediaSources", "SortBy": "DateCreated,SortName"}
        with reading():
            yield from map(_song, self._items({"IncludeItemTypes": "Audio", **fields}))

    def starred(self) -> Iterator[RemoteSong]:
        """Yield the favourites; the API does not tell since when they are such, so their time is now."""
        with reading():
            yield from map(_song, self._items({"IncludeItemTypes": "Audio", "Filters": "IsFavorite"}))

    @contextmanager
    def open_song(self, song_id: str) -> Iterator[Iterator[bytes]]:
        """Open the file of a song: its download, or the file as a stream for a user who may not download."""
        self.check()
        try:
            with self._opened(f"/Items/{_checked(song_id)}/Download") as chunks:
                yield chunks
        except _NoDownload:
            path = f"/Audio/{_checked(song_id)}/stream"
            with self._requests.open("GET", path, params={"static": "true"}) as response:
                yield self._requests.chunks(response)

    @reading()
    def playlists(self) -> list[RemotePlaylist]:
        """Return the playlists; their comments are overviews."""
        found = self._items({"IncludeItemTypes": "Playlist", "Fields": "Overview"})
        return [
            RemotePlaylist(id=_id(each), name=text(each.get("Name")) or "", comment=text(each.get("Overview")) or "")
            for each in found
        ]

    @reading()
    def playlist_songs(self, playlist_id: str) -> list[str]:
        """Return the songs of a playlist."""
        return [_id(entry) for entry in self._entries(playlist_id)]

    @reading()
    def create_playlist(self, name: str, song_ids: Sequence[str]) -> str:  # noqa: ARG002  Server's
        """Create an empty playlist and return its id."""
        given = {"Name": name, "UserId": self._signed_in, "MediaType": "Audio"}
        created = self._ask("POST", "/Playlists", given, body=given)  # Emby reads the parameters, Jellyfin the body
        return _id(created if isinstance(created, dict) else {})

    def comment_playlist(self, playlist_id: str, comment: str) -> None:
        """Do nothing: the API lets only administrators write comments."""

    @reading()
    def replace_playlist(self, playlist_id: str, song_ids: Sequence[str]) -> None:
        """Replace the songs of a playlist."""
        path = f"/Playlists/{_checked(playlist_id)}/Items"
        old = [str(entry["PlaylistItemId"]) for entry in self._entries(playlist_id) if entry.get("PlaylistItemId")]
        for some in batched(old, IDS_PER_REQUEST):
            self._ask("DELETE", path, {"EntryIds": ",".join(some)})
        self._append(playlist_id, song_ids)

    @reading()
    def now_playing(self) -> list[RemotePlaying]:
        """Return what is played."""
        now = datetime.now(UTC)
        sessions = self._ask("GET", "/Sessions")
        return [
            RemotePlaying(
                song_id=_id(session["NowPlayingItem"]),
                user=text(session.get("UserName")) or "",
                client=text(session.get("Client")),
                started_at=now - timedelta(milliseconds=_ms((session.get("PlayState") or {}).get("PositionTicks"))),
            )
            for session in sessions
            if (session.get("NowPlayingItem") or {}).get("Type") == "Audio"
        ]

    def playback_reports(self, since: datetime | None) -> Iterator[PlaybackReport]:
        """Yield what the plugin “Playback Reporting” recorded, in the time zone of this machine.

        Nothing if the server has no such plugin, or the user is not an administrator.
        """
        conditions = ["ItemType = 'Audio'", f"UserId = '{_checked(self._signed_in)}'"]
        if since is not None:
            conditions.append(f"DateCreated > '{since.astimezone().replace(tzinfo=None).isoformat(' ')}'")
        query = {"CustomQueryString": REPORTS.format(conditions=" AND ".join(conditions)), "ReplaceUserId": False}
        try:
            answer = self._ask("POST", "/user_usage_stats/submit_custom_query", body=query)
        except LinkedServerRefused:
            return
        with reading():
            for at, song_id, seconds in (answer or {}).get("results") or ():
                if (when := _moment(at, local=True)) is not None:
                    played_ms = number(float(seconds or 0) * 1000)
                    yield PlaybackReport(song_id=_checked(identifier(song_id)), at=when, played_ms=played_ms)

    def close(self) -> None:
        """Close the connections."""
        self._requests.close()

    @property
    def _signed_in(self) -> str:
        """The id of the user, who is signed in."""
        if self._user_id is None:
            client = 'MediaBrowser Client="Segue", Device="Segue", DeviceId="segue", Version="1"'
            self._requests.http.headers.update({"Authorization": client, "X-Emby-Authorization": client})
            given = {"Username": self._user, "Pw": self._password}
            answer = self._requests.json("POST", "/Users/AuthenticateByName", body=given)
            if not isinstance(answer, dict) or not answer.get("AccessToken"):
                raise LinkedServerRefused(f"What answers at {self._requests.url} is no Jellyfin server.")
            token = f'{client}, Token="{answer["AccessToken"]}"'
            self._requests.http.headers.update({"Authorization": token, "X-Emby-Authorization": token})
            self._user_id = _id(answer.get("User") or {})
        return self._user_id

    def _items(self, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        path = f"/Users/{_checked(self._signed_in)}/Items"
        common = {"Recursive": "true", **params, "Limit": str(PAGE)}
        for page in paged(lambda begin: _listed(self._ask("GET", path, {**common, "StartIndex": str(begin)})), _id):
            yield from page

    def _entries(self, playlist_id: str) -> list[dict[str, Any]]:
        answer = self._ask("GET", f"/Playlists/{_checked(playlist_id)}/Items", {"UserId": self._signed_in})
        return _listed(answer)

    def _append(self, playlist_id: str, song_ids: Sequence[str]) -> None:
        for some in batched(song_ids, IDS_PER_REQUEST):
            params = {"Ids": ",".join(some), "UserId": self._signed_in}
            self._ask("POST", f"/Playlists/{_checked(playlist_id)}/Items", params)

    @contextmanager
    def _opened(self, path: str) -> Iterator[Iterator[bytes]]:
        with ExitStack() as stack:
            try:
                response = stack.enter_context(self._requests.open("GET", path))
            except LinkedServerRefused as error:
                raise _NoDownload(error.detail) from error
            yield self._requests.chunks(response)

    def _ask(self, method: str, path: str, params: Params | None = None, *, body: object = None) -> Any:  # noqa: ANN401
        self.check()
        return self._requests.json(method, path, params=params, body=body)


class _NoDownload(LinkedServerRefused):
    """The user may not download."""


def _song(item: dict[str, Any]) -> RemoteSong:
    user, ids = item.get("UserData") or {}, item.get("ProviderIds") or {}
    source: dict[str, Any] = next(iter(item.get("MediaSources") or ()), {})
    played_at = _moment(user.get("LastPlayedDate"))
    return RemoteSong(
        id=_id(item),
        title=text(item.get("Name")) or "",
        artists=texts(item.get("Artists")) or texts(item.get("AlbumArtist")),
        album=text(item.get("Album")),
        duration_ms=_ms(item.get("RunTimeTicks")) or None,
        path=text(item.get("Path")),
        size=number(source.get("Size"), SIZE_MAX),
        recording_mbids=tuple(found for name in RECORDINGS if (found := text(ids.get(name)))),
        starred_at=datetime.now(UTC) if user.get("IsFavorite") else None,
        play_count=number(user.get("PlayCount")) or 0,
        played_at=played_at,
    )


def _id(item: Mapping[str, Any]) -> str:
    return identifier(item.get("Id"))


def _checked(item_id: str) -> str:
    """Return an id that is safe in a path and in a query."""
    if not _ID.fullmatch(item_id):
        raise LinkedServerRefused(f"'{item_id}' is no id of a Jellyfin or Emby server.")
    return item_id


def _ms(ticks: object) -> int:
    return (number(ticks, NUMBER_MAX * TICKS_PER_MS) or 0) // TICKS_PER_MS


def _listed(answer: dict[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(found := answer.get("Items"), list):
        raise LinkedServerRefused("The server answered without 'Items', so Segue does not know what it has.")
    return found


def _moment(written: object, *, local: bool = False) -> datetime | None:
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", str(written))) if written else None
        if found is not None and found.tzinfo is None:
            found = found.astimezone() if local else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment(found)

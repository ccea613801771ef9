"""What Segue asks a linked server: its songs, its playlists, and what its user heard and judged."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSong:
    """A song of a linked server, with what the signed-in user told the server about it."""

    id: str
    title: str
    artists: tuple[str, ...] = ()
    album: str | None = None
    duration_ms: int | None = None
    path: str | None = None
    """As the server tells it: with a root of its own, without one, or made up from tags."""
    size: int | None = None
    """Of the file, in bytes."""
    recording_mbids: tuple[str, ...] = ()
    isrcs: tuple[str, ...] = ()
    starred_at: datetime | None = None
    """When the user starred the song; aware, as all times."""
    rating: int | None = None
    """1 to 5; None if the user did not rate the song."""
    play_count: int = 0
    played_at: datetime | None = None
    """When it was last played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlaylist:
    """A playlist of a linked server."""

    id: str
    name: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlaying:
    """A song that a user of a linked server is playing."""

    song_id: str
    user: str
    client: str | None = None
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackReport:
    """A play that a linked server recorded with its time."""

    song_id: str
    at: datetime
    played_ms: int | None = None


class Server(Protocol):
    """A linked server, as its user sees it.

    Every method raises `LinkedServerUnavailable` if the server does not respond, and `LinkedServerRefused` if it
    refuses the request: a wrong password, a missing right, or an answer that is none of its kind.
    """

    def check(self) -> None:
        """Sign in, so that a wrong address or password is known at once."""
        ...

    def songs(self) -> Iterator[RemoteSong]:
        """Yield all songs, page by page."""
        ...

    def starred(self) -> Iterator[RemoteSong]:
        """Yield the songs that the user starred."""
        ...

    def open_song(self, song_id: str) -> AbstractContextManager[Iterator[bytes]]:
        """Open the file of a song, as it is on the server."""
        ...

    def playlists(self) -> list[RemotePlaylist]:
        """Return the playlists that the user sees."""
        ...

    def playlist_songs(self, playlist_id: str) -> list[str]:
        """Return the ids of the songs of a playlist, in their order."""
        ...

    def create_playlist(self, name: str, song_ids: Sequence[str]) -> str:
        """Create a playlist, with as many of its songs as one request takes, and return its id."""
        ...

    def comment_playlist(self, playlist_id: str, comment: str) -> None:
        """Write the comment of a playlist, if the API has such a request."""
        ...

    def replace_playlist(self, playlist_id: str, song_ids: Sequence[str]) -> None:
        """Replace the songs of a playlist."""
        ...

    def now_playing(self) -> list[RemotePlaying]:
        """Return what the users of the server are playing, as far as this one may see it."""
        ...

    def playback_reports(self, since: datetime | None) -> Iterator[PlaybackReport]:
        """Yield the user's plays with their times since a moment, oldest first; nothing if the server keeps none."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...

"""Playlists."""

from datetime import datetime

from pydantic import Field

from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.songs import SONG, SubsonicChild
from services.api.schemas.tracks import NO_NUL, Response
from services.domain.playlist import DESCRIPTION_MAX, NAME_MAX, TRACKS_MAX

PLAYLIST = "Id of the playlist."


class OwnPlaylistsQuery(SubsonicQuery):
    """May name a user."""

    username: str | None = Field(default=None, description="Must be the user of the request.")


class OnePlaylistQuery(SubsonicQuery):
    """Selects a playlist."""

    id: str = Field(description=PLAYLIST)


class PlaylistCreationQuery(SubsonicQuery):
    """A new playlist, or all songs of an existing one."""

    playlistId: str | None = Field(default=None, description="A playlist whose songs are replaced.")
    name: str | None = Field(
        default=None, min_length=1, max_length=NAME_MAX, pattern=NO_NUL, description="Name of a new playlist."
    )
    songId: list[str] = Field(default=[], max_length=TRACKS_MAX, description=SONG)


class PlaylistChangeQuery(SubsonicQuery):
    """Changes of a playlist."""

    playlistId: str = Field(description=PLAYLIST)
    name: str | None = Field(default=None, min_length=1, max_length=NAME_MAX, pattern=NO_NUL, description="New name.")
    comment: str | None = Field(
        default=None, max_length=DESCRIPTION_MAX, pattern=NO_NUL, description="New description."
    )
    public: bool | None = Field(default=None, description="Ignored: playlists belong to one listener.")
    songIdToAdd: list[str] = Field(default=[], max_length=TRACKS_MAX, description=SONG)
    songIndexToRemove: list[int] = Field(
        default=[], max_length=TRACKS_MAX, description="Places of songs to remove, from 0, before songs are added."
    )


class SubsonicPlaylist(Response):
    """A playlist without its songs."""

    id: str
    name: str
    comment: str
    owner: str
    public: bool = False
    readonly: bool = Field(description="Whether rules choose the songs (smart playlists).")
    songCount: int
    duration: int = Field(description="Length in seconds.")
    created: datetime
    changed: datetime
    coverArt: str = Field(description="The id for `getCoverArt`.")


class SubsonicPlaylistWithSongs(SubsonicPlaylist):
    """A playlist with its songs."""

    entry: list[SubsonicChild]


class SubsonicPlaylists(Response):
    """The playlists of a listener."""

    playlist: list[SubsonicPlaylist]

"""Playlists of a listener. Rules choose the songs of smart playlists, so players cannot change those."""

from dataclasses import dataclass

from services.api.compat.subsonic.auth import MissingParameter
from services.api.compat.subsonic.method import CHANGES, LISTENS, Method, Result
from services.api.compat.subsonic.methods.accounts import check_own_user
from services.api.compat.subsonic.schemas.playlists import (
    OnePlaylistQuery,
    OwnPlaylistsQuery,
    PlaylistChangeQuery,
    PlaylistCreationQuery,
    SubsonicPlaylist,
)
from services.api.compat.subsonic.songs import as_songs
from services.api.compat.subsonic.visible import listener, required_ids, visible_tracks
from services.api.context import services
from services.api.security.authentication import principal
from services.domain.errors import Forbidden, InvalidRequest, PlaylistNotFound
from services.domain.playlist import Contents, Entry, NewEntry, Playlist, PlaylistChange
from services.domain.track import Track


class SmartPlaylist(Forbidden):
    """The songs of a smart playlist cannot be changed by hand."""

    def __init__(self) -> None:
        super().__init__("Rules choose the songs of this playlist, so you cannot change them here.")


class UnknownPlace(InvalidRequest):
    """The playlist has no song at a place."""

    def __init__(self, place: int) -> None:
        super().__init__(f"The playlist has no song at the place {place}.")


@dataclass(frozen=True, slots=True)
class _Songs:
    """The entries of a playlist, and the tracks of those that the request may see and that have a file."""

    entries: list[Entry]
    tracks: dict[str, Track]

    @property
    def shown(self) -> list[Entry]:
        """The entries that players get."""
        return [entry for entry in self.entries if entry.track_id in self.tracks]

    @property
    def hidden(self) -> list[Entry]:
        """The other entries."""
        return [entry for entry in self.entries if entry.track_id not in self.tracks]


def get_playlists(query: OwnPlaylistsQuery) -> Result:
    """List your playlists, and smart playlists too, whose songs Segue chooses once a day."""
    if query.username is not None:
        check_own_user(query.username)
    store = services().catalogue.playlists
    found = store.listed(principal().listeners)
    contents = store.contents([each.id for each in found])
    return {"playlists": {"playlist": [_described(each, contents.get(each.id, Contents())) for each in found]}}


def get_playlist(query: OnePlaylistQuery) -> Result:
    """Get a playlist with its songs. Songs whose files are gone are left out, and return with their files."""
    return {"playlist": _shown(_found(query.id))}


def create_playlist(query: PlaylistCreationQuery) -> Result:
    """Create a playlist, or replace the songs of one. Songs whose files are gone stay, at the end."""
    track_ids = required_ids(query.songId)
    store = services().catalogue.playlists
    if query.playlistId is None:
        if query.name is None:
            raise MissingParameter("Required parameter is missing: name, or playlistId.")
        return {"playlist": _shown(store.create(query.name, track_ids, owner=listener()))}
    found = _changeable(query.playlistId)
    hidden = [entry.id for entry in _songs(found).hidden]
    change = PlaylistChange(name=query.name, entries=(*map(NewEntry, track_ids), *hidden))
    return {"playlist": _shown(store.change(found.id, found.revision, change))}


def update_playlist(query: PlaylistChangeQuery) -> Result:
    """Rename a playlist, change its description, remove songs by their places, and add songs at the end."""
    changes_songs = bool(query.songIdToAdd or query.songIndexToRemove)
    found = _changeable(query.playlistId) if changes_songs else _found(query.playlistId)
    entries: tuple[int | NewEntry, ...] | None = None
    if changes_songs:
        added = map(NewEntry, required_ids(query.songIdToAdd))
        entries = (*_left(_songs(found), query.songIndexToRemove), *added)
    change = PlaylistChange(name=query.name, description=query.comment, entries=entries)
    services().catalogue.playlists.change(found.id, found.revision, change)
    return {}


def delete_playlist(query: OnePlaylistQuery) -> Result:
    """Delete a playlist. Its songs stay in the library."""
    services().catalogue.playlists.remove(_found(query.id).id)
    return {}


def _found(playlist_id: str) -> Playlist:
    """Return a playlist that the request may use.

    Raises:
        PlaylistNotFound: there is none with this id, or it belongs to another listener.
    """
    found, listeners = services().catalogue.playlists.get(playlist_id), principal().listeners
    if listeners is not None and found.owner not in listeners:
        raise PlaylistNotFound(playlist_id)
    return found


def _changeable(playlist_id: str) -> Playlist:
    found = _found(playlist_id)
    if found.rules is not None:
        raise SmartPlaylist
    return found


def _songs(playlist: Playlist) -> _Songs:
    entries = services().catalogue.playlists.entries(playlist.id)
    return _Songs(entries, visible_tracks([entry.track_id for entry in entries]))


def _left(songs: _Songs, places: list[int]) -> list[int]:
    """Return the ids of the entries that remain without the shown ones at these places, in their order."""
    shown = songs.shown
    for place in places:
        if not 0 <= place < len(shown):
            raise UnknownPlace(place)
    removed = {shown[place].id for place in places}
    return [entry.id for entry in songs.entries if entry.id not in removed]


def _shown(playlist: Playlist) -> Result:
    songs = _songs(playlist)
    tracks = [songs.tracks[entry.track_id] for entry in songs.shown]
    length = sum(track.duration_ms or 0 for track in tracks)
    return {**_described(playlist, Contents(tracks=len(tracks), duration_ms=length)), "entry": as_songs(tracks)}


def _described(playlist: Playlist, contents: Contents) -> Result:
    described = SubsonicPlaylist(
        id=playlist.id,
        name=playlist.name,
        comment=playlist.description,
        owner=playlist.owner or "",
        readonly=playlist.rules is not None,
        songCount=contents.tracks - contents.missing,
        duration=round(contents.duration_ms / 1000),
        created=playlist.created_at,
        changed=playlist.updated_at,
        coverArt=playlist.id,
    )
    return described.model_dump(mode="json")


METHODS = (
    Method("getPlaylists", OwnPlaylistsQuery, get_playlists, "List playlists", LISTENS),
    Method("getPlaylist", OnePlaylistQuery, get_playlist, "Get a playlist", LISTENS),
    Method("createPlaylist", PlaylistCreationQuery, create_playlist, "Create a playlist", CHANGES),
    Method("updatePlaylist", PlaylistChangeQuery, update_playlist, "Change a playlist", CHANGES),
    Method("deletePlaylist", OnePlaylistQuery, delete_playlist, "Delete a playlist", CHANGES),
)

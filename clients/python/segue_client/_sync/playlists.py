"""Playlists, and playlists in files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segue_client import models
from segue_client._sync.connection import Connection
from segue_client.arguments import PlaylistFormat, listed, parameters, plain, segment
from segue_client.arguments import upload as file_of


class PlaylistMethods(Connection):
    """Methods about playlists."""

    def playlists(self, owner: str | None = None) -> list[models.PlaylistSummary]:
        """The playlists of a listener, or all that the key may use."""
        return (self._get(models.Playlists, "/v1/playlists", parameters(None, owner=owner))).playlists

    def playlist(self, playlist_id: str) -> models.Playlist:
        """A playlist with its tracks."""
        return self._get(models.Playlist, f"/v1/playlists/{segment(playlist_id)}")

    def create_playlist(
        self,
        name: str,
        tracks: Sequence[str] = (),
        *,
        owner: str | None = None,
        description: str | None = None,
        rules: models.PlaylistRules | None = None,
    ) -> models.Playlist:
        """Create a playlist of these tracks, or a smart playlist with rules."""
        body = parameters(None, name=name, tracks=listed("tracks", tracks), owner=owner, description=description)
        body |= {} if rules is None else {"rules": plain(rules)}
        return self._ask(models.Playlist, "POST", "/v1/playlists", json=body)

    def change_playlist(self, playlist_id: str, update: models.PlaylistUpdate) -> models.Playlist:
        """Change a playlist.

        Raises:
            Conflict: the playlist was changed since `update.revision`.
        """
        return self._ask(models.Playlist, "PUT", f"/v1/playlists/{segment(playlist_id)}", json=plain(update))

    def add_to_playlist(self, playlist_id: str, tracks: Sequence[str]) -> models.Playlist:
        """Add tracks at the end of a playlist."""
        body = {"tracks": listed("tracks", tracks)}
        return self._ask(models.Playlist, "POST", f"/v1/playlists/{segment(playlist_id)}/tracks", json=body)

    def refresh_playlist(self, playlist_id: str) -> models.Playlist:
        """Let a smart playlist choose its tracks again."""
        return self._ask(models.Playlist, "POST", f"/v1/playlists/{segment(playlist_id)}/refresh")

    def delete_playlist(self, playlist_id: str) -> None:
        """Delete a playlist."""
        self.request("DELETE", f"/v1/playlists/{segment(playlist_id)}")

    def export_playlist(
        self, playlist_id: str, kind: PlaylistFormat = "m3u8", *, absolute: bool = False
    ) -> bytes:
        """A playlist as a file."""
        query = {"format": kind, "paths": "absolute" if absolute else "relative"}
        return (self.request("GET", f"/v1/playlists/{segment(playlist_id)}/export", params=query)).content

    def export_tracks(
        self, track_ids: Sequence[str], name: str, kind: PlaylistFormat = "m3u8", *, absolute: bool = False
    ) -> bytes:
        """Tracks as a playlist in a file, which is not stored."""
        paths = "absolute" if absolute else "relative"
        body = {"tracks": listed("track_ids", track_ids), "name": name, "format": kind, "paths": paths}
        return (self.request("POST", "/v1/playlists/export", json=body)).content

    def import_playlist(
        self, file: Path, *, name: str | None = None, owner: str | None = None
    ) -> models.ImportedPlaylist:
        """Create a playlist from an M3U or M3U8 file."""
        fields: dict[str, Any] = parameters(None, name=name, owner=owner)
        return self._ask(
            models.ImportedPlaylist, "POST", "/v1/playlists/import", data=fields, files=file_of(file)
        )

"""Playlists, and playlists in files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segue_client import models
from segue_client._async.connection import AsyncConnection
from segue_client.arguments import PlaylistFormat, listed, parameters, plain, segment
from segue_client.arguments import upload as file_of


class PlaylistMethods(AsyncConnection):
    """Methods about playlists."""

    async def playlists(self, owner: str | None = None) -> list[models.PlaylistSummary]:
        """The playlists of a listener, or all that the key may use."""
        return (await self._get(models.Playlists, "/v1/playlists", parameters(None, owner=owner))).playlists

    async def playlist(self, playlist_id: str) -> models.Playlist:
        """A playlist with its tracks."""
        return await self._get(models.Playlist, f"/v1/playlists/{segment(playlist_id)}")

    async def create_playlist(
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
        return await self._ask(models.Playlist, "POST", "/v1/playlists", json=body)

    async def change_playlist(self, playlist_id: str, update: models.PlaylistUpdate) -> models.Playlist:
        """Change a playlist.

        Raises:
            Conflict: the playlist was changed since `update.revision`.
        """
        return await self._ask(models.Playlist, "PUT", f"/v1/playlists/{segment(playlist_id)}", json=plain(update))

    async def add_to_playlist(self, playlist_id: str, tracks: Sequence[str]) -> models.Playlist:
        """Add tracks at the end of a playlist."""
        body = {"tracks": listed("tracks", tracks)}
        return await self._ask(models.Playlist, "POST", f"/v1/playlists/{segment(playlist_id)}/tracks", json=body)

    async def refresh_playlist(self, playlist_id: str) -> models.Playlist:
        """Let a smart playlist choose its tracks again."""
        return await self._ask(models.Playlist, "POST", f"/v1/playlists/{segment(playlist_id)}/refresh")

    async def delete_playlist(self, playlist_id: str) -> None:
        """Delete a playlist."""
        await self.request("DELETE", f"/v1/playlists/{segment(playlist_id)}")

    async def export_playlist(
        self, playlist_id: str, kind: PlaylistFormat = "m3u8", *, absolute: bool = False
    ) -> bytes:
        """A playlist as a file."""
        query = {"format": kind, "paths": "absolute" if absolute else "relative"}
        return (await self.request("GET", f"/v1/playlists/{segment(playlist_id)}/export", params=query)).content

    async def export_tracks(
        self, track_ids: Sequence[str], name: str, kind: PlaylistFormat = "m3u8", *, absolute: bool = False
    ) -> bytes:
        """Tracks as a playlist in a file, which is not stored."""
        paths = "absolute" if absolute else "relative"
        body = {"tracks": listed("track_ids", track_ids), "name": name, "format": kind, "paths": paths}
        return (await self.request("POST", "/v1/playlists/export", json=body)).content

    async def import_playlist(
        self, file: Path, *, name: str | None = None, owner: str | None = None
    ) -> models.ImportedPlaylist:
        """Create a playlist from an M3U or M3U8 file."""
        fields: dict[str, Any] = parameters(None, name=name, owner=owner)
        return await self._ask(
            models.ImportedPlaylist, "POST", "/v1/playlists/import", data=fields, files=file_of(file)
        )

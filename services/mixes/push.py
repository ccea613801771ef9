"""Push the mixes of a listener to a linked server, as playlists that are replaced every day."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from services.catalog import Catalogue
from services.domain.errors import LinkedServerRefused
from services.domain.links import Link, LinkWork, MixPlaylist
from services.links.server import RemotePlaylist, Server
from services.mixes.choose import Mix, Mixes
from services.mixes.rules import Rule

PUSH_EVERY = timedelta(days=1)

MARKER_BYTES = 8

COMMENT = "Made by Segue and replaced every day. To keep it as it is, remove this comment. [segue {marker}]"


class Action(StrEnum):
    """What a push does with a mix."""

    CREATE = "create"
    REPLACE = "replace"
    SKIP = "skip"
    """The mix has no tracks; its playlist, if there is one, stays as it is."""
    REFUSED = "refused"
    """The server refused it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedMix:
    """A mix, what a push does with it, and why not.

    `playlist_id` is that of the playlist that is replaced.
    """

    mix: Mix
    action: Action
    playlist_id: str | None = None
    reason: str | None = None


class Pusher:
    """Pushes mixes to linked servers."""

    def __init__(self, catalogue: Catalogue, mixes: Mixes) -> None:
        self._links = catalogue.links
        self._runs = catalogue.link_runs
        self._playlists = catalogue.mix_playlists
        self._mixes = mixes

    def plan(self, link: Link, server: Server, rules: Mapping[str, Rule], day: date) -> list[PushedMix]:
        """Return what a push would do, without doing it.

        Raises:
            LinkedServerUnavailable, LinkedServerRefused: the server does not answer.
            IndexUnavailable: the vector index does not answer.
        """
        found = server.playlists()
        stored = self._playlists.all(link.name)
        chosen = self._mixes.choose(link.listener, rules, day, self._links.tracks(link.name))
        return [_planned(mix, stored.get(mix.key), found) for mix in chosen]

    def push(self, link: Link, server: Server, rules: Mapping[str, Rule], day: date) -> list[PushedMix]:
        """Create and replace the playlists of the mixes of a day, and never touch another one.

        A playlist is touched only if its id, its name and the marker in its comment are those that are stored. So a
        listener who changes the name or the comment keeps it, and the next push makes a new one.

        Raises:
            AlreadyRunning: another process pushes to this server.
            LinkedServerUnavailable, LinkedServerRefused: the server does not answer.
            IndexUnavailable: the vector index does not answer.
        """
        with self._runs.running(link.name, LinkWork.MIXES):
            return [self._pushed(link.name, server, each) for each in self.plan(link, server, rules, day)]

    def _pushed(self, link: str, server: Server, planned: PushedMix) -> PushedMix:
        mix = planned.mix
        songs = self._links.song_ids(link, mix.track_ids)
        song_ids = [songs[track_id] for track_id in mix.track_ids if track_id in songs]
        try:
            if planned.action == Action.CREATE:
                self._create(link, server, mix, song_ids)
            elif planned.playlist_id is not None:
                server.replace_playlist(planned.playlist_id, song_ids)
        except LinkedServerRefused as error:  # such as a song that has just gone
            return replace(planned, action=Action.REFUSED, reason=error.detail)
        return planned

    def _create(self, link: str, server: Server, mix: Mix, song_ids: Sequence[str]) -> None:
        """Create a playlist. Its marker is stored first, so that it is known as ours if this process ends here."""
        marker = secrets.token_hex(MARKER_BYTES)
        self._playlists.put(link, mix.key, MixPlaylist(mix.name, marker))
        created = server.create_playlist(mix.name, COMMENT.format(marker=marker), song_ids)
        has_comment = any(each.id == created and marker in each.comment for each in server.playlists())
        self._playlists.put(link, mix.key, MixPlaylist(mix.name, marker if has_comment else "", created))


def _planned(mix: Mix, stored: MixPlaylist | None, found: Sequence[RemotePlaylist]) -> PushedMix:
    if not mix.track_ids:
        return PushedMix(mix=mix, action=Action.SKIP, reason=mix.problem)
    playlist_id = next((each.id for each in found if stored is not None and _is_ours(stored, mix, each)), None)
    action = Action.CREATE if playlist_id is None else Action.REPLACE
    return PushedMix(mix=mix, action=action, playlist_id=playlist_id)


def _is_ours(stored: MixPlaylist, mix: Mix, playlist: RemotePlaylist) -> bool:
    """Return whether Segue made a playlist of the server for a mix, and nobody has changed its name and its comment.

    Without a stored id, a push ended before the server told it; then the marker alone tells it.
    """
    is_same = bool(stored.marker) if stored.id is None else stored.id == playlist.id
    return is_same and stored.name == mix.name == playlist.name and stored.marker in playlist.comment

"""Push the mixes of a listener to a linked server, as playlists that are replaced every day."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from services.catalog import Catalogue
from services.domain.errors import LinkedServerRefused, LinkedServerUnavailable
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
        return [_planned(mix, _ours(stored.get(mix.key), mix, found, server)) for mix in chosen]

    def push(self, link: Link, server: Server, rules: Mapping[str, Rule], day: date) -> list[PushedMix]:
        """Create and replace the playlists of the mixes of a day, and never touch another one.

        A playlist is touched only if its id, its name and the marker in its comment are those that are stored. If the
        server keeps no comments, its songs must be among those of the last push instead. So a listener who changes the
        name or the comment, or there adds a song, keeps the playlist, and the next push makes a new one.

        Raises:
            AlreadyRunning: another process pushes to this server.
            LinkedServerUnavailable, LinkedServerRefused: the server does not answer.
            IndexUnavailable: the vector index does not answer.
        """
        with self._runs.running(link.name, LinkWork.MIXES):
            return [self._pushed(link.name, server, each) for each in self.plan(link, server, rules, day)]

    def _pushed(self, link: str, server: Server, planned: PushedMix) -> PushedMix:
        mix = planned.mix
        if planned.action == Action.SKIP:
            return planned
        songs = self._links.song_ids(link, mix.track_ids)
        song_ids = [songs[track_id] for track_id in mix.track_ids if track_id in songs]
        try:
            if planned.playlist_id is None:
                self._create(link, server, mix, song_ids)
            else:
                self._replace(link, server, mix, planned.playlist_id, song_ids)
        except LinkedServerRefused as error:  # such as a song that has just gone
            return replace(planned, action=Action.REFUSED, reason=error.detail)
        return planned

    def _create(self, link: str, server: Server, mix: Mix, song_ids: Sequence[str]) -> None:
        """Create a playlist.

        What is known of it is stored at once, so that a failure does not lead to a second one, if the server made it
        with all songs.
        """
        made = MixPlaylist(mix.name, "", songs=song_ids)
        self._playlists.put(link, mix.key, made)
        created = server.create_playlist(mix.name, song_ids)
        made = replace(made, id=created)
        self._playlists.put(link, mix.key, made)
        marker = secrets.token_hex(MARKER_BYTES)
        with suppress(LinkedServerRefused, LinkedServerUnavailable):  # some servers keep no comments
            server.comment_playlist(created, COMMENT.format(marker=marker))
        if any(each.id == created and marker in each.comment for each in server.playlists()):
            made = replace(made, marker=marker)
            self._playlists.put(link, mix.key, made)
        server.replace_playlist(created, song_ids)

    def _replace(self, link: str, server: Server, mix: Mix, playlist_id: str, song_ids: Sequence[str]) -> None:
        """Replace the songs of a playlist. Until that has ended, it may have songs of both pushes."""
        old = self._playlists.all(link)[mix.key]
        known = replace(old, id=playlist_id)
        self._playlists.put(link, mix.key, replace(known, songs=list(dict.fromkeys([*old.songs, *song_ids]))))
        server.replace_playlist(playlist_id, song_ids)
        self._playlists.put(link, mix.key, replace(known, songs=song_ids))


def _planned(mix: Mix, playlist_id: str | None) -> PushedMix:
    if not mix.track_ids:
        return PushedMix(mix=mix, action=Action.SKIP, reason=mix.problem)
    action = Action.CREATE if playlist_id is None else Action.REPLACE
    return PushedMix(mix=mix, action=action, playlist_id=playlist_id)


def _ours(stored: MixPlaylist | None, mix: Mix, found: Sequence[RemotePlaylist], server: Server) -> str | None:
    """Return the playlist of the server that Segue made for a mix, if nobody has changed it.

    Without a stored id, a push ended before the server told it; then the same songs tell which one it is.
    """
    if stored is None or stored.name != mix.name or not mix.track_ids:
        return None
    for each in found:
        if each.name != stored.name or stored.id not in (None, each.id):
            continue
        if stored.marker:
            is_ours = stored.marker in each.comment
        elif stored.id is None:
            is_ours = server.playlist_songs(each.id) == list(stored.songs)
        else:
            is_ours = set(server.playlist_songs(each.id)) <= set(stored.songs)
        if is_ours:
            return each.id
    return None

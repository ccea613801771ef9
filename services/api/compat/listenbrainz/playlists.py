"""Playlists that Segue makes for a listener, mixes and smart ones, and the listener's own ones, in JSPF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from flask import url_for

from services.api.compat.listenbrainz.auth import TOKENS, request_listener
from services.api.compat.listenbrainz.blueprint import listenbrainz, number_of
from services.api.compat.listenbrainz.schemas import (
    Algorithm,
    ChosenBy,
    CreatedBy,
    IdentifiedBy,
    PlaylistExtension,
    PlaylistPage,
    PlaylistPageQuery,
    ShownPlaylist,
    ShownTrack,
    TrackDetails,
    TrackExtension,
    WrappedPlaylist,
)
from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import PAGE_MAX, SCROBBLES_PAGE
from services.api.schemas.listens import listener_named
from services.api.security.permissions import needs
from services.catalog.database import now
from services.domain.access import Scope
from services.domain.errors import PlaylistNotFound
from services.domain.playlist import Playlist
from services.domain.track import Track
from services.mixes.choose import Mix
from services.mixes.rules import read_rules

CREATOR = "segue"
"""The creator of what Segue chooses."""

SMART = "smart-playlist"
"""The source of smart playlists; that of a mix is its key."""

RECORDING = "https://musicbrainz.org/recording/"


@dataclass(frozen=True, slots=True)
class Listed:
    """A playlist of a listener; `track_ids` loads its tracks."""

    id: str
    title: str
    annotation: str
    updated_at: datetime
    source: str | None
    """How Segue chooses its tracks; None if the listener does."""
    track_ids: Callable[[], Sequence[str]]


@listenbrainz.get("/user/<user>/playlists/createdfor")
@operation("getCreatedPlaylists", "List what Segue makes", reads={"query": PlaylistPageQuery}, returns=PlaylistPage)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS, expensive=True)
def get_created_for(user: str) -> PlaylistPage:
    """List the mixes and the smart playlists of a listener, without their tracks; `getCreatedPlaylist` has these.

    The rules of the mixes are in `mixes.toml`. The tracks of a mix stay the same for a day.
    """
    listener = listener_named(user)
    return _page(listener, [*_mixes(listener), *(each for each in _stored(listener) if each.source is not None)])


@listenbrainz.get("/user/<user>/playlists")
@operation("getOwnPlaylists", "List own playlists", reads={"query": PlaylistPageQuery}, returns=PlaylistPage)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_playlists(user: str) -> PlaylistPage:
    """List the playlists whose tracks a listener has chosen, without their tracks."""
    listener = listener_named(user)
    return _page(listener, [each for each in _stored(listener) if each.source is None])


@listenbrainz.get("/playlist/<playlist_id>")
@operation("getCreatedPlaylist", "Get a playlist", returns=WrappedPlaylist)
@needs(Scope.LISTEN, key_locations=TOKENS, expensive=True)
def get_playlist(playlist_id: str) -> WrappedPlaylist:
    """Get a playlist of the token's listener with its tracks."""
    listener = request_listener()
    found = next((each for each in _stored(listener) if each.id == playlist_id), None)
    found = found or next((each for each in _mixes(listener) if each.id == playlist_id), None)
    if found is None:
        raise PlaylistNotFound(playlist_id)
    track_ids = found.track_ids()
    tracks = services().catalogue.tracks.get_many(track_ids)
    return _wrapped(listener, found, [_shown_track(tracks[each]) for each in track_ids if each in tracks])


def _stored(listener: str) -> list[Listed]:
    store = services().catalogue.playlists

    def listed(playlist: Playlist) -> Listed:
        return Listed(
            id=playlist.id,
            title=playlist.name,
            annotation=playlist.description,
            updated_at=playlist.refreshed_at or playlist.updated_at,
            source=None if playlist.rules is None else SMART,
            track_ids=lambda: [entry.track_id for entry in store.entries(playlist.id)],
        )

    return [listed(playlist) for playlist in store.listed([listener])]


def _mixes(listener: str) -> list[Listed]:
    moment = now()
    mixes = services().mixes.choose(listener, read_rules(services().settings.data_path), moment.date())
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return [_listed_mix(listener, mix, midnight) for mix in mixes if mix.problem is None]


def _listed_mix(listener: str, mix: Mix, made_at: datetime) -> Listed:
    mix_id = str(uuid5(NAMESPACE_URL, f"urn:segue:mix:{listener}:{mix.key}"))
    return Listed(mix_id, mix.name, mix.about, made_at, mix.key, lambda: mix.track_ids)


def _page(listener: str, found: Sequence[Listed]) -> PlaylistPage:
    offset, count = number_of("offset") or 0, min(number_of("count") or SCROBBLES_PAGE, PAGE_MAX)
    shown = [_wrapped(listener, each, []) for each in found[offset : offset + count]]
    return PlaylistPage(playlists=shown, count=len(shown), offset=offset, playlist_count=len(found))


def _wrapped(listener: str, found: Listed, tracks: list[ShownTrack]) -> WrappedPlaylist:
    source, creator = found.source, listener if found.source is None else CREATOR
    extension = PlaylistExtension(
        additional_metadata=None if source is None else ChosenBy(algorithm_metadata=Algorithm(source_patch=source)),
        creator=creator,
        created_for=None if source is None else listener,
        last_modified_at=found.updated_at,
    )
    playlist = ShownPlaylist(
        identifier=url_for("listenbrainz.get_playlist", playlist_id=found.id, _external=True),
        title=found.title,
        annotation=found.annotation,
        creator=creator,
        date=found.updated_at,
        extension=CreatedBy(playlist=extension),
        track=tracks,
    )
    return WrappedPlaylist(playlist=playlist)


def _shown_track(track: Track) -> ShownTrack:
    mbid = track.ids.get("mbid")
    return ShownTrack(
        identifier=[] if mbid is None else [f"{RECORDING}{mbid}"],
        title=track.title,
        creator=track.artist or "",
        album=track.album,
        duration=track.duration_ms,
        extension=IdentifiedBy(track=TrackExtension(additional_metadata=TrackDetails(segue_track_id=track.id))),
    )

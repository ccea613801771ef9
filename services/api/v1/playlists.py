"""Playlists: ordinary and smart ones, their continuation, and playlists in files."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, request, url_for
from pydantic import Field

from services.api.answers import open_answer, record_question
from services.api.context import services
from services.api.http.operation import UploadedFile, operation
from services.api.request_limits import (
    LISTENER_MAX,
    MULTIPART_OVERHEAD_BYTES,
    PLAYLIST_FILE_MAX_BYTES,
    PLAYLIST_MAX_BYTES,
)
from services.api.schemas.listens import listener_named
from services.api.schemas.playlists import (
    OWNER,
    ExportPaths,
    ExportQuery,
    ExportRequest,
    ExtendRequest,
    ImportedPlaylist,
    Playlist,
    PlaylistListQuery,
    PlaylistRequest,
    Playlists,
    PlaylistSummary,
    PlaylistTracks,
    PlaylistUpdate,
    UnmatchedLine,
)
from services.api.schemas.recommendations import Recommendations
from services.api.schemas.tracks import NO_NUL, Request
from services.api.security.authentication import principal, require_listener
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.domain import playlist as domain
from services.domain.access import Scope
from services.domain.errors import (
    InsufficientScope,
    InvalidRequest,
    PlaylistNotFound,
    TrackNotFound,
    UploadTooLarge,
)
from services.domain.playlist import Contents, NewEntry, PlaylistChange
from services.domain.recommendation_log import AnswerKind
from services.playlists.formats import (
    MEDIA_TYPES,
    ListedPlaylist,
    ListedTrack,
    PlaylistFormat,
    as_file,
    file_name_of,
)
from services.playlists.m3u import read_m3u
from services.playlists.matching import match

playlists = Blueprint("playlists", __name__, url_prefix="/v1/playlists")

CREATED = "The playlist is created. `Location` is its path."
LOCATION = {"Location": "The path of the playlist."}
BINARY = {"schema": {"type": "string", "format": "binary"}}
CONTENT = dict.fromkeys(MEDIA_TYPES.values(), BINARY) | {
    MEDIA_TYPES[PlaylistFormat.JSPF]: {"schema": {"type": "object"}}
}
FILES: dict[int, dict[str, Any]] = {200: {"description": "The file", "content": CONTENT}}


class PlaylistForm(Request):
    """A form with a playlist in a file."""

    file: UploadedFile = Field(description="The file, in the format M3U or M3U8.")
    name: str = Field(
        default="",
        max_length=domain.NAME_MAX,
        pattern=NO_NUL,
        description="Name of the playlist. Default: that in the file, or its name.",
    )
    owner: str = Field(default="", max_length=LISTENER_MAX, pattern=r"^[^/\x00-\x1f\x7f-\x9f]*$", description=OWNER)


class OwnerRequired(InvalidRequest):
    """The key is bound to several listeners, so the owner must be named."""

    def __init__(self) -> None:
        super().__init__("The key is bound to several listeners. Name one of them as `owner`.")


class RulesChooseTracks(InvalidRequest):
    """The tracks of a smart playlist cannot be changed by hand."""

    def __init__(self) -> None:
        super().__init__("Rules choose the tracks of this playlist. Set `rules` to null to choose its tracks yourself.")


@playlists.before_request
def _allow_long_lists() -> None:
    is_file = request.endpoint == "playlists.import_playlist"
    request.max_content_length = PLAYLIST_FILE_MAX_BYTES + MULTIPART_OVERHEAD_BYTES if is_file else PLAYLIST_MAX_BYTES


@playlists.get("")
@operation("listPlaylists", "List playlists", query=PlaylistListQuery, returns=Playlists)
@needs(Scope.LISTEN)
def list_playlists(query: PlaylistListQuery) -> Playlists:
    """List the playlists that the key may use, sorted by name, without their tracks."""
    if query.owner is not None:
        require_listener(query.owner)
    store = services().catalogue.playlists
    found = store.listed(principal().listeners if query.owner is None else [query.owner])
    contents = store.contents([each.id for each in found])
    return Playlists(playlists=[PlaylistSummary.of(each, contents.get(each.id, Contents())) for each in found])


@playlists.post("")
@operation(
    "createPlaylist",
    "Create a playlist",
    body=PlaylistRequest,
    returns=Playlist,
    status=HTTPStatus.CREATED,
    meaning=CREATED,
    headers=LOCATION,
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.LISTEN, expensive=True)
def create_playlist(body: PlaylistRequest) -> tuple[Playlist, dict[str, str]]:
    """Create a playlist of tracks, or a smart playlist of rules.

    Rules choose the tracks now, then once a day, and with `refreshPlaylist`.
    """
    owner, store = _owner(body.owner), services().catalogue.playlists
    rules = None if body.rules is None else body.rules.to_domain()
    chosen = _resolved(body.tracks) if rules is None else services().smart_playlists.choose(rules, owner)
    made = store.create(body.name, chosen, owner=owner, description=body.description, rules=rules)
    if rules is not None:
        store.refreshed(made.id, rules, chosen)
    return _created(made.id)


@playlists.get("/<playlist_id>")
@operation("getPlaylist", "Get a playlist", returns=Playlist)
@needs(Scope.LISTEN)
def get_playlist(playlist_id: str) -> Playlist:
    """Get a playlist with its tracks. Entries whose files are gone stay, and are marked as missing."""
    return _shown(_found(playlist_id))


@playlists.put("/<playlist_id>")
@operation(
    "changePlaylist", "Change a playlist", body=PlaylistUpdate, returns=Playlist, problems=(HTTPStatus.CONFLICT,)
)
@needs(Scope.LISTEN, expensive=True)
def change_playlist(playlist_id: str, body: PlaylistUpdate) -> Playlist:
    """Rename a playlist, reorder, remove and add tracks, or change rules.

    `revision` is the one that you have seen. If someone else has changed the playlist since, nothing is changed.
    """
    found = _found(playlist_id)
    rules = None if body.rules is None else body.rules.to_domain()
    is_smart = rules is not None if body.changes_rules else found.rules is not None
    if body.items is not None and is_smart:
        raise RulesChooseTracks
    chosen = None if rules is None else services().smart_playlists.choose(rules, found.owner)
    change = PlaylistChange(
        name=body.name,
        description=body.description,
        rules=(rules,) if body.changes_rules else None,
        entries=None if body.items is None else _arranged(body),
    )
    store = services().catalogue.playlists
    store.change(found.id, body.revision, change)
    if rules is not None and chosen is not None:
        store.refreshed(found.id, rules, chosen)
    return _shown(store.get(found.id))


@playlists.delete("/<playlist_id>")
@operation("deletePlaylist", "Delete a playlist", status=HTTPStatus.NO_CONTENT, meaning="The playlist is deleted.")
@needs(Scope.LISTEN)
def delete_playlist(playlist_id: str) -> None:
    """Delete a playlist. Its tracks stay in the library."""
    services().catalogue.playlists.remove(_found(playlist_id).id)


@playlists.post("/<playlist_id>/tracks")
@operation("addPlaylistTracks", "Add tracks to a playlist", body=PlaylistTracks, returns=Playlist)
@needs(Scope.LISTEN)
def add_tracks(playlist_id: str, body: PlaylistTracks) -> Playlist:
    """Add tracks to the end of a playlist. This needs no `revision`, because it changes no other entry."""
    found = _found(playlist_id)
    if found.rules is not None:
        raise RulesChooseTracks
    return _shown(services().catalogue.playlists.append(found.id, _resolved(body.tracks)))


@playlists.post("/<playlist_id>/extend")
@operation("extendPlaylist", "Recommend tracks for a playlist", body=ExtendRequest, returns=Recommendations)
@needs(Scope.LISTEN, expensive=True)
def extend_playlist(playlist_id: str, body: ExtendRequest) -> Recommendations:
    """Get tracks that continue a playlist, each with the tracks that led to it. The playlist does not change.

    Its own tracks are left out, and those that its owner dislikes. Add the tracks that you like with
    `addPlaylistTracks`.
    """
    found = _found(playlist_id)
    ids = [each.track_id for each in services().catalogue.playlists.entries(found.id)]
    entry = open_answer(AnswerKind.PLAYLIST, listener=found.owner, private=body.private)
    smart = services().smart_playlists
    question = entry.asked(smart.extension(found, ids, limit=body.limit, exclude=body.exclude))
    answer = smart.extend(found, question)
    logged = record_question(entry, question, answer.recommendations)
    known = services().catalogue.tracks.get_many([each.track_id for each in answer.recommendations])
    return presenters.recommendations(answer, known, logged)


@playlists.post("/<playlist_id>/refresh")
@operation("refreshPlaylist", "Refresh a smart playlist", returns=Playlist)
@needs(Scope.LISTEN, expensive=True)
def refresh_playlist(playlist_id: str) -> Playlist:
    """Choose the tracks of a smart playlist now. If this fails, it keeps its tracks, and `failure` is the reason."""
    found = _found(playlist_id)
    services().smart_playlists.refresh(found)
    return _shown(services().catalogue.playlists.get(found.id))


@playlists.get("/<playlist_id>/export")
@operation("exportPlaylist", "Export a playlist", query=ExportQuery, responses=FILES)
@needs(Scope.LISTEN)
def export_playlist(playlist_id: str, query: ExportQuery) -> Response:
    """Get a playlist as a file in the format M3U8, XSPF or JSPF.

    Entries whose files are gone have no path: M3U8 has a comment for them, XSPF and JSPF have their titles.
    """
    found = _found(playlist_id)
    ids = [entry.track_id for entry in services().catalogue.playlists.entries(found.id)]
    tracks = _listed(ids, query.paths)
    listed = ListedPlaylist(name=found.name, description=found.description, updated_at=found.updated_at, tracks=tracks)
    return _file(listed, query.format)


@playlists.post("/export")
@operation("exportTracks", "Export tracks", body=ExportRequest, responses=FILES, problems=(HTTPStatus.NOT_FOUND,))
@needs(Scope.READ)
def export_tracks(body: ExportRequest) -> Response:
    """Get any tracks, such as recommendations, as a playlist in a file. The playlist is not stored."""
    tracks = _listed(_resolved(body.tracks), body.paths)
    return _file(
        ListedPlaylist(name=body.name, description="", updated_at=datetime.now(UTC), tracks=tracks), body.format
    )


@playlists.post("/import")
@operation(
    "importPlaylist",
    "Import a playlist",
    upload=PlaylistForm,
    returns=ImportedPlaylist,
    status=HTTPStatus.CREATED,
    meaning=CREATED,
    headers=LOCATION,
)
@needs(Scope.LISTEN, expensive=True)
def import_playlist(upload: PlaylistForm) -> tuple[ImportedPlaylist, dict[str, str]]:
    """Create a playlist from a file in the format M3U or M3U8.

    Paths may be relative or absolute, of another computer as well: the last folders and the name decide. Otherwise
    artist and title of `#EXTINF` decide. `unmatched` lists the lines that match no track.
    """
    owner = _owner(listener_named(upload.owner) if upload.owner else None)
    content = upload.file.stream.read(PLAYLIST_FILE_MAX_BYTES + 1)
    if len(content) > PLAYLIST_FILE_MAX_BYTES:
        raise UploadTooLarge(PLAYLIST_FILE_MAX_BYTES)
    read = read_m3u(content)
    if not read.entries:
        raise InvalidRequest("The file has no tracks. It must be a playlist in the format M3U or M3U8.")
    found = match(services().catalogue.files, read.entries)
    stem = (upload.file.filename or "").rpartition("/")[2].rpartition(".")[0]
    name = upload.name or _stored_name(read.name or stem) or "Playlist"
    made = services().catalogue.playlists.create(name, [each for each in found if each], owner=owner)
    unmatched = [
        UnmatchedLine(line=entry.line, text=entry.text, names=entry.names)
        for entry, track_id in zip(read.entries, found, strict=True)
        if track_id is None
    ]
    shown, headers = _created(made.id)
    return ImportedPlaylist(playlist=shown, unmatched=unmatched), headers


def _owner(named: str | None) -> str | None:
    """Return the owner of a new playlist, after checking that the key may use it.

    Raises:
        OwnerRequired: the key is bound to several listeners and none is named.
    """
    owner = named or principal().listener
    if owner is not None:
        require_listener(owner)
    elif principal().listeners is not None:
        raise OwnerRequired
    return owner


def _found(playlist_id: str) -> domain.Playlist:
    """Return a playlist that the key may use.

    Raises:
        PlaylistNotFound: there is none with this id.
    """
    found = services().catalogue.playlists.get(playlist_id)
    listeners = principal().listeners
    if listeners is not None and found.owner not in listeners:
        raise PlaylistNotFound(playlist_id)
    g.listener = found.owner  # a stored response is deleted with the listener
    return found


def _resolved(names: list[str]) -> list[str]:
    """Return the track ids of ids and external ids.

    Raises:
        TrackNotFound: the library does not have one of them.
    """
    known = services().catalogue.tracks.resolve(names)
    for name in names:
        if name not in known:
            raise TrackNotFound(name)
    return [known[name] for name in names]


def _arranged(body: PlaylistUpdate) -> tuple[int | NewEntry, ...]:
    items = body.items or []
    new = [item.track_id for item in items if item.track_id is not None]
    known = dict(zip(new, _resolved(new), strict=True))
    return tuple(item.id if item.id is not None else NewEntry(known[item.track_id or ""]) for item in items)


def _created(playlist_id: str) -> tuple[Playlist, dict[str, str]]:
    shown = _shown(services().catalogue.playlists.get(playlist_id))
    return shown, {"Location": url_for("playlists.get_playlist", playlist_id=playlist_id)}


def _shown(found: domain.Playlist) -> Playlist:
    catalogue = services().catalogue
    entries = catalogue.playlists.entries(found.id)
    tracks = catalogue.tracks.get_many(list({entry.track_id for entry in entries}))
    contents = catalogue.playlists.contents([found.id]).get(found.id, Contents())
    return Playlist.with_items(found, contents, entries, tracks)


def _file(listed: ListedPlaylist, kind: PlaylistFormat) -> Response:
    name = quote(file_name_of(listed.name, kind))
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(as_file(listed, kind), headers=headers, content_type=MEDIA_TYPES[kind])


def _listed(ids: Sequence[str], paths: ExportPaths) -> tuple[ListedTrack, ...]:
    """Return tracks with their paths.

    Raises:
        InsufficientScope: the key may not see absolute paths.
    """
    absolute = paths == ExportPaths.ABSOLUTE
    if absolute and not principal().has_any(()):
        raise InsufficientScope((Scope.ADMIN,))
    catalogue = services().catalogue
    tracks, files = catalogue.tracks.get_many(list(set(ids))), catalogue.files.of(set(ids))
    shown = {track_id: file.path if absolute else file.relative for track_id, file in files.items()}
    return tuple(
        ListedTrack(
            id=track.id,
            title=track.title,
            artist=track.artist,
            album=track.album,
            duration_ms=track.duration_ms,
            path=shown.get(track.id),
        )
        for track in (tracks[track_id] for track_id in ids if track_id in tracks)
    )


def _stored_name(name: str) -> str:
    """Return a name of a file as the catalogue can store it."""
    return "".join(letter for letter in name if letter.isprintable())[: domain.NAME_MAX].strip()

"""What a request may see: its listener, its named library, and the tracks of both."""

from collections.abc import Sequence
from zlib import crc32

from services.api.compat.ids import Namespace, media_server_track, media_server_tracks
from services.api.compat.subsonic.auth import MissingParameter
from services.api.context import services
from services.api.security.authentication import principal
from services.catalog import tenancy
from services.domain.access import Scope
from services.domain.errors import Forbidden, NotFound, TrackNotFound
from services.domain.filters import Filters
from services.domain.libraries import Libraries, NamedLibrary, within
from services.domain.track import Track, TrackStatus

EVERYTHING = 0
"""The id of the only music folder if there are no named libraries."""


class FolderNotFound(NotFound):
    """No music folder has this id."""

    def __init__(self, folder: int) -> None:
        super().__init__(f"There is no music folder {folder}. `getMusicFolders` lists them.")


class NoListener(Forbidden):
    """The API key does not say which listener's data it is."""

    def __init__(self) -> None:
        super().__init__(
            "Use an account, or a key that is bound to one listener: `segue keys create NAME --user NAME`."
        )


def listener() -> str | None:
    """Return the listener of the request; None if it may not read one's data."""
    sender = principal()
    return sender.listener if sender.has_any((Scope.LISTEN,)) else None


def required_listener() -> str:
    """Return the listener of the request.

    Raises:
        MissingParameter: no key is needed, and the client names no user.
        NoListener: the key is not bound to one listener.
    """
    name = listener()
    if name is not None:
        return name
    if principal().key_id is None:
        raise MissingParameter("Required parameter is missing: u, the name of the listener.")
    raise NoListener


def folder_id(library: NamedLibrary) -> int:
    """Return the id of the music folder of a named library, which stays the same whatever other libraries exist."""
    return crc32(library.id.encode()) >> 1 or 1  # a positive `int` of Java


def visible_libraries() -> list[NamedLibrary]:
    """Return the named libraries that the request may see."""
    own = _own_libraries()
    return [each for each in services().catalogue.libraries.all() if own is None or each.id in own]


def visible_within(folder: int | None = None) -> Libraries:
    """Return the ids of the libraries that a result must keep to; None for all tracks.

    Raises:
        FolderNotFound: no music folder that the request may see has this id.
    """
    if folder is None or folder == EVERYTHING:
        return _own_libraries()
    found = next((each.id for each in visible_libraries() if folder_id(each) == folder), None)
    if found is None:
        raise FolderNotFound(folder)
    return frozenset({found})


def visible_filters(filters: Filters, folder: int | None = None) -> Filters:
    """Return the filters for tracks that meet these filters and that the request may see."""
    libraries = visible_within(folder)
    return filters if libraries is None else within(filters, libraries)


def visible_track(name: str) -> tuple[str, Namespace]:
    """Return the id of a track that the request may see, and the namespace of the client's id.

    Raises:
        TrackNotFound: there is none.
    """
    track_id, namespace = media_server_track(name)
    libraries = _own_libraries()
    if libraries is not None and not services().catalogue.libraries.held(libraries, [track_id]):
        raise TrackNotFound(name)
    return track_id, namespace


def visible_ids(names: Sequence[str]) -> dict[str, str]:
    """Return the ids of those of these tracks that the request may see, by the client's ids."""
    known, libraries = media_server_tracks(names), _own_libraries()
    if libraries is None:
        return known
    held = services().catalogue.libraries.held(libraries, list(known.values()))
    return {name: track_id for name, track_id in known.items() if track_id in held}


def required_ids(names: Sequence[str]) -> list[str]:
    """Return the ids of these tracks, in the same order.

    Raises:
        TrackNotFound: one does not exist, or the request may not see it.
    """
    known = visible_ids(names) if names else {}
    for name in names:
        if name not in known:
            raise TrackNotFound(name)
    return [known[name] for name in names]


def visible_tracks(track_ids: Sequence[str], folder: int | None = None) -> dict[str, Track]:
    """Return those of these tracks that have a file and that the request may see, by id, in the same order.

    Raises:
        FolderNotFound: no music folder that the request may see has this id.
    """
    libraries, catalogue = visible_within(folder), services().catalogue
    known = catalogue.tracks.get_many(track_ids)
    held = known.keys() if libraries is None else catalogue.libraries.held(libraries, list(known))
    found = {track_id: known[track_id] for track_id in track_ids if track_id in held}
    return {track_id: track for track_id, track in found.items() if track.status != TrackStatus.MISSING}


def _own_libraries() -> Libraries:
    """Return the ids of the libraries of the listener, if they are fewer than those that the request is limited to."""
    own, name = tenancy.libraries(), listener()
    of_listener = None if name is None else services().catalogue.libraries.of_listener(name)
    return None if own is not None and of_listener is not None and own <= of_listener else of_listener

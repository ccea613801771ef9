"""Ids of other systems' clients: short track ids, and the tracks that an id or a name refers to.

A Spotify id has letters and digits only, so track ids are encoded in base 62.
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.api.context import services
from services.api.security.authentication import principal
from services.domain.access import Scope
from services.domain.errors import LinkNotFound, TrackNotFound
from services.domain.library import ARTIST_PREFIX
from services.domain.track import Track
from services.recommend.seeds import by_artist, exemplars, exemplars_by_name, of_genre

ALPHABET = string.digits + string.ascii_lowercase + string.ascii_uppercase
TRACK_LENGTH = 22
TRACK_BITS = 128

_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def short(track_id: str) -> str:
    """Return a track id as 22 letters and digits."""
    return _encode(UUID(track_id).int).rjust(TRACK_LENGTH, ALPHABET[0])


def from_short(text: str) -> str | None:
    """Return the track id of a short id; None if the text is not a short id."""
    number = _decode(text) if len(text) == TRACK_LENGTH else None
    return None if number is None or number >> TRACK_BITS else str(UUID(int=number))


def _encode(number: int) -> str:
    digits = []
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits)) or ALPHABET[0]


def _decode(text: str) -> int | None:
    number = 0
    for letter in text:
        if letter not in _VALUES:
            return None
        number = number * len(ALPHABET) + _VALUES[letter]
    return number if text else None


SPOTIFY = "spotify"
SPOTIFY_URI = "spotify:track:"
MEDIA_SERVERS = ("navidrome", "subsonic")
"""Namespaces in which an id without a namespace is looked up, in this order, after those of the links."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """The namespace of a client's id. Responses use it for every track that has an id in it."""

    name: str | None = None
    prefixed: bool = False
    """Whether the client writes the namespace before the id."""

    def id_of(self, track: Track) -> str:
        """Return the id of a track in this namespace, or else its Segue id."""
        value = None if self.name is None else track.ids.get(self.name)
        return track.id if value is None else f"{self.name}:{value}" if self.prefixed else value

    def has(self, track: Track) -> bool:
        """Whether the track has an id in this namespace."""
        return self.name is not None and self.name in track.ids


def rejected_tracks() -> tuple[str, ...]:
    """Return the tracks that the listener of the key dislikes or bans; none if the key is not bound to one listener."""
    client = principal()
    if client.listener is None or not client.has_any((Scope.LISTEN,)):
        return ()
    return tuple(sorted(services().catalogue.listens.rejected(client.listener)))


def spotify_tracks(names: Iterable[str]) -> dict[str, str]:
    """Return track ids for Segue ids, external ids, Spotify ids registered as `spotify:…`, and short ids."""
    return _first_known({name: _spotify_variants(name) for name in names})


def _spotify_variants(name: str) -> list[str]:
    bare = name.removeprefix(SPOTIFY_URI)
    own = from_short(bare)
    return [bare, f"{SPOTIFY}:{bare}", *([] if own is None else [own])]


def media_servers() -> tuple[str, ...]:
    """Return the namespaces in which an id without a namespace is looked up, in this order: first the links'."""
    return tuple(dict.fromkeys([*services().catalogue.links.names(), *MEDIA_SERVERS]))


def servers_named(server: str) -> tuple[str, ...]:
    """Return the namespaces in which an id without a namespace is looked up: that of a server, or all if it is empty.

    Raises:
        LinkNotFound: no linked server has this name.
    """
    known = media_servers()
    if server and server not in known:
        raise LinkNotFound(server)
    return (server,) if server else known


def media_server_track(name: str, server: str = "") -> tuple[str, Namespace]:
    """Return the track id for a Segue id, an external id or a media server's id, and the namespace of that id.

    `server` is the namespace of a bare id; without it, all are tried.

    Raises:
        LinkNotFound: no linked server has this name.
        TrackNotFound: no track has this id.
    """
    in_namespaces = {each: f"{each}:{name}" for each in servers_named(server)}
    known = services().catalogue.tracks.resolve([name, *in_namespaces.values()])
    if name in known:
        namespace, colon, _ = name.partition(":")
        is_own = known[name] == name or not colon
        return known[name], Namespace() if is_own else Namespace(namespace.casefold(), prefixed=True)
    for namespace, variant in in_namespaces.items():
        if variant in known:
            return known[variant], Namespace(namespace)
    raise TrackNotFound(name)


def media_server_tracks(names: Iterable[str]) -> dict[str, str]:
    """Return track ids for Segue ids, external ids and media servers' ids, by name; unknown names are absent."""
    servers = media_servers()
    return _first_known({name: [name, *(f"{each}:{name}" for each in servers)] for name in names})


def artists(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return representative tracks of each artist, given by name (case is ignored) or by the id in a track object."""
    known = services().catalogue.albums.artists_by_id([f"{ARTIST_PREFIX}{name}" for name in names])
    spelled = [known[f"{ARTIST_PREFIX}{name}"].name if f"{ARTIST_PREFIX}{name}" in known else name for name in names]
    return dict(zip(names, exemplars(services().index, [by_artist(name) for name in spelled]), strict=True))


def genres(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return representative tracks of each genre, which is a genre of the files or a tag of the analysis."""
    return exemplars_by_name(services().index, {name: (of_genre(name),) for name in names})


def _first_known(variants: Mapping[str, list[str]]) -> dict[str, str]:
    known = services().catalogue.tracks.resolve([variant for each in variants.values() for variant in each])
    first = {name: next((known[each] for each in some if each in known), None) for name, some in variants.items()}
    return {name: track_id for name, track_id in first.items() if track_id is not None}

"""What other systems' names mean in this library: tracks by the ids they know, artists, albums and genres by name."""

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.api.context import services
from services.domain.errors import TrackNotFound
from services.domain.filters import Filters
from services.domain.track import Track
from services.recommend.seeds import by_artist, exemplars, exemplars_by_name, of_genre

ALPHABET = string.digits + string.ascii_lowercase + string.ascii_uppercase
TRACK_LENGTH = 22
TRACK_BITS = 128

NAMES_MAX_BYTES = 200
"""Longer names have no id: it would not fit beside others into one URL."""

NAMES_ID_MAX = 272
"""Characters that an id of NAMES_MAX_BYTES has."""

SEPARATOR = "\x1f"
MARK = b"\x01"
"""Goes before a name: it keeps zero bytes at its start, and tells an id from most other words."""

_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def short(track_id: str) -> str:
    """A track id in 22 letters and digits."""
    return _encode(UUID(track_id).int).rjust(TRACK_LENGTH, ALPHABET[0])


def from_short(text: str) -> str | None:
    """The track id that was shortened; None where the text is no such id."""
    number = _decode(text) if len(text) == TRACK_LENGTH else None
    return None if number is None or number >> TRACK_BITS else str(UUID(int=number))


def id_of_names(*names: str) -> str | None:
    """The id of an artist, or of an artist's album; None where the names are too long for one."""
    written = SEPARATOR.join(names).casefold().encode("utf-8", "replace")
    return None if len(written) > NAMES_MAX_BYTES else _encode(int.from_bytes(MARK + written))


def names_of_id(text: str) -> tuple[str, ...] | None:
    """The names in such an id, case-folded; None where the text is none."""
    number = _decode(text) if len(text) <= NAMES_ID_MAX else None
    if number is None:
        return None
    written = number.to_bytes((number.bit_length() + 7) // 8)
    try:
        names = written.removeprefix(MARK).decode()
    except UnicodeDecodeError:
        return None
    return tuple(names.split(SEPARATOR)) if written.startswith(MARK) and "\0" not in names else None


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
"""Namespaces in which a bare id is looked for, in this order."""

ARTIST, ALBUM = "ar-", "al-"
"""What tells the ids of artists and albums from those of songs where all three may stand."""

ALBUM_DRAWN = 100
"""Songs of an album that are looked up: as good as all of any."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """The namespace that a client's ids are from; answers to it are named likewise where a track has such an id."""

    name: str | None = None
    written: bool = False
    """Whether the client writes the namespace before the id."""

    def name_of(self, track: Track) -> str:
        """What the client calls the track: Segue's own id where there is no other."""
        value = None if self.name is None else track.ids.get(self.name)
        return track.id if value is None else f"{self.name}:{value}" if self.written else value

    def owns(self, track: Track) -> bool:
        """Whether the name of the track is of another system: what Segue calls artist and album means nothing there."""
        return self.name is not None and self.name in track.ids


def spotify_tracks(names: Iterable[str]) -> dict[str, str]:
    """Track ids for Segue ids, external ids, Spotify ids that are registered as `spotify:…`, and shortened ids."""
    return _first_known({name: _spotify_variants(name) for name in names})


def _spotify_variants(name: str) -> list[str]:
    bare = name.removeprefix(SPOTIFY_URI)
    shortened = from_short(bare)
    return [bare, f"{SPOTIFY}:{bare}", *([] if shortened is None else [shortened])]


def media_server_track(name: str) -> tuple[str, Namespace]:
    """The track id for a Segue id, an external id, or the id that a media server has, and the namespace it is from.

    Raises:
        TrackNotFound: no track goes by this name.
    """
    in_namespaces = {namespace: f"{namespace}:{name}" for namespace in MEDIA_SERVERS}
    known = _known([name, *in_namespaces.values()])
    if name in known:
        namespace, colon, _ = name.partition(":")
        is_own = known[name] == name or not colon
        return known[name], Namespace() if is_own else Namespace(namespace.casefold(), written=True)
    for namespace, variant in in_namespaces.items():
        if variant in known:
            return known[variant], Namespace(namespace)
    raise TrackNotFound(name)


def artists(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Some tracks of each artist: by name, without regard to case, or by the id that track objects have."""
    asked = {name: [by_artist(name), *_by_artist_id(name)] for name in names}
    found = iter(exemplars(services().index, [each for conditions in asked.values() for each in conditions]))
    drawn = {name: [next(found) for _ in conditions] for name, conditions in asked.items()}
    return {name: next((part for part in parts if part), ()) for name, parts in drawn.items()}


def genres(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Some tracks of each genre of the library, or with this tag heard in them."""
    return exemplars_by_name(services().index, {name: of_genre(name) for name in names})


def artist_id(track: Track) -> str | None:
    """The id of a track's artist."""
    return id_of_names(track.artist) if track.artist else None


def album_id(track: Track) -> str | None:
    """The id of a track's album, which is an album of its artist."""
    return id_of_names(track.artist or "", track.album) if track.album else None


def songs_of(name: str) -> tuple[str, ...] | None:
    """Tracks of the artist or album that an id with `ar-` or `al-` before it names; None where it names neither.

    Raises:
        TrackNotFound: there is no track of it.
    """
    names = names_of_id(name[len(ARTIST) :]) if name.startswith((ARTIST, ALBUM)) else None
    if names is None or len(names) != (1 if name.startswith(ARTIST) else 2):
        return None
    conditions = by_artist(*names) if name.startswith(ARTIST) else of_album(*names)
    [found] = exemplars(services().index, [conditions], drawn=ALBUM_DRAWN)
    if not found:
        raise TrackNotFound(name)
    return found


def of_album(artist: str, album: str) -> Filters:
    """The condition that a track is of an artist's album."""
    return Filters(any_of={"album": (album,)} | ({"artist": (artist,)} if artist else {}))


def _by_artist_id(text: str) -> list[Filters]:
    names = names_of_id(text)
    return [by_artist(names[0])] if names is not None and len(names) == 1 else []


def _first_known(variants: Mapping[str, list[str]]) -> dict[str, str]:
    known = _known([variant for each in variants.values() for variant in each])
    first = {name: next((known[each] for each in some if each in known), None) for name, some in variants.items()}
    return {name: track_id for name, track_id in first.items() if track_id is not None}


def _known(names: Iterable[str]) -> dict[str, str]:
    # PostgreSQL refuses a NUL in any text; no track goes by such a name.
    return services().catalogue.tracks.resolve([name for name in names if "\0" not in name])

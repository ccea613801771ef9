"""Linked servers: media servers with the same music, whose song ids are ids of tracks in a namespace of their own."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.domain.errors import InvalidRequest
from services.domain.external_ids import ISRC, MBID, NAMESPACE_MAX

RESERVED = frozenset({ISRC, MBID, "spotify"})
"""Namespaces that mean ids of other systems."""

_NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{NAMESPACE_MAX - 1}}}")


ROOT = "link:/"
"""The beginning of places on linked servers. It is no absolute path, so no file of this machine has one of them."""


def place_of(link: str, song_id: str) -> str:
    """Return where the file of a downloaded song is, in the form in which the catalogue stores paths."""
    return f"{root_of(link)}/{song_id}"


def root_of(link: str) -> str:
    """Return the place that stands for the library root of a link's downloaded songs."""
    return f"{ROOT}{link}"


def link_of(path: str) -> str | None:
    """Return the link whose server has the file at this place; None for a path of this machine."""
    return path.removeprefix(ROOT).partition("/")[0] if path.startswith(ROOT) else None


class LinkKind(StrEnum):
    """The API that a linked server speaks."""

    SUBSONIC = "subsonic"
    JELLYFIN = "jellyfin"
    """Also Emby's."""


class MatchRule(StrEnum):
    """Why a song of a linked server is a track. A song is matched by the first rule that finds one."""

    REGISTERED = "registered"
    """Somebody registered the song's id for the track."""
    DOWNLOAD = "download"
    """The track is the song's file, which a worker downloaded to analyse it."""
    RECORDING = "mbid"
    ISRC = "isrc"
    PATH = "path"
    NAMES = "names"


RULE_NAMES: Mapping[MatchRule, str] = {
    MatchRule.REGISTERED: "an id that was registered before",
    MatchRule.DOWNLOAD: "their download",
    MatchRule.RECORDING: "MusicBrainz recording id",
    MatchRule.ISRC: "ISRC",
    MatchRule.PATH: "path, size and length",
    MatchRule.NAMES: "artist, title, album and length",
}
"""The rules in words, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A linked server. Its password is not part of it (`services.links.passwords`)."""

    name: str
    """Also the namespace of its song ids."""
    kind: LinkKind
    url: str
    user: str
    listener: str
    """The listener whose plays, stars and ratings those of the user are."""
    download: bool = False
    """Whether workers download songs that match no track, to analyse them."""
    synced_at: datetime | None = None
    failure: str | None = None
    """Why the last sync failed; None if it did not."""


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """How many songs of a linked server are tracks, by rule, and how many are not.

    `refused` of the latter could not be downloaded.
    """

    matched: Mapping[MatchRule, int]
    unmatched: int
    refused: int = 0

    @property
    def songs(self) -> int:
        """The number of songs."""
        return sum(self.matched.values()) + self.unmatched


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedSong:
    """A song of a linked server, and its track."""

    id: str
    title: str
    artist: str | None = None
    album: str | None = None
    duration_ms: int | None = None
    track_id: str | None = None
    rule: MatchRule | None = None
    reason: str | None = None
    """Why its download failed."""


class LinkWork(StrEnum):
    """Work with a linked server that is repeated."""

    LISTENING = "listening"
    """Read what its user heard and judged."""
    MIXES = "mixes"
    """Push the mixes of its listener."""


@dataclass(frozen=True, slots=True)
class LinkRun:
    """The last run of repeated work: when it last succeeded, and why the last one failed; None if it did not."""

    ended_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a user of a linked server thinks of a song: whether it has a star, and the rating from 1 to 5, if any."""

    starred: bool = False
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class MixPlaylist:
    """A playlist that Segue made on a linked server for a mix.

    Attributes:
        name: As it was made.
        marker: A random text in its comment; empty if the server keeps no comments.
        id: Its id on the server; None until it is known that the server made it.
        songs: Those of the last push, in their order.
    """

    name: str
    marker: str
    id: str | None = None
    songs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """A file of a track: its path below the library root, and its size in bytes."""

    path: str
    size: int


@dataclass(slots=True)
class Candidate:
    """A track by all that songs are matched by; the keys are those of `services.domain.names`."""

    id: str
    title_key: str
    artist_keys: frozenset[str]
    album_key: str | None
    duration_ms: int | None
    is_ready: bool
    files: list[CandidateFile] = field(default_factory=list)
    ids: set[tuple[str, str]] = field(default_factory=set)
    """Namespace and value of its MusicBrainz ids and ISRCs."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What the tracks are found by that some songs may be: ids, keys of titles, and sizes of files."""

    ids: Collection[tuple[str, str]]
    title_keys: Collection[str]
    sizes: Collection[int]


def check_link_name(name: str) -> str:
    """Return the name of a link, which is a namespace of ids.

    Raises:
        InvalidRequest: it is no namespace, or that of another system.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"'{name}' is no name for a link: it has at most {NAMESPACE_MAX} small letters, digits, '-' and '_'."
        )
    if name in RESERVED:
        raise InvalidRequest(f"'{name}' is the namespace of other ids. Choose another name.")
    return name

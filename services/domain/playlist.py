"""Playlists: ordered tracks of an owner, and the rules of smart playlists."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from services.domain.filters import Filters
from services.domain.library import TrackSort

NAME_MAX, DESCRIPTION_MAX = 200, 2_000
"""Characters."""

TRACKS_MAX = 5_000
"""Entries of a playlist: two weeks of music without a pause. A response contains all of them."""

PLAYLISTS_MAX = 500
"""Playlists of an owner: more than a person keeps; a list of them is one response."""

RULE_TRACKS_DEFAULT, RULE_TRACKS_MAX = 50, 500
"""Tracks that the rules of a smart playlist choose."""

REFRESH_AFTER = timedelta(days=1)
"""Age at which the tracks of a smart playlist are chosen again."""

RETRY_AFTER = timedelta(hours=1)
"""Time after which a refresh that failed is repeated."""

COVERS = 4
"""Tracks of different albums whose covers represent a playlist."""

RuleSort = TrackSort | Literal["match"]
"""The order of a smart playlist: that of a selection of the library, or best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a smart playlist chooses its tracks.

    Attributes:
        filters: Conditions that every track must meet.
        text: Descriptions of the music.
        mood: A mood preset.
        taste: Whether the listens of the owner count.
        sort: The order. Without `text`, `mood` and `taste`, it also decides which tracks are chosen.
        descending: Whether the order is reversed.
        limit: The maximum number of tracks.
    """

    filters: Filters = field(default_factory=Filters)
    text: tuple[str, ...] = ()
    mood: str | None = None
    taste: bool = False
    sort: RuleSort = "match"
    descending: bool = False
    limit: int = RULE_TRACKS_DEFAULT


@dataclass(frozen=True, slots=True)
class Entry:
    """A track of a playlist. Its id is unique in the playlist, also if the track occurs twice."""

    id: int
    track_id: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A track that a change adds to a playlist."""

    track_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist:
    """A playlist without its tracks.

    Attributes:
        owner: The listener whose playlist it is; None if it belongs to no listener.
        library: The id of the library that it belongs to; None if it belongs to the installation.
        rules: How its tracks are chosen; None if it is not smart.
        revision: The number of changes; a change that was made from an older state is refused.
        refreshed_at: When the rules chose the tracks; None if they have not yet, or if it is not smart.
        failure: Why the last refresh failed; None if it did not.
    """

    id: str
    owner: str | None
    library: str | None
    name: str
    description: str
    rules: Rules | None
    revision: int
    created_at: datetime
    updated_at: datetime
    refreshed_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a playlist contains.

    Attributes:
        tracks: The number of entries.
        missing: The number of entries whose files are gone.
        duration_ms: The total length of the others.
        cover_tracks: Up to `COVERS` tracks of different albums, first entries first.
    """

    tracks: int = 0
    missing: int = 0
    duration_ms: int = 0
    cover_tracks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistChange:
    """A change of a playlist; None keeps a part as it is.

    Attributes:
        name: The new name.
        description: The new description.
        rules: The new rules; `(None,)` makes a smart playlist an ordinary one.
        entries: All entries in their new order: ids of present ones, and new ones.
    """

    name: str | None = None
    description: str | None = None
    rules: tuple[Rules | None] | None = None
    entries: tuple[int | NewEntry, ...] | None = None

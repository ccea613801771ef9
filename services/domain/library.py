"""What is browsed in the library: selections of tracks, albums, artists, genres and histograms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.domain.filters import Filters, Range
from services.domain.libraries import Libraries
from services.domain.track import NamedArtist, Track, TrackStatus

BINS = 24
"""Intervals of a histogram."""

TrackSort = Literal[
    "artist",
    "title",
    "album",
    "added",
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "instrumentalness",
    "liveness",
    "speechiness",
    "tempo",
    "loudness",
    "brightness",
    "onset_rate",
    "flux",
    "mobility",
    "key",
    "mode",
    "time_signature",
    "year",
    "duration_ms",
]
"""What tracks can be sorted by: names, the time they were added, and every field that filters can use."""

AlbumSort = Literal["artist", "title", "year", "added", "tracks"]
ArtistSort = Literal["name", "added", "tracks"]

ARTIST_PREFIX, ALBUM_PREFIX = "ar-", "al-"
"""How the ids of artists and albums begin."""

VARIOUS_ARTISTS = "Various artists"
"""The artist of an album without an album artist whose tracks have several artists."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The tracks that a page of the library shows, and their order."""

    search: str = ""
    """Words that must all occur in artist, album or title."""
    statuses: tuple[TrackStatus, ...] = ()
    """Empty for all."""
    filters: Filters = Filters()  # noqa: RUF009  immutable
    sort: TrackSort = "artist"
    """Tracks without a value come last."""
    descending: bool = False
    id_prefix: str = ""
    """How the ids begin."""
    ids: tuple[str, ...] | None = None
    """Only tracks with these ids; None for all."""


@dataclass(frozen=True, slots=True)
class TrackPage:
    """A page of tracks, and the cursor of the next page; None on the last."""

    tracks: list[Track]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AlbumSelection:
    """The albums that a page shows, and their order."""

    search: str = ""
    """Words that must all occur in the title or the artists."""
    artist_id: str | None = None
    """Albums of this artist, and those with one of its tracks."""
    genres: tuple[str, ...] = ()
    """Albums with a track of one of these genres."""
    years: Range | None = None
    """Albums with a track of these years."""
    libraries: Libraries = None
    """Albums, and their tracks, of these libraries."""
    sort: AlbumSort = "artist"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ArtistSelection:
    """The artists that a page shows, and their order."""

    search: str = ""
    """Words that must all occur in the name."""
    libraries: Libraries = None
    """Artists, and their tracks, of these libraries."""
    sort: ArtistSort = "name"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Album:
    """An album. `year` is that of its latest track."""

    id: str
    title: str
    artist: str | None
    artist_id: str | None
    """Of the artist credited first; None if no track is by this artist first."""
    artists: tuple[NamedArtist, ...]
    """The single artists; empty if its tracks have several and no album artist."""
    year: int | None
    genre: str | None
    """The genre of most of its files."""
    genres: tuple[str, ...]
    """The single genres in `genre`."""
    tracks: int
    duration_ms: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist."""

    id: str
    name: str
    albums: int
    tracks: int


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre of files, or a tag that is heard, and its number of tracks."""

    name: str
    tracks: int
    albums: int = 0
    """0 if they were not counted."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many tracks have which value: `bins` are equal intervals from `low` to `high`."""

    name: str
    low: float
    high: float
    bins: Sequence[int]

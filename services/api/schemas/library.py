"""Requests and responses about the lists of the library: tracks, albums, artists, genres and histograms."""

from typing import Annotated, Literal, Self

from pydantic import Field

from services.api.request_limits import KEYWORDS_MAX, OFFSET_MAX, PAGE_DEFAULT, PAGE_MAX, TEXT_MAX
from services.api.schemas.filters import REVERSED_BY_ORDER, Keywords, Order
from services.api.schemas.tracks import NO_NUL, Request, Response, Track, TrackArtist
from services.domain import library
from services.domain.library import AlbumSelection, AlbumSort, ArtistSelection, ArtistSort

UNITS = {"tempo": "bpm", "loudness": "LUFS", "brightness": "Hz", "onset_rate": "1/s", "duration_ms": "ms"}
"""Units of fields that have one."""

LIST_ID_MAX = 40
"""Characters of the id of an album or an artist."""


class TrackPage(Response):
    """A page of tracks."""

    tracks: list[Track]
    total: int = Field(description="Number of tracks on all pages.")
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page. Null on the last page.")


class _ListQuery(Request):
    """The part of a list to return."""

    q: str = Field(
        default="",
        max_length=TEXT_MAX,
        pattern=NO_NUL,
        description="Words that must all occur in the names. Case, accents and punctuation are ignored.",
    )
    order: Order = Field(default="asc", description="Ascending or descending.")
    offset: int = Field(default=0, ge=0, le=OFFSET_MAX, description="Number of entries to skip.")
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of entries on a page.")


class AlbumPageQuery(_ListQuery):
    """The albums to list, and their order."""

    artist_id: str | None = Field(
        default=None, max_length=LIST_ID_MAX, pattern=NO_NUL, description="Only albums with a track of this artist."
    )
    genre: Keywords = Field(
        default_factory=list,
        max_length=KEYWORDS_MAX,
        description="Only albums with a track of one of these genres, as the file names it or as a tag that is heard; "
        "may be repeated.",
    )
    sort: Annotated[AlbumSort, REVERSED_BY_ORDER] = Field(
        default="artist", description="What to sort by. Albums without a value come last."
    )

    def selection(self) -> AlbumSelection:
        """Return the albums to list."""
        return AlbumSelection(
            self.q, self.artist_id, tuple(self.genre), sort=self.sort, descending=self.order == "desc"
        )


class ArtistPageQuery(_ListQuery):
    """The artists to list, and their order."""

    sort: Annotated[ArtistSort, REVERSED_BY_ORDER] = Field(default="name", description="What to sort by.")

    def selection(self) -> ArtistSelection:
        """Return the artists to list."""
        return ArtistSelection(self.q, sort=self.sort, descending=self.order == "desc")


class Album(Response):
    """An album: the tracks with the same title and album artist, or with the same title in one folder.

    If they belong to several MusicBrainz releases, each release is an album.
    """

    id: str = Field(description="Derived from title and album artist, or from title and folder.")
    title: str
    artist: str | None = Field(description="“Various artists” if its tracks have several. Null if unknown.")
    artist_id: str | None = Field(
        description="Id of the artist credited first. Null if no track of the album is by this artist."
    )
    artists: list[TrackArtist] = Field(description="Each artist by itself; empty for “Various artists”.")
    year: int | None = Field(description="The latest year of its tracks.")
    genre: str | None = Field(description="The genre of most of its files.")
    tracks: int = Field(description="Number of tracks.")
    duration_ms: int = Field(description="Length of all tracks in milliseconds.")
    cover: str = Field(description="Path of its cover.")

    @classmethod
    def of(cls, found: library.Album, root: str, **more: object) -> Self:
        """Return the response for an album; `root` is the path at which the service is reached."""
        values = {name: getattr(found, name) for name in Album.model_fields if name != "cover"}
        values |= {
            "artists": TrackArtist.all_of(found.artists),
            "cover": f"{root}/v1/albums/{found.id}/cover",
        }
        return cls.model_validate(values | more)


class AlbumPage(Response):
    """A page of albums."""

    albums: list[Album]
    total: int = Field(description="Number of albums on all pages.")


class AlbumWithTracks(Album):
    """An album and its tracks."""

    items: list[Track] = Field(description="Its tracks by disc and track number.")


class Artist(Response):
    """An artist."""

    id: str = Field(description="Derived from the name.")
    name: str
    albums: int = Field(description="Number of albums with a track by this artist.")
    tracks: int = Field(description="Number of tracks.")
    cover: str = Field(description="Path of the cover of one of the albums.")

    @classmethod
    def of(cls, found: library.Artist, root: str, **more: object) -> Self:
        """Return the response for an artist; `root` is the path at which the service is reached."""
        values = {name: getattr(found, name) for name in Artist.model_fields if name != "cover"}
        return cls.model_validate(values | {"cover": f"{root}/v1/artists/{found.id}/cover"} | more)


class ArtistPage(Response):
    """A page of artists."""

    artists: list[Artist]
    total: int = Field(description="Number of artists on all pages.")


class ArtistWithTracks(Artist):
    """An artist with the albums and some tracks."""

    discography: list[Album] = Field(description="The albums with a track by this artist, latest first.")
    items: list[Track] = Field(description="Its most typical tracks: those nearest to the centre of all its tracks.")


class GenreSource(Response):
    """A genre of the library."""

    name: str
    tracks: int = Field(description="Number of tracks.")
    source: Literal["file", "heard"] = Field(description="Named by files, or a tag that is heard.")


class Genres(Response):
    """The genres that files name, then the tags that are heard; each with the most tracks first."""

    genres: list[GenreSource]


class Attribute(Response):
    """The distribution of a value in the library."""

    name: str = Field(description="Name of the field, as in filters.")
    low: float = Field(description="Where the first interval begins. Lower values of a few tracks count there too.")
    high: float = Field(description="Where the last interval ends. Higher values of a few tracks count there too.")
    unit: str | None = Field(description="Null without a unit.")
    bins: list[int] = Field(description="Number of tracks in each of 24 equal intervals.")
    ready: int = Field(description="Number of tracks with a known value.")

    @classmethod
    def of(cls, found: library.Histogram) -> Self:
        """Return the response for a histogram."""
        return cls(
            name=found.name,
            low=found.low,
            high=found.high,
            unit=UNITS.get(found.name),
            bins=list(found.bins),
            ready=sum(found.bins),
        )


class Attributes(Response):
    """The distribution of every value that filters can use."""

    attributes: list[Attribute]

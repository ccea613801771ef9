"""Albums, artists and genres."""

from datetime import datetime

from pydantic import Field

from services.api.compat.subsonic.schemas.songs import SubsonicArtistName, SubsonicChild, SubsonicGenre
from services.api.schemas.tracks import Response


class SubsonicAlbum(Response):
    """An album by its tags."""

    id: str
    name: str
    artist: str | None = None
    artistId: str | None = Field(default=None, description="Absent if no song of the album is by this artist.")
    coverArt: str
    songCount: int
    duration: int = Field(description="Length in seconds.")
    created: datetime
    starred: datetime | None = Field(default=None, description="Since when you have starred it.")
    userRating: int | None = Field(default=None, description="Your rating, from 1 to 5.")
    year: int | None = Field(default=None, description="The latest year of its songs.")
    genre: str | None = None
    genres: list[SubsonicGenre]
    artists: list[SubsonicArtistName]
    displayArtist: str


class SubsonicAlbumWithSongs(SubsonicAlbum):
    """An album with its songs."""

    song: list[SubsonicChild]


class SubsonicAlbums(Response):
    """A list of albums."""

    album: list[SubsonicAlbum]


class SubsonicAlbumFolders(Response):
    """A list of albums as folders."""

    album: list[SubsonicChild]


class SubsonicArtist(Response):
    """An artist by the tags."""

    id: str
    name: str
    coverArt: str
    albumCount: int
    starred: datetime | None = Field(default=None, description="Since when you have starred the artist.")
    userRating: int | None = Field(default=None, description="Your rating, from 1 to 5.")


class SubsonicArtistWithAlbums(SubsonicArtist):
    """An artist with the albums."""

    album: list[SubsonicAlbum]


class SubsonicArtistFolder(Response):
    """An artist as a folder."""

    id: str
    name: str
    starred: datetime | None = Field(default=None, description="Since when you have starred the artist.")
    userRating: int | None = Field(default=None, description="Your rating, from 1 to 5.")


class SubsonicIndex(Response):
    """The artists with one initial letter, by their tags."""

    name: str
    artist: list[SubsonicArtist]


class SubsonicArtists(Response):
    """All artists by their tags."""

    ignoredArticles: str = Field(description="Words at the start of a name that do not count in the order.")
    index: list[SubsonicIndex]


class SubsonicFolderIndex(Response):
    """The artists with one initial letter, as folders."""

    name: str
    artist: list[SubsonicArtistFolder]


class SubsonicIndexes(Response):
    """All artists as folders."""

    lastModified: int = Field(description="When the newest song came into the library, in ms since 1970.")
    ignoredArticles: str
    index: list[SubsonicFolderIndex]


class SubsonicDirectory(Response):
    """A folder: the albums of an artist, or the songs of an album."""

    id: str
    parent: str | None = None
    name: str
    child: list[SubsonicChild]


class SubsonicMusicFolder(Response):
    """A music folder: a named library, or all music."""

    id: int
    name: str


class SubsonicMusicFolders(Response):
    """The music folders."""

    musicFolder: list[SubsonicMusicFolder]


class SubsonicCountedGenre(Response):
    """A genre of files."""

    value: str
    songCount: int
    albumCount: int


class SubsonicGenres(Response):
    """The genres of files."""

    genre: list[SubsonicCountedGenre]


class SubsonicFolderSearch(Response):
    """The folders and songs that a search found."""

    artist: list[SubsonicArtistFolder]
    album: list[SubsonicChild]
    song: list[SubsonicChild]


class SubsonicSearch(Response):
    """The artists, albums and songs that a search found."""

    artist: list[SubsonicArtist]
    album: list[SubsonicAlbum]
    song: list[SubsonicChild]

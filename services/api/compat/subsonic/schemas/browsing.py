"""Parameters of the methods that browse, search and list."""

from typing import Annotated, Literal

from pydantic import Field

from services.api.compat.subsonic.schemas.parameters import SubsonicQuery

PAGE_MAX = 500
"""Albums, artists or songs of one response, as in Subsonic."""

FOLDER = "A music folder; 0 is all music."
SIZE = f"Maximum number; at most {PAGE_MAX} are returned."
OFFSET = "Number of results to skip."
INT_MAX = 2**31 - 1
ID_MAX = 255
Year = Annotated[int, Field(ge=-INT_MAX, le=INT_MAX)]

AlbumListType = Literal[
    "random",
    "newest",
    "highest",
    "frequent",
    "recent",
    "alphabeticalByName",
    "alphabeticalByArtist",
    "starred",
    "byYear",
    "byGenre",
]


class GroupQuery(SubsonicQuery):
    """Selects an artist, an album or a folder."""

    id: str = Field(max_length=ID_MAX, description="An id from a response of this service.")


class FolderQuery(SubsonicQuery):
    """May select a music folder."""

    musicFolderId: int | None = Field(default=None, description=FOLDER)


class IndexesQuery(FolderQuery):
    """May select a music folder."""

    ifModifiedSince: int | None = Field(default=None, description="Ignored.")


class AlbumListQuery(FolderQuery):
    """Selects albums and their order."""

    type: AlbumListType = Field(
        description="Which albums. `frequent`, `recent`, `highest` and `starred` are those of your user."
    )
    size: int = Field(default=10, ge=0, description=SIZE)
    offset: int = Field(default=0, ge=0, le=INT_MAX, description=OFFSET)
    fromYear: Year | None = Field(default=None, description="First year of `byYear`; later than `toYear` to reverse.")
    toYear: Year | None = Field(default=None, description="Last year of `byYear`.")
    genre: str | None = Field(default=None, description="The genre of `byGenre`.")


class RandomSongsQuery(FolderQuery):
    """Selects random songs."""

    size: int = Field(default=10, ge=0, description=SIZE)
    genre: str | None = Field(default=None, description="A genre of files, or a tag that the analysis found.")
    fromYear: Year | None = Field(default=None, description="Songs of this year or later.")
    toYear: Year | None = Field(default=None, description="Songs of this year or earlier.")


class SongsByGenreQuery(FolderQuery):
    """Selects a genre and a page of its songs."""

    genre: str = Field(description="A genre of files, or a tag that the analysis found.")
    count: int = Field(default=10, ge=0, description=SIZE)
    offset: int = Field(default=0, ge=0, le=INT_MAX, description=OFFSET)


class NameSearchQuery(FolderQuery):
    """Words to search for, and a page of each kind of result."""

    query: str = Field(description="Words that must all occur in names. Without any, everything is listed.")
    artistCount: int = Field(default=20, ge=0, description=SIZE)
    artistOffset: int = Field(default=0, ge=0, le=INT_MAX, description=OFFSET)
    albumCount: int = Field(default=20, ge=0, description=SIZE)
    albumOffset: int = Field(default=0, ge=0, le=INT_MAX, description=OFFSET)
    songCount: int = Field(default=20, ge=0, description=SIZE)
    songOffset: int = Field(default=0, ge=0, le=INT_MAX, description=OFFSET)

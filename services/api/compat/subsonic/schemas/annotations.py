"""Stars, ratings and plays."""

from typing import Annotated

from pydantic import Field

from services.api.compat.subsonic.schemas.browsing import FolderQuery
from services.api.compat.subsonic.schemas.groups import SubsonicAlbum, SubsonicArtist, SubsonicArtistFolder
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.songs import SONG, SubsonicChild
from services.api.request_limits import LISTENS_MAX
from services.api.schemas.tracks import Response
from services.domain.annotations import RATING_MAX

TIME_MAX = 253_402_300_799_999
"""The last millisecond of the year 9999."""


class StarQuery(SubsonicQuery):
    """Selects songs, albums and artists; at least one."""

    id: list[str] = Field(default=[], max_length=LISTENS_MAX, description=f"{SONG} Or an album or artist as a folder.")
    albumId: list[str] = Field(default=[], max_length=LISTENS_MAX, description="Albums.")
    artistId: list[str] = Field(default=[], max_length=LISTENS_MAX, description="Artists.")


class RatingQuery(SubsonicQuery):
    """Selects a song, an album or an artist, and the rating."""

    id: str = Field(description=f"{SONG} Or an album or artist.")
    rating: int = Field(ge=0, le=RATING_MAX, description="1 to 5; 0 removes the rating.")


class ScrobbleQuery(SubsonicQuery):
    """Selects the songs that were played, or the one that plays."""

    id: list[str] = Field(min_length=1, max_length=LISTENS_MAX, description=SONG)
    time: list[Annotated[int, Field(ge=0, le=TIME_MAX)]] = Field(
        default=[], max_length=LISTENS_MAX, description="When each song was played, in ms since 1970. Default: now."
    )
    submission: bool = Field(default=True, description="False if the song starts to play now.")


class StarredQuery(FolderQuery):
    """May select a music folder."""


class SubsonicStarred(Response):
    """Starred artists and albums as folders, and starred songs; latest first."""

    artist: list[SubsonicArtistFolder]
    album: list[SubsonicChild]
    song: list[SubsonicChild]


class SubsonicStarred2(Response):
    """Starred artists, albums and songs; latest first."""

    artist: list[SubsonicArtist]
    album: list[SubsonicAlbum]
    song: list[SubsonicChild]


class SubsonicPlaying(SubsonicChild):
    """A song that a user plays now."""

    username: str
    minutesAgo: int
    playerId: int = Field(description="The place in the list.")
    playerName: str | None = None


class SubsonicNowPlaying(Response):
    """The songs that users play now."""

    entry: list[SubsonicPlaying]

"""The envelope of every response."""

from typing import Literal

from pydantic import ConfigDict, Field

from services.api.compat.subsonic.schemas.about import (
    SubsonicAlbumInfo,
    SubsonicArtistInfo,
    SubsonicFolderArtistInfo,
    SubsonicScanStatus,
)
from services.api.compat.subsonic.schemas.accounts import SubsonicTokenInfo, SubsonicUser
from services.api.compat.subsonic.schemas.annotations import SubsonicNowPlaying, SubsonicStarred, SubsonicStarred2
from services.api.compat.subsonic.schemas.groups import (
    SubsonicAlbumFolders,
    SubsonicAlbums,
    SubsonicAlbumWithSongs,
    SubsonicArtists,
    SubsonicArtistWithAlbums,
    SubsonicDirectory,
    SubsonicFolderSearch,
    SubsonicGenres,
    SubsonicIndexes,
    SubsonicMusicFolders,
    SubsonicSearch,
)
from services.api.compat.subsonic.schemas.media import SubsonicLyrics, SubsonicLyricsList
from services.api.compat.subsonic.schemas.playlists import SubsonicPlaylists, SubsonicPlaylistWithSongs
from services.api.compat.subsonic.schemas.queue import SubsonicPlayQueue, SubsonicPlayQueueByIndex
from services.api.compat.subsonic.schemas.similar import SubsonicSonicMatch
from services.api.compat.subsonic.schemas.songs import SubsonicChild, SubsonicSongs
from services.api.compat.subsonic.schemas.system import SubsonicExtension, SubsonicLicense
from services.api.schemas.tracks import Response


class SubsonicError(Response):
    """An error."""

    code: int = Field(
        description="0 generic, 10 parameter missing, 40 wrong user or password, "
        "43 conflicting mechanisms, 44 invalid API key, 50 not authorised, 70 not found."
    )
    message: str


class SubsonicEnvelope(Response):
    """The content of every response. The result of a method has the method's own field."""

    status: Literal["ok", "failed"]
    version: str = Field(description="Version of Subsonic's protocol.")
    type: str = Field(description="Always `segue`.")
    serverVersion: str
    openSubsonic: bool
    error: SubsonicError | None = None
    license: SubsonicLicense | None = None
    openSubsonicExtensions: list[SubsonicExtension] | None = None
    user: SubsonicUser | None = None
    tokenInfo: SubsonicTokenInfo | None = None
    musicFolders: SubsonicMusicFolders | None = None
    indexes: SubsonicIndexes | None = None
    directory: SubsonicDirectory | None = None
    artists: SubsonicArtists | None = None
    artist: SubsonicArtistWithAlbums | None = None
    album: SubsonicAlbumWithSongs | None = None
    song: SubsonicChild | None = None
    genres: SubsonicGenres | None = None
    albumList: SubsonicAlbumFolders | None = None
    albumList2: SubsonicAlbums | None = None
    randomSongs: SubsonicSongs | None = None
    songsByGenre: SubsonicSongs | None = None
    searchResult2: SubsonicFolderSearch | None = None
    searchResult3: SubsonicSearch | None = None
    topSongs: SubsonicSongs | None = None
    artistInfo: SubsonicFolderArtistInfo | None = None
    artistInfo2: SubsonicArtistInfo | None = None
    albumInfo: SubsonicAlbumInfo | None = None
    scanStatus: SubsonicScanStatus | None = None
    lyrics: SubsonicLyrics | None = None
    lyricsList: SubsonicLyricsList | None = None
    starred: SubsonicStarred | None = None
    starred2: SubsonicStarred2 | None = None
    nowPlaying: SubsonicNowPlaying | None = None
    playlists: SubsonicPlaylists | None = None
    playlist: SubsonicPlaylistWithSongs | None = None
    playQueue: SubsonicPlayQueue | None = None
    playQueueByIndex: SubsonicPlayQueueByIndex | None = None
    similarSongs: SubsonicSongs | None = None
    similarSongs2: SubsonicSongs | None = None
    sonicMatch: list[SubsonicSonicMatch] | None = None


class SubsonicAnswer(Response):
    """A response in JSON. In XML, the envelope is the root, in the namespace `http://subsonic.org/restapi`."""

    model_config = ConfigDict(populate_by_name=True)

    response: SubsonicEnvelope = Field(alias="subsonic-response")

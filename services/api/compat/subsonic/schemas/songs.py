"""Songs, and albums as folders of songs."""

from datetime import datetime

from pydantic import Field

from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.schemas.tracks import Response

SONG = "A Segue id, an external id (`namespace:value`), or an id from Navidrome or another media server."
OWN_IDS_ONLY = "Absent if the song's id is from another system."


class SongQuery(SubsonicQuery):
    """Selects a song."""

    id: str = Field(description=SONG)


class SubsonicGenre(Response):
    """A genre of a song or an album."""

    name: str


class SubsonicArtistName(Response):
    """An artist of a song or an album."""

    id: str
    name: str


class SubsonicReplayGain(Response):
    """How much louder or quieter to play a song."""

    trackGain: float = Field(description="In dB.")


class SubsonicChild(Response):
    """A song, or an album as a folder."""

    id: str = Field(description="In the namespace of the requested id if the song has an id there, else a Segue id.")
    parent: str | None = Field(default=None, description=f"The id of its album, or else its artist. {OWN_IDS_ONLY}")
    isDir: bool = False
    title: str
    name: str | None = Field(default=None, description="The title, of an album.")
    album: str | None = None
    artist: str | None = None
    track: int | None = Field(default=None, description="Its number on the disc.")
    discNumber: int | None = None
    year: int | None = None
    genre: str | None = None
    coverArt: str | None = Field(default=None, description=f"The id for `getCoverArt`. {OWN_IDS_ONLY}")
    size: int | None = Field(default=None, description="Bytes of the file.")
    contentType: str | None = None
    suffix: str | None = None
    duration: int | None = Field(default=None, description="Length in seconds.")
    bitRate: int | None = Field(default=None, description="Mean bit rate of the file in kbit/s.")
    path: str | None = Field(default=None, description="Relative to the library root.")
    isVideo: bool = False
    songCount: int | None = Field(default=None, description="Songs of an album.")
    created: datetime | None = Field(default=None, description="When it came into the library.")
    starred: datetime | None = Field(default=None, description="Since when you have starred it.")
    userRating: int | None = Field(default=None, description="Your rating, from 1 to 5.")
    playCount: int | None = Field(default=None, description="Your plays of it.")
    played: datetime | None = Field(default=None, description="When you last played it.")
    albumId: str | None = Field(default=None, description=OWN_IDS_ONLY)
    artistId: str | None = Field(default=None, description=OWN_IDS_ONLY)
    type: str = "music"
    mediaType: str = "song"
    bpm: int = Field(default=0, description="Beats per minute; 0 if not known.")
    comment: str = ""
    musicBrainzId: str = ""
    displayArtist: str = ""
    displayAlbumArtist: str = ""
    displayComposer: str = ""
    isrc: list[str] = Field(default_factory=list)
    genres: list[SubsonicGenre] = Field(default_factory=list)
    moods: list[str] = Field(default_factory=list, description="The clearest tags that the analysis found.")
    artists: list[SubsonicArtistName] = Field(default_factory=list)
    albumArtists: list[SubsonicArtistName] = Field(default_factory=list)
    replayGain: SubsonicReplayGain | None = None


class SubsonicSongs(Response):
    """A list of songs."""

    song: list[SubsonicChild]

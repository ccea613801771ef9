"""Songs."""

from pydantic import Field

from services.api.schemas.tracks import Response

SONG = "A Segue id, an external id (`namespace:value`), or an id from Navidrome or another media server."
OWN_IDS_ONLY = "Absent if the song's id is from another system."


class SubsonicGenre(Response):
    """A genre of a song."""

    name: str


class SubsonicChild(Response):
    """A song."""

    id: str = Field(description="In the namespace of the requested id if the song has an id there, else a Segue id.")
    parent: str | None = Field(default=None, description=f"The album's id. {OWN_IDS_ONLY}")
    isDir: bool = False
    title: str
    album: str | None = None
    artist: str | None = None
    year: int | None = None
    genre: str | None = None
    contentType: str | None = None
    suffix: str | None = None
    duration: int | None = Field(default=None, description="Length in seconds.")
    path: str | None = Field(default=None, description="Relative to the library root.")
    isVideo: bool = False
    albumId: str | None = Field(default=None, description=OWN_IDS_ONLY)
    artistId: str | None = Field(default=None, description=OWN_IDS_ONLY)
    type: str = "music"
    mediaType: str = "song"
    bpm: int = Field(default=0, description="Beats per minute; 0 if not known.")
    musicBrainzId: str = ""
    displayArtist: str = ""
    isrc: list[str] = Field(default_factory=list)
    genres: list[SubsonicGenre] = Field(default_factory=list)


class SubsonicSongs(Response):
    """A list of songs."""

    song: list[SubsonicChild]

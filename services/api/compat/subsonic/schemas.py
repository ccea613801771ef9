"""What OpenSubsonic's methods answer, field for field: https://opensubsonic.netlify.app."""

from typing import Literal

from pydantic import ConfigDict, Field

from services.api.schemas.tracks import Response


class SubsonicGenre(Response):
    """A genre of a song."""

    name: str


class SubsonicChild(Response):
    """A song."""

    id: str = Field(description="In the namespace of the id that was asked with, where the song has one there.")
    parent: str | None = Field(default=None, description="The album's id; only with Segue's own song ids.")
    isDir: bool = False
    title: str
    album: str | None = None
    artist: str | None = None
    year: int | None = None
    genre: str | None = None
    contentType: str | None = None
    suffix: str | None = None
    duration: int | None = Field(default=None, description="Seconds.")
    path: str | None = Field(default=None, description="Relative to its library root.")
    isVideo: bool = False
    albumId: str | None = Field(default=None, description="Only with Segue's own song ids.")
    artistId: str | None = Field(default=None, description="Only with Segue's own song ids.")
    type: str = "music"
    mediaType: str = "song"
    bpm: int = Field(default=0, description="0 where it is not known.")
    musicBrainzId: str = ""
    displayArtist: str = ""
    isrc: list[str] = Field(default_factory=list)
    genres: list[SubsonicGenre] = Field(default_factory=list)


class SubsonicSonicMatch(Response):
    """A song and how alike it is."""

    entry: SubsonicChild
    similarity: float = Field(
        ge=0,
        le=1,
        description="Cosine to the song asked for, or that the path starts from: 1 is the same, 0 nothing in common.",
    )


class SubsonicSongs(Response):
    """Songs to play."""

    song: list[SubsonicChild]


class SubsonicExtension(Response):
    """An extension of OpenSubsonic that is answered here."""

    name: str
    versions: list[int]


class SubsonicLicense(Response):
    """Always valid."""

    valid: bool = True


class SubsonicTokenInfo(Response):
    """Whose key it is."""

    username: str


class SubsonicUser(Response):
    """What a user may do here: nothing but ask what is alike."""

    username: str
    scrobblingEnabled: bool = False
    adminRole: bool = False
    settingsRole: bool = False
    downloadRole: bool = False
    uploadRole: bool = False
    playlistRole: bool = False
    coverArtRole: bool = False
    commentRole: bool = False
    podcastRole: bool = False
    streamRole: bool = False
    jukeboxRole: bool = False
    shareRole: bool = False
    videoConversionRole: bool = False


class SubsonicError(Response):
    """What went wrong."""

    code: int = Field(
        description="0 generic, 10 parameter missing, 40 wrong user or password, 41 and 42 not supported, "
        "43 conflicting mechanisms, 44 invalid API key, 50 not authorised, 70 not found."
    )
    message: str


class SubsonicEnvelope(Response):
    """The element that every answer is; what the method found is in it under the method's own name."""

    status: Literal["ok", "failed"]
    version: str = Field(description="Of Subsonic's protocol.")
    type: str = Field(description="segue")
    serverVersion: str
    openSubsonic: bool
    error: SubsonicError | None = None
    license: SubsonicLicense | None = None
    openSubsonicExtensions: list[SubsonicExtension] | None = None
    user: SubsonicUser | None = None
    tokenInfo: SubsonicTokenInfo | None = None
    similarSongs: SubsonicSongs | None = None
    similarSongs2: SubsonicSongs | None = None
    sonicMatch: list[SubsonicSonicMatch] | None = None


class SubsonicAnswer(Response):
    """An answer as JSON. As XML the envelope is the root, in the namespace `http://subsonic.org/restapi`."""

    model_config = ConfigDict(populate_by_name=True)

    response: SubsonicEnvelope = Field(alias="subsonic-response")

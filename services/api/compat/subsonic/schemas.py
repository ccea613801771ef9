"""Requests and responses of OpenSubsonic's methods, with its field names: https://opensubsonic.netlify.app."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.schemas.tracks import Response
from services.domain.question import RESULTS_MAX

SONG = "A Segue id, an external id (`namespace:value`), or an id from Navidrome or another media server."
OWN_IDS_ONLY = "Absent if the song's id is from another system."


class SubsonicQuery(BaseModel):
    """Parameters of every method; unknown parameters are ignored."""

    model_config = ConfigDict(extra="ignore")

    u: str | None = Field(default=None, description="User name.")
    p: str | None = Field(default=None, description="Password, plain or as `enc:` and hexadecimal digits.")
    t: str | None = Field(default=None, description="Token: MD5 of the password and the salt, in hexadecimal digits.")
    s: str | None = Field(default=None, description="Salt of the token.")
    apiKey: str | None = Field(default=None, description="An API key, instead of `u`, `p`, `t` and `s`.")
    v: str | None = Field(default=None, description="The client's version of the protocol; ignored.")
    c: str | None = Field(default=None, description="The client's name; ignored.")
    f: str = Field(default="xml", description="Format of the response: `xml`, `json` or `jsonp`.")
    callback: str | None = Field(default=None, description="With `jsonp`: the function to call, a plain identifier.")


class UserQuery(SubsonicQuery):
    """Selects a user."""

    username: str = Field(description="Must be the user of the request.")


class SimilarSongsQuery(SubsonicQuery):
    """Selects a song, an album or an artist, and the number of similar songs."""

    id: str = Field(description=f"{SONG} Or an `artistId` or `albumId` from a response of this service.")
    count: int = Field(default=50, ge=1, description=f"Maximum number of songs; at most {RESULTS_MAX} are returned.")


class SonicSimilarQuery(SubsonicQuery):
    """Selects a song, and the number of similar songs."""

    id: str = Field(description=SONG)
    count: int = Field(default=10, ge=1, description=f"Maximum number of songs; at most {RESULTS_MAX} are returned.")


class SonicPathQuery(SubsonicQuery):
    """Selects both ends of a path, and its length."""

    startSongId: str = Field(description=SONG)
    endSongId: str = Field(description=SONG)
    count: int = Field(
        default=25, ge=2, description=f"Maximum number of songs of the path; at most {RESULTS_MAX} are returned."
    )


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


class SubsonicSonicMatch(Response):
    """A song and its similarity."""

    entry: SubsonicChild
    similarity: float = Field(
        ge=0,
        le=1,
        description="Cosine similarity to the requested song or to the start of the path; negative values become 0.",
    )


class SubsonicSongs(Response):
    """A list of songs."""

    song: list[SubsonicChild]


class SubsonicExtension(Response):
    """A supported extension of OpenSubsonic."""

    name: str
    versions: list[int]


class SubsonicLicense(Response):
    """The license, which is always valid."""

    valid: bool = True


class SubsonicTokenInfo(Response):
    """The user of an API key."""

    username: str


class SubsonicUser(Response):
    """A user and its roles. Segue grants none of them."""

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
    """An error."""

    code: int = Field(
        description="0 generic, 10 parameter missing, 40 wrong user or password, 41 and 42 not supported, "
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
    similarSongs: SubsonicSongs | None = None
    similarSongs2: SubsonicSongs | None = None
    sonicMatch: list[SubsonicSonicMatch] | None = None


class SubsonicAnswer(Response):
    """A response in JSON. In XML, the envelope is the root, in the namespace `http://subsonic.org/restapi`."""

    model_config = ConfigDict(populate_by_name=True)

    response: SubsonicEnvelope = Field(alias="subsonic-response")

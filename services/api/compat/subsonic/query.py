"""What clients of Subsonic send with every request, and with some."""

from pydantic import BaseModel, ConfigDict, Field

from services.domain.question import RESULTS_MAX

SONG = "A Segue id, an external id (`namespace:value`), or the bare id that Navidrome or another media server has."


class SubsonicQuery(BaseModel):
    """Parameters of every method; what it does not know is ignored."""

    model_config = ConfigDict(extra="ignore")

    u: str | None = Field(default=None, description="User name.")
    p: str | None = Field(default=None, description="Password, plain or as `enc:` and hexadecimal digits.")
    t: str | None = Field(default=None, description="Token: MD5 of password and salt, as hexadecimal digits.")
    s: str | None = Field(default=None, description="The token's salt.")
    apiKey: str | None = Field(default=None, description="An API key, in place of `u`, `p`, `t` and `s`.")
    v: str | None = Field(default=None, description="The client's version of the protocol; any is taken.")
    c: str | None = Field(default=None, description="The client's name; any is taken.")
    f: str = Field(default="xml", description="Format of the answer: `xml`, `json` or `jsonp`.")
    callback: str | None = Field(default=None, description="With `jsonp`: the function to call, a plain identifier.")


class UserQuery(SubsonicQuery):
    """Whom to describe."""

    username: str = Field(description="Must be the user that asks.")


class SimilarSongsQuery(SubsonicQuery):
    """Where to start, and how far to go."""

    id: str = Field(description=f"{SONG} Or an `artistId` or `albumId` as answered here.")
    count: int = Field(default=50, ge=1, description=f"The most songs to answer; at most {RESULTS_MAX} are.")


class SonicSimilarQuery(SubsonicQuery):
    """Which song, and how many like it."""

    id: str = Field(description=SONG)
    count: int = Field(default=10, ge=1, description=f"The most songs to answer; at most {RESULTS_MAX} are.")


class SonicPathQuery(SubsonicQuery):
    """From where to where, in how many songs."""

    startSongId: str = Field(description=SONG)
    endSongId: str = Field(description=SONG)
    count: int = Field(default=25, ge=2, description=f"The most songs of the path; at most {RESULTS_MAX} are answered.")

"""Users and their roles."""

from pydantic import Field

from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.schemas.tracks import Response


class UserQuery(SubsonicQuery):
    """Selects a user."""

    username: str = Field(description="Must be the user of the request.")


class SubsonicTokenInfo(Response):
    """The user of an API key."""

    username: str


class SubsonicUser(Response):
    """A user and its roles. Segue has no features for the other roles."""

    username: str
    scrobblingEnabled: bool = Field(description="Whether plays can be reported.")
    adminRole: bool = Field(description="Whether scans can be started.")
    settingsRole: bool = False
    downloadRole: bool = True
    uploadRole: bool = False
    playlistRole: bool
    coverArtRole: bool = False
    commentRole: bool = False
    podcastRole: bool = False
    streamRole: bool = True
    jukeboxRole: bool = False
    shareRole: bool = False
    videoConversionRole: bool = False
    folder: list[int] = Field(description="The music folders that the user can see.")

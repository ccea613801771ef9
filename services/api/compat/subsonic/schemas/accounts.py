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

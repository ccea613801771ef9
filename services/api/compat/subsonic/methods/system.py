"""What clients call to connect."""

from services.api.compat.subsonic.method import Method, Result
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.system import SubsonicExtension, SubsonicLicense
from services.api.security.permissions import PUBLIC

EXTENSIONS = {
    "apiKeyAuthentication": [1],
    "formPost": [1],
    "indexBasedQueue": [1],
    "songLyrics": [1],
    "sonicSimilarity": [1],
    "transcodeOffset": [1],
}


def ping(_: SubsonicQuery) -> Result:
    """Check that the service responds and that your credentials are valid."""
    return {}


def get_license(_: SubsonicQuery) -> Result:
    """Get the license, which is always valid: Segue needs no license key."""
    return {"license": SubsonicLicense().model_dump()}


def get_extensions(_: SubsonicQuery) -> Result:
    """Get the supported extensions of OpenSubsonic. You do not need to sign in."""
    known = [SubsonicExtension(name=name, versions=versions) for name, versions in EXTENSIONS.items()]
    return {"openSubsonicExtensions": [extension.model_dump() for extension in known]}


METHODS = (
    Method("ping", SubsonicQuery, ping, "Check your credentials"),
    Method("getLicense", SubsonicQuery, get_license, "Get the license"),
    Method("getOpenSubsonicExtensions", SubsonicQuery, get_extensions, "List the supported extensions", PUBLIC),
)

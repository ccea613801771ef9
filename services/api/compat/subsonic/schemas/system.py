"""What the service is."""

from services.api.schemas.tracks import Response


class SubsonicExtension(Response):
    """A supported extension of OpenSubsonic."""

    name: str
    versions: list[int]


class SubsonicLicense(Response):
    """The license, which is always valid."""

    valid: bool = True

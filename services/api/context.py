"""How a view reaches the services of its application."""

from flask import current_app

from services.composition import Services
from services.domain.errors import TrackNotFound

EXTENSION = "segue"


def services() -> Services:
    """The services that this application was made with."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def resolve_track(name: str) -> str:
    """The track id for a track id or an external id.

    Raises:
        TrackNotFound: no track goes by this name.
    """
    refuse_nul(name)
    resolved = services().catalogue.tracks.resolve([name])
    if name not in resolved:
        raise TrackNotFound(name)
    return resolved[name]


def refuse_nul(name: str) -> None:
    """PostgreSQL refuses a NUL in any text; no track goes by such a name.

    Raises:
        TrackNotFound: there is one in it.
    """
    if "\0" in name:
        raise TrackNotFound(name)

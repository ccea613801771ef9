"""Gives views the services of their application."""

from flask import current_app, g

from services.composition import Services
from services.domain.errors import TrackNotFound

EXTENSION = "segue"


def services() -> Services:
    """Return the services that the application was created with."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def resolve_track(name: str) -> str:
    """Return the track id for a track id or an external id.

    Raises:
        TrackNotFound: the library has no such track, or the key is bound to another library.
    """
    resolved = services().catalogue.tracks.resolve([name])
    library: str | None = getattr(g.get("principal"), "library", None)
    if name not in resolved or not (library is None or services().catalogue.libraries.holds(library, resolved[name])):
        raise TrackNotFound(name)
    return resolved[name]

"""Gives views the services of their application."""

from flask import current_app

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
        TrackNotFound: there is no such track in the libraries of the request.
    """
    resolved = services().catalogue.tracks.resolve([name])
    if name not in resolved:
        raise TrackNotFound(name)
    return resolved[name]

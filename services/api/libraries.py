"""Keeps requests to the library that their key, or their listener, is bound to."""

from services.api.context import resolve_track, services
from services.api.security.authentication import principal
from services.domain.filters import Filters
from services.domain.libraries import within


def narrowed(filters: Filters, user: str | None = None) -> Filters:
    """Return the filters for tracks that meet these filters and that key and listener may get."""
    own = None if user is None else services().catalogue.libraries.of_listener(user)
    for libraries in (principal().libraries, own):
        if libraries is not None:
            filters = within(filters, libraries)
    return filters


def check_track(name: str) -> None:
    """Check that a key that is bound to a library may use a track.

    Raises:
        TrackNotFound: it may not.
    """
    if principal().libraries is not None:
        resolve_track(name)

"""Joins Subsonic's ways to say who asks to Segue's: its users and passwords beside API keys."""

from flask import Request, g

from services.api.compat.subsonic.auth import WrongCredentials, authenticate
from services.api.compat.subsonic.render import given
from services.api.context import services
from services.api.security.authentication import authenticate as holder_of
from services.api.security.authentication import is_key_needed
from services.api.security.rate_limits import count_failed_attempt, refuse_after_failed_attempts
from services.domain.access import LOCAL, Principal, Scope
from services.domain.errors import KeyRequired

BY_PASSWORD = Principal(key_id="subsonic", scopes=frozenset({Scope.READ}))
"""Who signs in with SEGUE_SUBSONIC_USER and its password."""


class CatalogueKeys:
    """The API keys of the catalogue; remembers who was found."""

    def __init__(self) -> None:
        self.holder: Principal | None = None

    def are_needed(self) -> bool:
        """Whether this request must show who sends it."""
        return is_key_needed()

    def owner(self, key: str) -> str | None:
        """The listener that a key is bound to, or else the key's id."""
        try:
            self.holder = holder_of(key)
        except KeyRequired:
            return None
        return (self.holder.listener or self.holder.name) if self.holder.has_any((Scope.READ,)) else None


def sign_in(request: Request) -> Principal:
    """Who asks in Subsonic's manner; `g.subsonic_user` is the name.

    Raises:
        SegueError: nobody who may, see `subsonic_auth.authenticate`.
    """
    keys, settings = CatalogueKeys(), services().settings
    address = request.remote_addr or "unix"
    if settings.subsonic_user is not None:
        refuse_after_failed_attempts(address)
    try:
        g.subsonic_user = authenticate(given(), settings, keys)
    except WrongCredentials:
        count_failed_attempt(address)
        raise
    if keys.holder is not None:
        return keys.holder
    return LOCAL if settings.subsonic_user is None else BY_PASSWORD

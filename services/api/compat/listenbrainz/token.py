"""Whose listens a scrobbler sends: the token that it was given says so."""

from flask import g, request

from services.api.compat.listenbrainz.answers import Unauthorised
from services.api.schemas.listens import InvalidListenerName, listener_named
from services.api.security.authentication import authenticate, is_key_needed, optional, principal, require_listener
from services.api.security.permissions import STANDARD, TOKEN
from services.domain.access import LOCAL, Scope, split
from services.domain.errors import KeyRequired

TOKENS = (optional(TOKEN), *STANDARD)
"""Where scrobblers put their token; some have it in the form of everyone else's keys."""


def listener_of(token: str) -> str | None:
    """The listener that a token speaks for; None if it speaks for nobody.

    It is an API key that is bound to one listener. Where no key is needed it may be the listener's name as well: on
    one's own machine that is all there is to say.

    Raises:
        TooManyRequests: there were too many wrong ones from the same address.
    """
    if is_key_needed() or split(token) is not None:
        try:
            holder = authenticate(token)
        except KeyRequired:
            return None
        return holder.listener if holder.has_any((Scope.LISTEN,)) else None
    try:
        return listener_named(token)
    except InvalidListenerName:
        return None


def presented_token() -> str | None:
    """The token of this request, `Authorization: Token …`; None if there is none.

    Raises:
        Unauthorised: the header has another form.
    """
    header = request.headers.get("Authorization")
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token.strip():
        raise Unauthorised("Provided Authorization header is invalid.")
    try:  # WSGI hands over bytes as if they were Latin-1
        return token.strip().encode("latin-1").decode()
    except UnicodeError:
        return token.strip()


def speaking_for() -> str:
    """The listener of this request.

    Raises:
        Unauthorised: no token, or one that speaks for no listener, or for several.
    """
    g.listener = listener = _of_key() if principal() != LOCAL else _of_name()
    return listener


def _of_key() -> str:
    if (listener := principal().listener) is None:
        raise Unauthorised("This key is bound to no listener: segue keys create NAME --scope listen --user LISTENER.")
    return listener


def _of_name() -> str:
    token = presented_token()
    if token is None:
        raise Unauthorised("You need to provide an Authorization header.")
    listener = listener_of(token)
    if listener is None:
        raise Unauthorised("Invalid authorization token.")
    return listener


def own(user: str) -> str:
    """The listener that a parameter names, whose data the request may read.

    Raises:
        ListenerNotAllowed: it may not.
    """
    require_listener(user)
    return listener_named(user)

"""ListenBrainz authentication: the listener of a token."""

from http import HTTPStatus

from flask import g, request

from services.api.http.errors import ApiError
from services.api.schemas.listens import InvalidListenerName, listener_named
from services.api.security.authentication import authenticate, is_key_needed, optional, principal, require_listener
from services.api.security.permissions import KEYS, TOKEN
from services.domain.access import LOCAL, Scope, split
from services.domain.errors import KeyRequired

TOKENS = (optional(TOKEN), *KEYS)
"""Scrobblers send `Authorization: Token …`; some send the token like other API keys."""


class Unauthorised(ApiError):  # noqa: N818
    """The request has no token of a listener."""

    status = HTTPStatus.UNAUTHORIZED


def listener_of(token: str) -> str | None:
    """Return the listener of a token; None if it has none.

    A token is an API key that is bound to one listener. If no key is required, the listener's name is a token as well.

    Raises:
        TooManyRequests: the address sent too many wrong keys.
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
    """Return the token of the `Authorization` header; None if there is no such header.

    Raises:
        Unauthorised: the header has another format.
    """
    header = request.headers.get("Authorization")
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token.strip():
        raise Unauthorised("Provided Authorization header is invalid.")
    try:  # WSGI decodes headers as Latin-1
        return token.strip().encode("latin-1").decode()
    except UnicodeError:
        return token.strip()


def request_listener() -> str:
    """Return the listener of this request, and set `g.listener`.

    Raises:
        Unauthorised: there is no token, or it is not bound to one listener.
    """
    g.listener = listener = _listener_of_key() if principal() != LOCAL else _listener_of_token()
    return listener


def _listener_of_key() -> str:
    if (listener := principal().listener) is None:
        raise Unauthorised(
            "This key is not bound to one listener. Create one: segue keys create NAME --scope listen --user LISTENER"
        )
    return listener


def _listener_of_token() -> str:
    token = presented_token()
    if token is None:
        raise Unauthorised("You need to provide an Authorization header.")
    listener = listener_of(token)
    if listener is None:
        raise Unauthorised("Invalid authorization token.")
    return listener


def allowed_listener(user: str) -> str:
    """Return the listener that a parameter names.

    Raises:
        ListenerNotAllowed: the key is bound to other listeners.
    """
    require_listener(user)
    return listener_named(user)

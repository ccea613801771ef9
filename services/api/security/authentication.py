"""Authenticate requests and check their permissions, as `services.api.security.permissions` declares them.

Audio and image elements cannot send a key, so their URLs contain a media token instead. The signing key combines the
digest of an API key and a secret of the installation. A token therefore stops working when its key is revoked, and a
backup, which does not contain the secret, is not enough to sign one. Every API process can verify a token. It gives
access to media only: the audio, the covers and the pictures that its key may read.
"""

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import structlog
from flask import Flask, Request, Response, after_this_request, current_app, g, request
from itsdangerous import BadSignature, TimestampSigner

from services.api.context import services
from services.api.http.rate_limits import count_failed_attempt, is_local_address
from services.api.schemas.listens import listener_named
from services.api.schemas.media import MediaToken
from services.api.security.permissions import SESSION, Access, KeyLocation, access_of
from services.api.security.sessions import read_session
from services.catalog.keys import LAST_USED_EVERY, ActiveKey
from services.catalog.tenancy import libraries, limit_to, limited_parts
from services.domain.access import LOCAL, ApiKey, Principal, Scope, matches, split
from services.domain.errors import (
    Forbidden,
    InsufficientScope,
    KeyRequired,
    LibraryNotAllowed,
    ListenerNotAllowed,
    ListenerNotFound,
    SegueError,
)

LIFETIME_SECONDS = 3600
"""Longer than almost every track, pauses included. Clients create a new token before one expires."""

MEDIA = "media"


def media_token() -> MediaToken:
    """Return a token for the key of this request; without a key, or with a session, no token is needed.

    Raises:
        KeyRequired: the key was revoked during this request.
    """
    key_id = principal().key_id
    if key_id is None or principal().session_id is not None:
        return MediaToken(token=None, expires_at=None)
    active = services().catalogue.keys.find(key_id)
    if active is None:
        raise KeyRequired(presented=True)
    token = sign_token(services().catalogue.installation.signing_secret(), key_id, active.digest)
    return MediaToken(token=token, expires_at=datetime.now(UTC) + timedelta(seconds=LIFETIME_SECONDS))


def sign_token(secret: bytes, key_id: str, key_digest: bytes) -> str:
    """Return a media token of a key, valid for `LIFETIME_SECONDS`."""
    return f"{key_id}.{_signer(secret, key_digest).sign(MEDIA).decode()}"


def key_id_of(token: str) -> str:
    """Return the id of the API key that a token belongs to, before it is verified."""
    return token.partition(".")[0]


def is_valid(token: str, secret: bytes, key_digest: bytes) -> bool:
    """Whether a media token is signed with this API key and has not expired."""
    signed = token.partition(".")[2]
    try:
        return _signer(secret, key_digest).unsign(signed, max_age=LIFETIME_SECONDS).decode() == MEDIA
    except BadSignature:  # includes expired tokens
        return False


def _signer(secret: bytes, key_digest: bytes) -> TimestampSigner:
    return TimestampSigner(secret + key_digest, salt=b"segue.media", digest_method=hashlib.sha256)


EXTENSION = "segue.key_use"

log = structlog.get_logger(__name__)


def record_use(key: ApiKey) -> None:
    """Record when a key was used, after the response is sent. Each process does so at most every `LAST_USED_EVERY`."""
    noted: dict[str, float] = current_app.extensions.setdefault(EXTENSION, {})
    if time.monotonic() - noted.get(key.id, -float("inf")) < LAST_USED_EVERY.total_seconds():
        return
    noted[key.id] = time.monotonic()
    store = services().catalogue.keys

    def write() -> None:
        try:
            store.record_use(key.id)
        except SegueError as error:
            log.warning("key_use_not_recorded", key=key.id, reason=error.detail)

    @after_this_request
    def when_sent(response: Response) -> Response:
        response.call_on_close(write)
        return response


WRITING_METHODS = frozenset({"POST", "PUT", "PATCH"})
"""Methods of requests that make an unknown listener a member of the libraries of the key."""

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
"""Headers that proxies add. A request with one of them does not come from the machine itself."""


def install_authentication(app: Flask) -> None:
    """Check the permissions of every request before its view runs, and limit it to the libraries of its key."""
    app.before_request(_check_permissions)
    app.before_request(_count_for_libraries)
    app.after_request(_limit_stream)
    app.teardown_request(lambda _: limit_to(None))


def principal() -> Principal:
    """Return the authenticated client, in views that require a scope."""
    return cast("Principal", g.principal)


def require_listener(user: str) -> None:
    """Check that the key may access a listener's data, in views whose route does not name the listener.

    Raises:
        InsufficientScope: the key lacks the scope `listen`.
        ListenerNotAllowed: the key is bound to other listeners.
        ListenerNotFound: the key is bound to libraries, and the listener is a member of others only.
    """
    if not principal().has_any((Scope.LISTEN,)):
        raise InsufficientScope((Scope.LISTEN,))
    listener = listener_named(user)
    if not principal().may_reach(listener):
        raise ListenerNotAllowed
    _require_member(listener)
    g.listener = listener


def authenticate(text: str) -> Principal:
    """Return the principal of a key.

    Raises:
        KeyRequired: the key is wrong or revoked.
        TooManyRequests: the address sent too many wrong keys.
    """
    parts = split(text)
    active = None if parts is None else services().catalogue.keys.find(parts[0])
    right = matches(text if parts is None else parts[1], None if active is None else active.digest)
    return holder_of(active if right else None)


def optional(location: KeyLocation) -> KeyLocation:
    """Return a location for clients of other systems, which always send a token.

    If no key is required, a token that is not a Segue key is ignored.
    """

    def find(request: Request) -> str | None:
        given = location.find(request)
        return given if given is not None and (is_key_needed() or split(given) is not None) else None

    return replace(location, find=find)


def _check_permissions() -> None:
    if request.url_rule is None or request.method == "OPTIONS":
        return  # 404, or the allowed methods
    access = access_of(current_app, request.endpoint or "")
    if access is None:
        log.error("route_without_declaration", endpoint=request.endpoint)
        raise Forbidden("This route declares no permissions, so it is closed.")
    if not access.scopes:
        return
    g.access, g.principal = access, _authenticated(access)
    if not principal().has_any(access.scopes):
        raise InsufficientScope(access.scopes)
    if principal().libraries is not None:
        _limit(access)
    if access.listener is not None:
        require_listener((request.view_args or {})[access.listener])


def _limit(access: Access) -> None:
    """Limit the request to the libraries of its key and to their members.

    Raises:
        LibraryNotAllowed: the view concerns the whole installation.
        ListenerNotFound: the key is bound to a listener of other libraries.
    """
    if access.installation:
        raise LibraryNotAllowed
    limit_to(principal().libraries)
    bound = principal().listener
    # `require_listener` checks the listener of a route.
    if bound is not None and access.listener is None and Scope.LISTEN in access.scopes:
        _require_member(bound)


def _require_member(listener: str) -> None:
    """Check that a listener is a member of the libraries of a bound key. An unknown one becomes one by a write."""
    own = principal().libraries
    if own is None:
        return
    writes = g.access.changes or request.method in WRITING_METHODS
    if not services().catalogue.libraries.admit(listener, own, may_join=writes):
        raise ListenerNotFound(listener)


def _count_for_libraries() -> None:
    """Count a request for the libraries of its key or person; media do not count, because a page shows dozens at once.

    Raises:
        QuotaExceeded: a library has made all the requests of its quota today, and this one records no listens.
    """
    if "principal" in g and not g.access.media and principal().libraries is not None:
        services().meter.count_request(principal().libraries or (), may_refuse=not g.access.records_listens)


def _limit_stream(response: Response) -> Response:
    if libraries() is not None and response.is_streamed and not response.direct_passthrough:
        response.response = limited_parts(response.iter_encoded())
    return response


def _authenticated(access: Access) -> Principal:
    if access.media and "token" in request.args:
        return _holder_of_token(request.args["token"])
    for location in access.key_locations:
        presented = location.find(request)
        if presented is not None and location is not SESSION:
            return authenticate(presented)
        if presented is not None and (session := read_session(presented)) is not None:
            structlog.contextvars.bind_contextvars(session=session.id)
            return session.principal
    if access.sign_in is not None and (signed_in := access.sign_in(request)) is not None:
        return signed_in
    if is_key_needed():
        raise KeyRequired(presented=False)
    return LOCAL


def _holder_of_token(token: str) -> Principal:
    active = services().catalogue.keys.find(key_id_of(token))
    secret = services().catalogue.installation.signing_secret()
    is_right = active is not None and is_valid(token, secret, active.digest)
    return holder_of(active if is_right else None)


def holder_of(active: ActiveKey | None) -> Principal:
    """Return the principal of a key that was verified, and record its use; None is a wrong one.

    Raises:
        KeyRequired: the key is wrong or revoked.
        TooManyRequests: the address sent too many wrong keys.
    """
    if active is None:
        count_failed_attempt(request.remote_addr or "unix")
        raise KeyRequired(presented=True)
    record_use(active.key)
    structlog.contextvars.bind_contextvars(key=active.key.id)
    return active.key.principal


def is_key_needed() -> bool:
    """Whether this request must have a key."""
    settings = services().settings
    # The settings are not enough: gunicorn may be configured to listen on another address.
    if settings.needs_keys or not is_local_address(request.remote_addr):
        return True
    return settings.require_keys is None and any(name in request.headers for name in PROXY_HEADERS)

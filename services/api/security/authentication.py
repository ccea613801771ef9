"""Decide whether a request may proceed. Views state what they need with `services.api.security.permissions`."""

import time
from dataclasses import replace
from typing import cast

import structlog
from flask import Flask, Request, Response, after_this_request, current_app, g, request

from services.api.context import services
from services.api.schemas.listens import listener_named
from services.api.security.permissions import Access, Carrier, access_of
from services.api.security.rate_limits import count_refusal, is_this_machine
from services.api.security.signed_urls import is_valid, key_id_of
from services.catalog.keys import LAST_USED_EVERY, ActiveKey
from services.domain.access import LOCAL, ApiKey, Principal, Scope, matches, split
from services.domain.errors import Forbidden, InsufficientScope, KeyRequired, ListenerNotAllowed, SegueError

EXTENSION = "segue.key_use"

log = structlog.get_logger(__name__)


def note_use(key: ApiKey) -> None:
    """Note the use of a key, unless this process has done so just now."""
    noted: dict[str, float] = current_app.extensions.setdefault(EXTENSION, {})
    if time.monotonic() - noted.get(key.id, -float("inf")) < LAST_USED_EVERY.total_seconds():
        return
    noted[key.id] = time.monotonic()
    store = services().catalogue.keys

    def write() -> None:
        try:
            store.note_use(key.id)
        except SegueError as error:
            log.warning("key_use_not_noted", key=key.id, reason=error.detail)

    @after_this_request
    def when_sent(response: Response) -> Response:
        response.call_on_close(write)
        return response


RELAYED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
"""Headers that proxies add: who sends them is not who asks."""


def install_guard(app: Flask) -> None:
    """Have every request show what its view needs before anything else is done for it."""
    app.before_request(_guard)


def principal() -> Principal:
    """Who asks; only in views that need a scope."""
    return cast("Principal", g.principal)


def require_listener(user: str) -> None:
    """Have the key be one that may reach a listener's data, for views whose route does not name the listener.

    Raises:
        InsufficientScope: it is none for listeners' data.
        ListenerNotAllowed: it is bound to others.
    """
    if not principal().has_any((Scope.LISTEN,)):
        raise InsufficientScope((Scope.LISTEN,))
    listener = listener_named(user)
    if not principal().may_reach(listener):
        raise ListenerNotAllowed
    g.listener = listener  # whose data the answer may hold


def authenticate(text: str) -> Principal:
    """Who holds this key.

    Raises:
        KeyRequired: it is wrong or revoked.
        TooManyRequests: and so were too many before it from the same address.
    """
    parts = split(text)
    active = None if parts is None else services().catalogue.keys.find(parts[0])
    right = matches(text if parts is None else parts[1], None if active is None else active.digest)
    return _admit(active if right else None)


def lenient(carrier: Carrier) -> Carrier:
    """The same place for clients of other systems, which must send something there.

    What is no key of Segue's counts only where a key is needed.
    """

    def find(asked: Request) -> str | None:
        given = carrier.find(asked)
        return given if given is not None and (is_key_needed() or split(given) is not None) else None

    return replace(carrier, find=find)


def _guard() -> None:
    if request.url_rule is None or request.method == "OPTIONS":
        return  # nothing is there, or only the methods are asked for
    access = access_of(current_app, request.endpoint or "")
    if access is None:
        log.error("route_without_declaration", endpoint=request.endpoint)
        raise Forbidden("What this needs has not been declared, so nobody may ask for it.")
    if not access.scopes:
        return
    g.access, g.principal = access, _who(access)
    if not principal().has_any(access.scopes):
        raise InsufficientScope(access.scopes)
    if access.listener is not None:
        require_listener((request.view_args or {})[access.listener])


def _who(access: Access) -> Principal:
    if access.signed and "token" in request.args:
        return _holder_of_signature(request.args["token"])
    presented = next((key for carrier in access.carriers if (key := carrier.find(request)) is not None), None)
    if presented is not None:
        return authenticate(presented)
    if access.vouch is not None and (vouched := access.vouch(request)) is not None:
        return vouched
    if is_key_needed():
        raise KeyRequired(presented=False)
    return LOCAL


def _holder_of_signature(token: str) -> Principal:
    active = services().catalogue.keys.find(key_id_of(token))
    secret = services().catalogue.installation.signing_secret()
    track_id = (request.view_args or {}).get("track_id", "")
    is_right = active is not None and is_valid(token, secret, active.digest, track_id)
    return _admit(active if is_right else None)


def _admit(active: ActiveKey | None) -> Principal:
    if active is None:
        count_refusal(request.remote_addr or "unix")
        raise KeyRequired(presented=True)
    note_use(active.key)
    structlog.contextvars.bind_contextvars(key=active.key.id)
    return active.key.principal


def is_key_needed() -> bool:
    """Whether this request must show who sends it."""
    settings = services().settings
    # The peer is looked at besides the settings: gunicorn may have been told another address than they name.
    if settings.needs_keys or not is_this_machine(request.remote_addr):
        return True
    return settings.require_keys is None and any(name in request.headers for name in RELAYED)

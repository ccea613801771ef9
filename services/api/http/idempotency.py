"""`Idempotency-Key`: a repeated POST with the same key runs once and gets the same response.

Successful responses are stored. After an error the same key may be used again. If a process dies, its key stays locked
until the lease expires, and a later repetition runs again. The same audio is the same track and the same listen is
stored once; only a playlist may be created twice, or get the same tracks twice.
"""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request

from services.api.context import services
from services.api.request_limits import IDEMPOTENCY_KEY_MAX
from services.api.security.authentication import principal
from services.api.security.permissions import access_of
from services.catalog.idempotency import Claim, KeptAnswer, Mismatch, Running
from services.domain.errors import IdempotencyKeyReused, InvalidRequest, RequestStillRunning, SegueError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""Response header: this is the stored response of an earlier request."""

RETRY_AFTER_SECONDS = 1
"""Most requests finish within this time."""

PRINTABLE = re.compile("[!-~]+")

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

READ_BYTES = 1024 * 1024

log = structlog.get_logger(__name__)

View = Callable[..., Any]


class InvalidIdempotencyKey(InvalidRequest):
    """The `Idempotency-Key` header is not a valid key."""

    def __init__(self) -> None:
        super().__init__(
            f"An Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters, such as a UUID has."
        )


def install_idempotency(app: Flask) -> None:
    """Support `Idempotency-Key` on every repeatable POST that needs a scope; call it after all routes are added."""
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if "POST" in (rule.methods or ()) and access is not None and access.repeatable:
            app.view_functions[rule.endpoint] = _repeatable(app.view_functions[rule.endpoint])


def _repeatable(view: View) -> View:
    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  any view
        # Public views have no principal that could own the key.
        if request.method != "POST" or HEADER not in request.headers or "principal" not in g:
            return view(*args, **kwargs)
        store = services().catalogue.idempotency
        found = store.begin(_request_id(), _fingerprint())
        if isinstance(found, Mismatch):
            raise IdempotencyKeyReused
        if isinstance(found, Running):
            raise RequestStillRunning(RETRY_AFTER_SECONDS)
        if isinstance(found, KeptAnswer):
            return Response(found.body, found.status, [*found.headers, (REPLAYED, "true")])
        return _run(found, lambda: view(*args, **kwargs))

    return once


def _run(claim: Claim, view: Callable[[], Any]) -> Response:
    store = services().catalogue.idempotency
    try:
        response = current_app.make_response(view())
    except BaseException:
        store.release(claim)
        raise
    try:
        if response.status_code < 300:  # noqa: PLR2004  success
            answer = KeptAnswer(response.status_code, list(response.headers.items()), response.get_data())
            store.finish(claim, answer, g.get("listener"))
        else:
            store.release(claim)
    except SegueError as error:  # the request itself succeeded
        log.warning("response_not_stored", reason=error.detail)
    return response


def _request_id() -> str:
    key = request.headers[HEADER]
    if not (len(key) <= IDEMPOTENCY_KEY_MAX and PRINTABLE.fullmatch(key)):
        raise InvalidIdempotencyKey
    # Without API keys a scrobbler's token is the listener's name, so keys of different listeners must not collide.
    return _digest(principal().name, request.headers.get("Authorization", ""), request.path, key)


def _fingerprint() -> str:
    """Return a hash of the request. A form is hashed by its parts because its boundary differs each time."""
    query = request.query_string.decode(errors="replace")
    if request.mimetype not in FORMS:
        return _digest(query, request.mimetype, hashlib.sha256(request.get_data()).hexdigest())
    parts = [f"{name}={value}" for name, value in request.form.items(multi=True)]
    for name, file in request.files.items(multi=True):
        content = hashlib.sha256()
        while piece := file.stream.read(READ_BYTES):
            content.update(piece)
        file.stream.seek(0)
        parts.append(f"{name}={file.filename}={content.hexdigest()}")
    return _digest(query, *parts)


def _digest(*parts: str) -> str:
    # With the length of each part, so that different lists never give the same text.
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode(errors="replace")).hexdigest()

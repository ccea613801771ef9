"""`Idempotency-Key`: a POST that is sent again with the same key is done once and answered alike.

Only answers that say that something was done are kept. After an error nothing was, so the same key may try again. A
run that dies holds its key until its lease ends; whoever repeats the request then does it anew, which every POST of
this API bears: the same audio is the same track, the same listen is the same listen.
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
from services.catalog.idempotency import Claim, KeptAnswer, Mismatch, Running
from services.domain.errors import IdempotencyKeyReused, InvalidRequest, RequestStillRunning, SegueError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""Says that the answer is the one to an earlier request."""

RETRY_AFTER_SECONDS = 1
"""Most requests end within it."""

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
    """Let every POST be repeated that needs a scope; call it when all routes are there."""
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            app.view_functions[rule.endpoint] = _repeatable(app.view_functions[rule.endpoint])


def _repeatable(view: View) -> View:
    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  whatever the view takes and gives
        # Where nobody is asked for a key, nobody could be told from another.
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
        if response.status_code < 300:  # noqa: PLR2004  it says that something was done
            answer = KeptAnswer(response.status_code, list(response.headers.items()), response.get_data())
            store.finish(claim, answer, g.get("listener"))
        else:
            store.release(claim)
    except SegueError as error:  # it is done all the same, and the client must learn that
        log.warning("answer_not_kept", reason=error.detail)
    return response


def _request_id() -> str:
    key = request.headers[HEADER]
    if not (len(key) <= IDEMPOTENCY_KEY_MAX and PRINTABLE.fullmatch(key)):
        raise InvalidIdempotencyKey
    # Without API keys a scrobbler's token is its listener's name: what one sent is no repetition of another's.
    return _digest(principal().name, request.headers.get("Authorization", ""), request.path, key)


def _fingerprint() -> str:
    """What tells two requests apart. A form is taken by its parts: its boundary is another each time it is sent."""
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
    # Each part by its length as well, so that no two lists of parts make the same text.
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode(errors="replace")).hexdigest()

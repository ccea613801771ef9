"""Version 2.0 of the protocol, at the path that Last.fm has."""

import re
from collections.abc import Mapping

from flask import Blueprint, Request, Response, request

from services.api.compat.audioscrobbler.methods import METHODS
from services.api.compat.audioscrobbler.responses import Code, failure, success
from services.api.compat.audioscrobbler.schemas import AudioscrobblerAnswer, AudioscrobblerRequest
from services.api.compat.audioscrobbler.sessions import holder_of_session, with_password, with_token
from services.api.http.operation import operation
from services.api.security.permissions import KEYS, Access, KeyLocation, set_default_access
from services.domain.access import Principal, Scope, split
from services.domain.errors import InvalidRequest

SIGN_IN = "auth.getmobilesession"
SIGNATURE = re.compile("[0-9a-fA-F]{32}")

OTHER_FORMATS = {
    200: {"content": {"text/xml": {"schema": {"type": "string", "description": "The root element is `lfm`."}}}}
}


def _own_key(sent: Request) -> str | None:
    key = sent.values.get("api_key", "")
    return key if split(key) is not None and _method(sent.values) != SIGN_IN else None


API_KEY = KeyLocation("apiKeyParameter", (("type", "apiKey"), ("in", "query"), ("name", "api_key")), _own_key)
"""Segue's key in place of the application's key: enough for programs that only read."""


def _sign_in(sent: Request) -> Principal | None:
    """Return the principal of a session key, or of the password of `auth.getMobileSession`."""
    given = sent.values
    if _method(given) != SIGN_IN:
        return holder_of_session(given["sk"]) if given.get("sk") else None
    name, token, password = (given.get(each, "") for each in ("username", "authToken", "password"))
    if not name or not (token or password):
        raise InvalidRequest("Invalid parameters: auth.getMobileSession needs username, and password or authToken.")
    return with_password(name, password) if password else with_token(name, token)


audioscrobbler = Blueprint("audioscrobbler", __name__, url_prefix="/2.0")
set_default_access(
    audioscrobbler,
    Access((Scope.LISTEN,), key_locations=(API_KEY, *KEYS), repeatable=False, records_listens=True, sign_in=_sign_in),
)


@audioscrobbler.get("/", strict_slashes=False)
@operation(
    "audioscrobblerRead",
    "Call a method that reads (Audioscrobbler 2.0)",
    reads={"query": AudioscrobblerRequest},
    returns=AudioscrobblerAnswer,
    responses=OTHER_FORMATS,
)
def read() -> Response:
    """Call `user.getRecentTracks` or `user.getInfo`; the response is XML, or JSON with `format=json`."""
    return _run(request.args, may_change=False)


@audioscrobbler.post("/", strict_slashes=False)
@operation(
    "audioscrobblerCall",
    "Call a method (Audioscrobbler 2.0)",
    reads={"form": AudioscrobblerRequest},
    returns=AudioscrobblerAnswer,
    responses=OTHER_FORMATS,
)
def call() -> Response:
    """Call a method of Audioscrobbler, as scrobblers for Last.fm do; the response is XML, or JSON with `format=json`.

    `auth.getMobileSession` returns a session key for the password of an account; the other methods get it as `sk`:
    `track.scrobble`, `track.updateNowPlaying`, `track.love`, `track.unlove`, `user.getRecentTracks`, `user.getInfo`.
    """
    return _run(request.values, may_change=True)


def _run(given: Mapping[str, str], *, may_change: bool) -> Response:
    if not given.get("method"):
        return failure(Code.INVALID_PARAMETERS, "Required parameter is missing: method.", 400)
    method = METHODS.get(_method(given))
    if method is None:
        return failure(Code.INVALID_METHOD, f"Segue has no method '{given['method']}'.", 400)
    if method.is_signed and not may_change:
        return failure(Code.INVALID_PARAMETERS, "Send this method by POST.", 400)
    if method.is_signed and SIGNATURE.fullmatch(given.get("api_sig", "")) is None:
        return failure(
            Code.INVALID_SIGNATURE, "Invalid method signature: api_sig must have 32 hexadecimal digits.", 400
        )
    return success(method.run(given))


def _method(given: Mapping[str, str]) -> str:
    return given.get("method", "").casefold()

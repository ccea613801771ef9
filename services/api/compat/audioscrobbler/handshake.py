"""Version 1.2 of the protocol, for players such as MPD's: a handshake, then what plays now and what was played."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from flask import Blueprint, Request, Response, request, url_for

from services.api.compat.audioscrobbler.schemas import Handshake, PlayingNotice, Submission
from services.api.compat.audioscrobbler.scrobbles import Ignored, batch, read_listen
from services.api.compat.audioscrobbler.sessions import (
    holder_of_session,
    listener_of_request,
    new_session,
    with_handshake,
)
from services.api.context import services
from services.api.http.operation import operation
from services.api.playing import note_playing
from services.api.schemas.service import Problem
from services.api.security.permissions import Access, set_default_access
from services.catalog.database import now
from services.domain.access import Principal, Scope
from services.domain.errors import InvalidRequest
from services.domain.listening import EventKind

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/audioscrobbler"

CLOCK_TOLERANCE = timedelta(hours=1)
"""How far a player's clock may differ, which limits how long an overheard handshake can be repeated."""

NAMES = {
    "a": "artist",
    "t": "track",
    "i": "timestamp",
    "l": "duration",
    "b": "album",
    "m": "mbid",
    "r": "rating",
}
"""The names that version 2.0 has for the fields of a listen; `rating` is this version's own."""

VERDICTS = {"L": EventKind.LIKE, "B": EventKind.BAN}
SKIPPED = "S"

BAD_AUTH, BAD_SESSION, BAD_TIME, OK = "BADAUTH", "BADSESSION", "BADTIME", "OK"


class WithHandshake:
    """WSGI middleware that moves handshakes, which players send to `/?hs=true`, to a path of their own."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Call the application; a handshake gets the path of `shake_hands`."""
        if environ.get("PATH_INFO") == "/" and "hs" in parse_qs(environ.get("QUERY_STRING", "")):
            environ["PATH_INFO"] = f"{PREFIX}/"
        return self._app(environ, start_response)


def audioscrobbler_line(problem: Problem) -> Response:
    """Render a problem as a line of text. As in the protocol, the status is 200 unless the service is unavailable."""
    if problem.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _lines(BAD_AUTH if request.path == f"{PREFIX}/" else BAD_SESSION)
    is_ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR or problem.status == HTTPStatus.TOO_MANY_REQUESTS
    return _lines(f"FAILED {problem.detail}", status=problem.status if is_ours else HTTPStatus.OK)


def _sign_in(sent: Request) -> Principal | None:
    given = sent.values
    if sent.path != f"{PREFIX}/":
        return holder_of_session(given.get("s", ""))
    if given.get("sk"):
        return holder_of_session(given["sk"])
    return with_handshake(given.get("u", ""), given.get("a", ""), given.get("t", ""))


audioscrobbler_1 = Blueprint("audioscrobbler_1", __name__, url_prefix=PREFIX)
set_default_access(
    audioscrobbler_1,
    Access((Scope.LISTEN,), key_locations=(), repeatable=False, records_listens=True, sign_in=_sign_in),
)

TEXT = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@audioscrobbler_1.get("/")
@operation(
    "audioscrobblerHandshake",
    "Sign in (Audioscrobbler 1.2)",
    reads={"query": Handshake},
    responses=TEXT,
    meaning="`OK`, a session key and two addresses, each on a line; or `BADAUTH`, `BADTIME` or `FAILED` with a reason.",
)
def shake_hands() -> Response:
    """Get a session key, and the addresses for what plays now and for plays. Players send this to `/?hs=true`."""
    if not _is_now(request.args.get("t", "")):
        return _lines(BAD_TIME)
    scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else request.scheme
    views = (f"audioscrobbler_1.{view.__name__}" for view in (note_now_playing, submit))
    return _lines(OK, new_session(), *(url_for(view, _external=True, _scheme=scheme) for view in views))


@audioscrobbler_1.post("/now-playing")
@operation(
    "audioscrobblerNowPlaying",
    "Tell what plays now (Audioscrobbler 1.2)",
    reads={"form": PlayingNotice},
    responses=TEXT,
    meaning="`OK`, `BADSESSION`, or `FAILED` with a reason.",
)
def note_now_playing() -> Response:
    """Tell what the listener has just started to play."""
    sent = read_listen(_named(request.values), now())
    if sent.ignored == Ignored.NO:
        note_playing(listener_of_request(), sent.listen, client=None)
    return _lines(OK)


@audioscrobbler_1.post("/submissions")
@operation(
    "audioscrobblerSubmit",
    "Submit plays (Audioscrobbler 1.2)",
    reads={"form": Submission},
    responses=TEXT,
    meaning="`OK`, `BADSESSION`, or `FAILED` with a reason.",
)
def submit() -> Response:
    """Submit up to 50 plays. The response is sent after they are on disk.

    The rating `L` is a like and `B` a ban, both beside the play; `S` makes a skip of it.
    """
    moment, listens = now(), []
    for fields in batch(_given(), "a"):
        named = _named(fields)
        if "timestamp" not in named:
            raise InvalidRequest("i is missing")
        rating = named.get("rating", "")
        sent = read_listen(named, moment, EventKind.SKIP if rating == SKIPPED else EventKind.PLAY)
        if sent.ignored == Ignored.NO:
            listens.append(sent.listen)
            if rating in VERDICTS:
                listens.append(replace(sent.listen, kind=VERDICTS[rating]))
    if listens:
        services().catalogue.listens.add(listener_of_request(), listens)
    return _lines(OK)


def _given() -> dict[str, str]:
    """Return the parameters; of one that is given twice the last value that is not empty.

    mpdscribble sends a loved song with an empty rating and then with `L`.
    """
    return {name: next(filter(None, reversed(values)), "") for name, values in request.values.lists()}


def _named(fields: Mapping[str, str]) -> dict[str, str]:
    return {NAMES[name]: value for name, value in fields.items() if name in NAMES and value}


def _is_now(timestamp: str) -> bool:
    try:
        return abs(now().timestamp() - int(timestamp)) <= CLOCK_TOLERANCE.total_seconds()
    except (ValueError, OverflowError):
        return False


def _lines(*lines: str, status: int = HTTPStatus.OK) -> Response:
    text = "".join(f"{' '.join(line.split())}\n" for line in lines)
    return Response(text, status, content_type="text/plain; charset=utf-8")

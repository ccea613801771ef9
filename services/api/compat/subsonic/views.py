"""The routes of OpenSubsonic's methods."""

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from services.api.compat.subsonic.method import Method
from services.api.compat.subsonic.methods import (
    about,
    accounts,
    annotations,
    browsing,
    lists,
    media,
    playlists,
    queue,
    searching,
    similar,
    system,
)
from services.api.compat.subsonic.responses import Code, failure, success, wrong_format
from services.api.compat.subsonic.schemas.envelope import SubsonicAnswer
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.http.files import file_responses
from services.api.http.operation import operation
from services.api.security.permissions import public, requires

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/rest"

SUFFIX = ".view"


class WithoutViewSuffix:
    """WSGI middleware that removes the suffix `.view`, so that each method has one route."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Call the application with the path without the suffix."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{PREFIX}/") and path.endswith(SUFFIX):
            environ["PATH_INFO"] = path.removesuffix(SUFFIX)
        return self._app(environ, start_response)


subsonic = Blueprint("subsonic", __name__, url_prefix=PREFIX)

METHODS = (
    *system.METHODS,
    *accounts.METHODS,
    *browsing.METHODS,
    *lists.METHODS,
    *searching.METHODS,
    *about.METHODS,
    *media.METHODS,
    *annotations.METHODS,
    *playlists.METHODS,
    *queue.METHODS,
    *similar.METHODS,
)

ENVELOPES = {
    "text/xml": {"schema": {"type": "string", "description": "The root element is `subsonic-response`."}},
    "text/javascript": {"schema": {"type": "string", "description": "A call of `callback` with the JSON."}},
}
RESULT = "The result, or `error` with its code; the status is 200 for both. `f` sets the format."
FILE = "The file, or `error` with its code; the status is 200 for both. `f` sets the format of errors."

subsonic.before_request(wrong_format)


def _responses(method: Method) -> dict[int, dict[str, Any]]:
    if not method.sends:
        return {200: {"content": ENVELOPES}}
    described = file_responses(method.sends)
    return {**described, 200: {"content": {**ENVELOPES, **described[200]["content"]}}}


def _serve(method: Method) -> None:
    """Add the routes of a method: GET with a query, and POST with a form."""
    for verb, ending in (("GET", ""), ("POST", "ByForm")):

        def view(query: SubsonicQuery | None = None, form: SubsonicQuery | None = None) -> Response:
            result = method.run(query or form)
            return result if isinstance(result, Response) else success(result)

        requires(method.access)(view)
        view.__name__ = f"{verb.lower()}_{method.name}"
        declare_operation = operation(
            f"subsonic{method.name[0].upper()}{method.name[1:]}{ending}",
            f"{method.summary} (OpenSubsonic)",
            description=f"{inspect.getdoc(method.run)} The path with `.view` at the end works as well.",
            returns=SubsonicAnswer,
            meaning=FILE if method.sends else RESULT,
            responses=_responses(method),
            query=method.query if verb == "GET" else None,
            form=method.query if verb == "POST" else None,
        )
        described = declare_operation(view)
        subsonic.add_url_rule(f"/{method.name}", view.__name__, described, methods=[verb])


for served in METHODS:
    _serve(served)


@subsonic.route("/<path:method>", methods=["GET", "POST"])
@public
def unknown_method(method: str) -> Response:
    """Answer a method that Segue does not have: clients try methods and go on without them."""
    return failure(Code.GENERIC, f"Segue has no method '{method}'.")

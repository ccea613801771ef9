"""The path below which a proxy serves Segue, from the header `X-Forwarded-Prefix`."""

import re
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VARIABLE = "HTTP_X_FORWARDED_PREFIX"

PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[\w.~-]+)+", re.ASCII)
"""A path such as `/segue` or `/apps/segue`; `//host` would be an address of another host, `/..` one outside."""


def install_prefix(app: Flask) -> None:
    """Put the prefix in front of every path that a response contains.

    The proxy removes it from the path of the request. A client that sends the header itself changes only the addresses
    in its own response.
    """
    app.wsgi_app = _with_prefix(app.wsgi_app)  # type: ignore[method-assign,assignment]


def _with_prefix(served: "WSGIApplication") -> "WSGIApplication":
    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> object:
        prefix = environ.get(VARIABLE, "").rstrip("/")
        if PATH.fullmatch(prefix):
            environ["SCRIPT_NAME"] = prefix
        return served(environ, start_response)

    return application  # type: ignore[return-value]

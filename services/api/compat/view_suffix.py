"""Subsonic's methods may be asked for as `ping` or, as in its first versions, as `ping.view`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from services.api.compat.paths import SUBSONIC_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SUFFIX = ".view"


class WithoutViewSuffix:
    """WSGI middleware that takes the suffix off: one route for both names."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request under the name without the suffix."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(SUBSONIC_PREFIX) and path.endswith(SUFFIX):
            environ["PATH_INFO"] = path.removesuffix(SUFFIX)
        return self._app(environ, start_response)

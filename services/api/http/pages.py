"""Static pages, and the security headers of all responses."""

import re
from contextlib import suppress
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

from services.api.security.permissions import PUBLIC, set_default_access

API_POLICY = "default-src 'none'; frame-ancestors 'none'"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

# Swagger UI uses style attributes and data: URLs for icons.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

POLICY_OF_BLUEPRINT = {"web": PAGE_POLICY, "reference": DOCS_POLICY}


def install_headers(app: Flask) -> None:
    """Add the security headers to every response."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = POLICY_OF_BLUEPRINT.get(request.blueprint or "", API_POLICY)
    # The library may change at any time. Files have their own validators.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


BUNDLE = Path(__file__).parents[2] / "web" / "dist"
"""The page as Vite builds it: `services/web/README.md`."""

MEDIA_TYPES = {".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}
"""Types that not every system knows."""

HASHED = re.compile(r"-[\w-]{8}\.\w+$")
"""Names of files that contain a hash of their content, so that they never change."""
YEAR_SECONDS = 31_536_000

web = Blueprint("web", __name__)
reference = Blueprint("reference", __name__)
for pages in (web, reference):
    set_default_access(pages, PUBLIC)


@web.get("/")
def index() -> Response:
    """Serve the page."""
    return _send_bundled("index.html")


@web.get("/favicon.ico")
def favicon() -> Response:
    """Serve the icon for programs that look for it at this address."""
    return _send_bundled("favicon.ico")


@web.get("/web/<path:name>")
def asset(name: str) -> Response:
    """Serve a file of the page."""
    return _send_bundled(f"web/{name}")


def _send_bundled(name: str) -> Response:
    """Send a file of the bundle, compressed if there is a compressed copy and the browser accepts it."""
    media_type = MEDIA_TYPES.get(Path(name).suffix) or guess_type(name)[0]
    response = None
    if request.accept_encodings["gzip"]:
        with suppress(NotFound):  # images and fonts are compressed already
            response = send_from_directory(BUNDLE, f"{name}.gz", mimetype=media_type, max_age=0)
            response.content_encoding = "gzip"
    response = response or send_from_directory(BUNDLE, name, mimetype=media_type, max_age=0)
    response.vary.add("Accept-Encoding")
    if HASHED.search(name):
        response.cache_control.max_age = YEAR_SECONDS
        response.cache_control.immutable = True
    return response


@reference.get("/docs")
def docs() -> Response:
    """Serve the API reference, which the browser renders from /openapi.json."""
    return _send_bundled("web/reference/index.html")


@reference.get("/docs/assets/<name>")
def docs_asset(name: str) -> Response:
    """Serve a file of Swagger UI from its installed package."""
    return send_from_directory(_swagger_ui(), name, max_age=0)


def _swagger_ui() -> Path:
    spec = find_spec("flask_swagger_ui")  # only its files are used, so it is not imported
    if spec is None or spec.origin is None:
        raise FileNotFoundError("flask-swagger-ui is not installed.")
    return Path(spec.origin).parent / "dist"

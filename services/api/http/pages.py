"""Static pages, and the security headers of all responses."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory

from services.api.security.permissions import PUBLIC, set_default_access

API_POLICY = "default-src 'none'; frame-ancestors 'none'"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
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


WEB = Path(__file__).parents[2] / "web"

web = Blueprint("web", __name__)
reference = Blueprint("reference", __name__)
for pages in (web, reference):
    set_default_access(pages, PUBLIC)


@web.get("/")
def index() -> Response:
    """Serve the page."""
    return send_from_directory(WEB, "index.html", max_age=0)


@web.get("/web/<path:name>")
def asset(name: str) -> Response:
    """Serve a file of the page."""
    return send_from_directory(WEB, name, max_age=0)


@reference.get("/docs")
def docs() -> Response:
    """Serve the API reference, which the browser renders from /openapi.json."""
    return send_from_directory(WEB / "reference", "index.html", max_age=0)


@reference.get("/docs/assets/<name>")
def docs_asset(name: str) -> Response:
    """Serve a file of Swagger UI from its installed package."""
    return send_from_directory(_swagger_ui(), name, max_age=0)


def _swagger_ui() -> Path:
    spec = find_spec("flask_swagger_ui")  # only its files are used, so it is not imported
    if spec is None or spec.origin is None:
        raise FileNotFoundError("flask-swagger-ui is not installed.")
    return Path(spec.origin).parent / "dist"

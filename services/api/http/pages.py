"""Headers that keep browsers from doing what Segue never needs."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory

from services.api.security.permissions import PUBLIC, set_default_access

API_POLICY = "default-src 'none'; frame-ancestors 'none'"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# Swagger UI sets style attributes and carries its icons as data: URLs.
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
    """Add the headers to every answer."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = POLICY_OF_BLUEPRINT.get(request.blueprint or "", API_POLICY)
    # What the library holds changes at any moment; files bring their own validators.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


WEB = Path(__file__).parents[2] / "web"

web = Blueprint("web", __name__)
reference = Blueprint("reference", __name__)
for pages in (web, reference):
    set_default_access(pages, PUBLIC)


@web.get("/")
def index() -> Response:
    """The page."""
    return send_from_directory(WEB, "index.html", max_age=0)


@web.get("/web/<path:name>")
def asset(name: str) -> Response:
    """What the page is made of."""
    return send_from_directory(WEB, name, max_age=0)


@reference.get("/docs")
def docs() -> Response:
    """The reference, rendered from /openapi.json in the browser."""
    return send_from_directory(WEB / "reference", "index.html", max_age=0)


@reference.get("/docs/assets/<name>")
def docs_asset(name: str) -> Response:
    """Swagger UI, from the wheel that carries it: nothing is fetched from elsewhere."""
    return send_from_directory(_swagger_ui(), name, max_age=0)


def _swagger_ui() -> Path:
    spec = find_spec("flask_swagger_ui")  # its own code is not wanted, so it is never imported
    if spec is None or spec.origin is None:
        raise FileNotFoundError("flask-swagger-ui is not installed.")
    return Path(spec.origin).parent / "dist"

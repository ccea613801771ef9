"""Static pages: the web page at `/`, and the readable reference of the API at `/docs`."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from services.api.access import OPEN, declare

WEB = Path(__file__).parent.parent / "web"

web = Blueprint("web", __name__)
reference = Blueprint("reference", __name__)
for pages in (web, reference):
    declare(pages, OPEN)


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

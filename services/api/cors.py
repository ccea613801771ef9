"""Pages of other origins: none, unless the settings list them. Keys travel in headers, so no cookies are wanted."""

from flask import Flask, Response, request

from services.api.idempotent import HEADER as IDEMPOTENCY_HEADER
from services.api.idempotent import REPLAYED
from services.api.observability import REQUEST_ID_HEADER
from services.settings import Settings

ALLOWED_HEADERS = f"Authorization, Content-Type, Range, X-API-Key, {IDEMPOTENCY_HEADER}, {REQUEST_ID_HEADER}"
EXPOSED_HEADERS = f"Accept-Ranges, Content-Range, ETag, Location, Retry-After, {REPLAYED}, {REQUEST_ID_HEADER}"
PREFLIGHT_SECONDS = 600
"""How long a browser remembers the answer: short enough that taking an origin off the list is soon felt."""


def install_cors(app: Flask, settings: Settings) -> None:
    """Answer preflights and mark answers for the origins that are listed."""
    if not settings.cors_origins:
        return

    def mark(response: Response) -> Response:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin is None or not is_listed(origin, settings):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    app.after_request(mark)


def is_listed(origin: str, settings: Settings) -> bool:
    """Whether the pages of an origin may use the API."""
    return origin.lower() in settings.cors_origins

"""Protection against pages of other sites: host names, cross-site requests, CORS.

An API without keys must not be reachable from any page that a browser on the machine shows.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from services.api.http.idempotency import HEADER as IDEMPOTENCY_HEADER
from services.api.http.idempotency import REPLAYED
from services.api.http.observability import REQUEST_ID_HEADER
from services.api.security.permissions import access_of
from services.domain.errors import Forbidden
from services.settings import Settings, canonical_host

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OWN_SITES = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for its own page, and for an address that a user enters."""


class HostNotAllowed(Forbidden):
    """The `Host` header is not a name of this service, as in DNS rebinding."""

    def __init__(self, host: str) -> None:
        super().__init__(f"'{host}' is not a name of this service. If it should be, add it to SEGUE_ALLOWED_HOSTS.")


class CrossSiteRequest(Forbidden):
    """A page of another site sends a request that changes data."""

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"A page of '{origin}' cannot change data here. If this service is behind a proxy, configure the proxy to "
            "pass on the Host header, and add the name to SEGUE_ALLOWED_HOSTS."
        )


def install_origin_checks(app: Flask, settings: Settings) -> None:
    """Refuse requests with a foreign `Host`, and requests of other sites' pages that change data."""

    def check() -> None:
        if not _is_own_name(canonical_host(_host_name(f"//{request.host}")), settings):
            raise HostNotAllowed(request.host)
        if request.method not in SAFE_METHODS or _changes_data():
            _check_origin(settings)

    app.before_request(check)


def _changes_data() -> bool:
    access = access_of(current_app, request.endpoint or "")
    return access is not None and access.changes


def _is_own_name(name: str, settings: Settings) -> bool:
    if name in settings.host_names:
        return True
    # DNS rebinding needs a name. With an IP address as host, the browser connected to that address itself.
    return settings.listens_everywhere and not settings.allowed_hosts and _is_address(name)


def _check_origin(settings: Settings) -> None:
    """Refuse a request of another page. Pages cannot set these headers, and programs send none.

    Browsers send `Sec-Fetch-Site` over HTTPS and to loopback only.
    """
    site, page = request.headers.get("Sec-Fetch-Site"), _page()
    if page is not None and is_allowed_origin(page, settings):
        return
    is_own_host = page is None or urlsplit(page).netloc == request.host
    if not (is_own_host if site is None else site in OWN_SITES):  # a page at another port of this host is `same-site`
        raise CrossSiteRequest(page or "another site")


def _page() -> str | None:
    """Return the origin of the page that sends the request. GET has no `Origin` on the same site or from an element."""
    given = request.headers.get("Origin") or request.headers.get("Referer")
    if given is None:
        return None
    try:
        page = urlsplit(given)
    except ValueError:  # invalid IPv6 address in brackets
        return "null"
    return f"{page.scheme}://{page.netloc}" if page.netloc else "null"


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # invalid IPv6 address in brackets
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


ALLOWED_HEADERS = f"Authorization, Content-Type, Range, X-API-Key, {IDEMPOTENCY_HEADER}, {REQUEST_ID_HEADER}"
EXPOSED_HEADERS = (
    "Accept-Ranges, Content-Range, Deprecation, ETag, Link, Location, Retry-After, Sunset, "
    f"{REPLAYED}, {REQUEST_ID_HEADER}"
)
PREFLIGHT_SECONDS = 600
"""How long a browser caches a preflight. Short, so that a removed origin soon loses access."""


def install_cors(app: Flask, settings: Settings) -> None:
    """Answer preflight requests and add CORS headers for the origins in `SEGUE_CORS_ORIGINS`."""
    if not settings.cors_origins:
        return

    def mark(response: Response) -> Response:
        response.vary.add("Origin")
        if _is_embedded(response, settings):
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        origin = request.headers.get("Origin")
        if origin is None or not is_allowed_origin(origin, settings):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    app.after_request(mark)


def _is_embedded(response: Response, settings: Settings) -> bool:
    """Whether an element of an allowed page, such as `new Audio(address)`, asks for media.

    Elements send no `Origin` unless they have the attribute `crossorigin`, but browsers name the page in `Referer`.
    """
    if "access" not in g or not g.access.media:
        return False
    response.vary.add("Referer")
    page = _page()
    return page is not None and is_allowed_origin(page, settings)


def is_allowed_origin(origin: str, settings: Settings) -> bool:
    """Whether pages of this origin may use the API."""
    return origin.lower() in settings.cors_origins

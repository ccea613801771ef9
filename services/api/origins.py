"""Who may ask: an API without keys is kept from web pages that were not served by it."""

from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, request

from services.api.cors import is_listed
from services.domain.errors import SegueError
from services.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class HostNotAllowed(SegueError):  # noqa: N818  the names read as the answer they become
    """The service is addressed by a name that is not its own, as in DNS rebinding."""

    status = HTTPStatus.FORBIDDEN
    title = "Host not allowed"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"'{host}' is not a name of this service. If it is one, add it to the setting SEGUE_ALLOWED_HOSTS."
        )


class CrossSiteRequest(SegueError):  # noqa: N818
    """A page of another site asks for a change."""

    status = HTTPStatus.FORBIDDEN
    title = "Cross-site request"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"A page of '{origin}' may not change anything here. If that is this service behind a proxy, have the "
            "proxy pass on the Host header, and add the name to the setting SEGUE_ALLOWED_HOSTS."
        )


def install_origin_checks(app: Flask, settings: Settings) -> None:
    """Refuse requests to foreign names, and changes that pages of other sites ask for."""

    def check() -> None:
        if not _is_allowed(_host_name(f"//{request.host}"), settings):
            raise HostNotAllowed(request.host)
        if request.method not in SAFE_METHODS:
            _check_origin(settings)

    app.before_request(check)


def _is_allowed(name: str, settings: Settings) -> bool:
    if name in settings.host_names:
        return True
    # Whoever rebinds DNS owns a name; an address as Host means that it was the very address that was opened.
    return settings.listens_everywhere and not settings.allowed_hosts and _is_address(name)


def _check_origin(settings: Settings) -> None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if origin is not None and is_listed(origin, settings):
        return
    if site == "cross-site":
        raise CrossSiteRequest(origin or "another site")
    if site == "same-origin" or origin is None:  # no page can set Sec-Fetch-Site, and programs send neither
        return
    try:
        is_own = urlsplit(origin).netloc == request.host
    except ValueError:
        is_own = False
    if not is_own:
        raise CrossSiteRequest(origin)


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # brackets around what is no IPv6 address
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

"""The cookie of people who signed in, and the cookie that a sign-in needs until it is complete.

The cookie of a session is for `services.api.security.permissions.SESSION`. Scripts cannot read it (HttpOnly), and pages
of other sites cannot make a browser send it (SameSite=Strict).
"""

from datetime import datetime, timedelta
from typing import Literal

from flask import Response, after_this_request, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from services.api.context import services
from services.api.security.permissions import COOKIE
from services.catalog.database import now
from services.domain.people import Session

ATTEMPT_COOKIE = "segue_sign_in"
ATTEMPT_LASTS = timedelta(minutes=10)
"""How long a person may take to sign in at the provider."""


def read_session(cookie: str) -> Session | None:
    """Return the session of a cookie; None if there is none, or it has ended. The browser may get another secret."""
    session_id, _, secret = cookie.partition(".")
    found = services().catalogue.people.find(session_id, secret)
    if found is None:
        return None
    if found.new_secret is not None:
        text, session = f"{session_id}.{found.new_secret}", found.session

        @after_this_request
        def rotate(response: Response) -> Response:
            set_session(response, text, session.expires_at)
            return response

    return found.session


def current_session() -> Session | None:
    """Return the session of this request, on routes that need none."""
    cookie = request.cookies.get(COOKIE)
    return None if cookie is None else read_session(cookie)


def set_session(response: Response, text: str, expires_at: datetime) -> None:
    """Let the browser keep a session."""
    _set(response, COOKIE, text, expires_at - now(), "Strict")


def clear_session(response: Response) -> None:
    """Let the browser forget its session."""
    _set(response, COOKIE, "", timedelta(0), "Strict")


def set_attempt(response: Response, attempt: dict[str, str]) -> None:
    """Let the browser keep what its sign-in needs when it comes back from the provider, which is another site."""
    _set(response, ATTEMPT_COOKIE, _serializer().dumps(attempt), ATTEMPT_LASTS, "Lax")


def kept_attempt() -> dict[str, str] | None:
    """Return what `set_attempt` kept; None if there is nothing, or it is too old."""
    cookie, oldest = request.cookies.get(ATTEMPT_COOKIE, ""), int(ATTEMPT_LASTS.total_seconds())
    try:
        kept: dict[str, str] = _serializer().loads(cookie, max_age=oldest)
    except BadSignature:  # includes expired ones
        return None
    return kept


def forget_attempt(response: Response) -> None:
    """Let the browser forget what `set_attempt` kept."""
    _set(response, ATTEMPT_COOKIE, "", timedelta(0), "Lax")


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().catalogue.installation.signing_secret(), salt="segue.sign-in")


def _set(response: Response, name: str, value: str, lasts: timedelta, same_site: Literal["Strict", "Lax"]) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path=request.script_root or "/",
        secure=services().settings.service_url.startswith("https:"),
        httponly=True,
        samesite=same_site,
    )

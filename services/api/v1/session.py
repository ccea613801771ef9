"""Sign in and out with an OpenID Connect provider, and who has signed in."""

import hmac
import secrets
from dataclasses import asdict
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, make_response, redirect, request

from services.api.context import services
from services.api.http.operation import operation
from services.api.http.rate_limits import count_failed_attempt
from services.api.schemas.listens import InvalidListenerName, listener_named
from services.api.schemas.sessions import CallbackQuery, People, Person, SessionState, SignedOut, StartQuery
from services.api.security.permissions import needs, public
from services.api.security.sessions import (
    clear_session,
    current_session,
    forget_attempt,
    kept_attempt,
    set_attempt,
    set_session,
)
from services.domain.access import Scope
from services.domain.errors import SegueError, SignInNotConfigured, SignInRefused, SignInUnavailable
from services.domain.people import Attempt, Identity, grant_of
from services.domain.sign_in import SignInProblem
from services.sign_in import SignIn
from services.sign_in.groups import claim

session = Blueprint("session", __name__, url_prefix="/v1/session")
people = Blueprint("people", __name__, url_prefix="/v1/people")

log = structlog.get_logger(__name__)

SECRET_BYTES = 32
STOPPED = frozenset({"access_denied", "login_required", "consent_required", "interaction_required"})


@session.get("")
@operation("getSession", "Get who has signed in", returns=SessionState)
@public
def get_session() -> SessionState:
    """Get who has signed in in this browser, and where people can sign in."""
    start_url = None if services().sign_in is None else _address("/v1/session/start")
    return SessionState.of(current_session(), start_url)


@session.get("/start")
@operation(
    "startSession",
    "Sign in",
    query=StartQuery,
    status=HTTPStatus.FOUND,
    meaning="The browser goes to the provider, or to the page, which says why nobody can sign in.",
    headers={"Location": "The address to go to."},
    problems=(HTTPStatus.NOT_FOUND,),
)
@public
def start_session(query: StartQuery) -> Response:
    """Open this address in a browser: it goes to the provider, where the person signs in, and comes back to the page.

    Segue uses the authorization code flow of OpenID Connect with PKCE. The browser gets a cookie for what has to match
    when it comes back.
    """
    found = _sign_in()
    attempt = Attempt(*(secrets.token_urlsafe(SECRET_BYTES) for _ in range(3)))
    try:
        response = _go(found.provider.sign_in_url(attempt, _redirect_uri()))
    except SignInUnavailable as error:
        return _failed(SignInProblem.UNAVAILABLE, error.detail)
    set_attempt(response, {**asdict(attempt), "view": query.view})
    return response


@session.get("/callback")
@operation(
    "finishSession",
    "Complete a sign-in",
    query=CallbackQuery,
    status=HTTPStatus.FOUND,
    meaning="The browser goes to the page: signed in, or with the reason why not.",
    headers={"Location": "The address of the page."},
    problems=(HTTPStatus.NOT_FOUND,),
)
@public
def finish_session(query: CallbackQuery) -> Response:
    """The provider sends the browser here. Segue redeems the code, and the browser gets a cookie for its session."""
    found = _sign_in()
    try:
        response = _signed_in(found, query)
    except SignInRefused as error:
        count_failed_attempt(request.remote_addr or "unix", "session")
        response = _failed(error.problem, error.detail)
    except SegueError as error:
        response = _failed(SignInProblem.UNAVAILABLE, error.detail)
    forget_attempt(response)
    return response


@session.delete("")
@operation("endSession", "Sign out", returns=SignedOut)
@public
def end_session() -> Response:
    """End the session of this browser. The provider has a session of its own, which `provider_url` ends."""
    found, provider_url = current_session(), None
    if found is not None:
        services().catalogue.people.end(found.id)
        provider_url = _sign_out_url()
    response = Response(SignedOut(provider_url=provider_url).model_dump_json(), content_type="application/json")
    clear_session(response)
    return response


@people.get("")
@operation("listPeople", "List the people who have signed in", returns=People)
@needs(Scope.ADMIN)
def list_people() -> People:
    """List everybody who has signed in, with the listener whose history is theirs."""
    return People(people=[Person.of(each) for each in services().catalogue.people.all()])


@people.delete("/<user>")
@operation(
    "removePerson",
    "Sign a person out",
    status=HTTPStatus.NO_CONTENT,
    meaning="Their sessions have ended.",
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN, listener="user")
def remove_person(user: str) -> None:
    """End all sessions of a person, and forget who they are at the provider. What is stored of the listener stays.

    The person can sign in again as long as the provider lets them.
    """
    services().catalogue.people.remove(listener_named(user))


def _sign_in() -> SignIn:
    found = services().sign_in
    if found is None:
        raise SignInNotConfigured
    return found


def _signed_in(found: SignIn, query: CallbackQuery) -> Response:
    """Return the way to the page, with the cookie of a new session."""
    kept = kept_attempt()
    if kept is None or not hmac.compare_digest(query.state.encode(), kept["state"].encode()):
        raise SignInRefused("The sign-in took too long, or began in another browser.", SignInProblem.EXPIRED)
    view = kept.pop("view")
    if query.iss not in (None, found.provider.issuer):
        raise SignInRefused(f"Another provider answered: '{query.iss}'.")
    if query.code is None:
        problem = SignInProblem.CANCELLED if query.error in STOPPED else SignInProblem.REFUSED
        raise SignInRefused(f"The provider refused the sign-in: '{query.error}'.", problem)
    claims = found.provider.claims(query.code, Attempt(**kept), _redirect_uri())
    grant = grant_of(found.rules.groups_in(claims), found.rules.groups)
    if grant is None:
        raise SignInRefused("None of the person's groups may use Segue.", SignInProblem.NO_ACCESS)
    listener = _listener(claim(claims, found.rules.listener_claim), found.rules.listener_claim)
    identity = Identity(found.provider.issuer, str(claims["sub"]), listener, str(claims.get("name") or listener))
    lasts = timedelta(days=services().settings.session_days)
    started, secret = services().catalogue.people.sign_in(identity, grant, lasts)
    log.info("signed_in", listener=started.listener, session=started.id)
    response = _go(_address(f"/{view}"))
    set_session(response, f"{started.id}.{secret}", started.expires_at)
    return response


def _listener(given: object, name: str) -> str:
    try:
        return listener_named(given if isinstance(given, str) else "")
    except InvalidListenerName as error:
        raise SignInRefused(f"The provider's claim `{name}` is not the name of a listener: {given!r}.") from error


def _failed(problem: SignInProblem, reason: str) -> Response:
    log.warning("sign_in_failed", problem=problem.value, reason=reason)
    return _go(_address(f"/#/sign-in?{urlencode({'problem': problem.value})}"))


def _sign_out_url() -> str | None:
    try:
        return _sign_in().provider.sign_out_url(_address("/"))
    except (SignInNotConfigured, SignInUnavailable):
        return None


def _redirect_uri() -> str:
    return _address("/v1/session/callback")


def _address(path: str) -> str:
    """Return the address of a path at which browsers reach this service; the provider knows it too."""
    return services().settings.service_url + path


def _go(address: str) -> Response:
    return make_response(redirect(address))

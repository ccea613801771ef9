"""Declare the access that a view requires. `services.api.security.authentication` enforces it.

    @needs(Scope.READ)                           a key with this scope, or with `admin`
    @needs(Scope.LISTEN, Scope.READ)             a key with one of these scopes
    @needs(Scope.LISTEN, listener="user")        the route variable `user` names the listener whose data it is
    @needs(Scope.INGEST, installation=True)      not a key that is bound to libraries
    @public                                      no key, for health checks and pages
    set_default_access(blueprint, Access(...))   for the views of a blueprint without a declaration

A view without any declaration is closed, and a test reports it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

from flask import Flask, Request
from flask.sansio.blueprints import Blueprint

from services.domain.access import Principal, Scope

View = TypeVar("View", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class KeyLocation:
    """A place in a request where clients may send a key."""

    name: str
    """Name of the security scheme in the OpenAPI document."""
    scheme: tuple[tuple[str, str], ...]
    find: Callable[[Request], str | None]
    """Returns the key, or None if the request has none in this place."""


def _authorization(scheme: str) -> Callable[[Request], str | None]:
    def find(request: Request) -> str | None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        return value.strip() if kind.lower() == scheme else None

    return find


BEARER = KeyLocation("bearer", (("type", "http"), ("scheme", "bearer")), _authorization("bearer"))
"""`Authorization: Bearer KEY`."""

API_KEY_HEADER = KeyLocation(
    "apiKey",
    (("type", "apiKey"), ("in", "header"), ("name", "X-API-Key")),
    lambda request: request.headers.get("X-API-Key"),
)
"""`X-API-Key: KEY`."""

TOKEN = KeyLocation("token", (("type", "apiKey"), ("in", "header"), ("name", "Authorization")), _authorization("token"))
"""`Authorization: Token KEY`, used by ListenBrainz clients."""

COOKIE = "segue_session"

SESSION = KeyLocation(
    "session",
    (("type", "apiKey"), ("in", "cookie"), ("name", COOKIE)),
    lambda request: request.cookies.get(COOKIE),
)
"""The cookie of somebody who signed in. It has a session instead of a key."""

KEYS = (BEARER, API_KEY_HEADER)
STANDARD = (*KEYS, SESSION)


@dataclass(frozen=True, slots=True)
class Access:
    """The access that a view requires."""

    scopes: tuple[Scope, ...]
    """One of these is required. Without any the view is public."""
    listener: str | None = None
    """The route variable that names a listener. A key that is bound to other listeners is refused."""
    key_locations: tuple[KeyLocation, ...] = STANDARD
    expensive: bool = False
    """Whether the lower rate limit for expensive requests applies."""
    media: bool = False
    """Whether it sends media: a media token is accepted instead of a key, and requests do not count against the rate
    limit, because a page shows dozens of covers at once and a player asks for many ranges."""
    repeatable: bool = True
    """Whether a POST supports `Idempotency-Key`, which stores its response; not if the response holds a secret."""
    installation: bool = False
    """Whether it concerns the whole installation: keys that are bound to libraries are refused."""
    changes: bool = False
    """Whether a GET changes data, as in protocols without other verbs: pages of other sites are then refused."""
    records_listens: bool = False
    """Whether it records what was played or plays now: the quota of requests does not refuse it, so no play is lost."""
    sign_in: Callable[[Request], Principal | None] | None = None
    """Another way to authenticate, such as user and password of a protocol. Used if the request has no key."""


PUBLIC = Access(())

_OF_VIEW = "__segue_access__"
_OF_BLUEPRINT: WeakKeyDictionary[Blueprint, Access] = WeakKeyDictionary()


def needs(  # noqa: PLR0913  each is a part of the declaration
    *scopes: Scope,
    listener: str | None = None,
    key_locations: tuple[KeyLocation, ...] = STANDARD,
    expensive: bool = False,
    media: bool = False,
    repeatable: bool = True,
    installation: bool = False,
    records_listens: bool = False,
) -> Callable[[View], View]:
    """Require a key with one of these scopes."""
    return requires(
        Access(
            scopes,
            listener,
            key_locations,
            expensive,
            media,
            repeatable,
            installation,
            records_listens=records_listens,
        )
    )


def public(view: View) -> View:
    """Require no key."""
    return requires(PUBLIC)(view)


def set_default_access(blueprint: Blueprint, access: Access) -> None:
    """Set the access of the views of a blueprint that have no declaration."""
    _OF_BLUEPRINT[blueprint] = access


def access_of(app: Flask, endpoint: str) -> Access | None:
    """Return the declared access of a view, or None."""
    declared: Access | None = getattr(app.view_functions.get(endpoint), _OF_VIEW, None)
    name = endpoint.rpartition(".")[0]
    while declared is None and name:
        blueprint = app.blueprints.get(name)
        declared = None if blueprint is None else _OF_BLUEPRINT.get(blueprint)
        name = name.rpartition(".")[0]
    return declared


def requires(access: Access) -> Callable[[View], View]:
    """Require what an access says."""

    def mark(view: View) -> View:
        setattr(view, _OF_VIEW, access)
        return view

    return mark

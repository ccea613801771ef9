"""What a view needs of those who ask, said beside the view; `services.api.security.authentication` sees to it.

A view that says nothing is closed to everyone, and a test finds it.

    @needs(Scope.READ)                        a key with this scope, or with `admin`
    @needs(Scope.LISTEN, Scope.READ)          one of them is enough
    @needs(Scope.LISTEN, listener="user")     the route's variable `user` names the listener whose data it is
    @open_to_all                              health, pages: nobody is asked
    declare(blueprint, Access(...))           the same for every view of a blueprint that says nothing itself
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
class Carrier:
    """A place in a request where a key may stand."""

    name: str
    """Of its scheme in the OpenAPI document."""
    scheme: tuple[tuple[str, str], ...]
    find: Callable[[Request], str | None]
    """The key; None if there is none in this place."""


def _authorization(scheme: str) -> Callable[[Request], str | None]:
    def find(asked: Request) -> str | None:
        kind, _, value = asked.headers.get("Authorization", "").partition(" ")
        return value.strip() if kind.lower() == scheme else None

    return find


BEARER = Carrier("bearer", (("type", "http"), ("scheme", "bearer")), _authorization("bearer"))
"""`Authorization: Bearer KEY`."""

API_KEY_HEADER = Carrier(
    "apiKey",
    (("type", "apiKey"), ("in", "header"), ("name", "X-API-Key")),
    lambda asked: asked.headers.get("X-API-Key"),
)
"""`X-API-Key: KEY`."""

TOKEN = Carrier("token", (("type", "apiKey"), ("in", "header"), ("name", "Authorization")), _authorization("token"))
"""`Authorization: Token KEY`, as ListenBrainz's clients send it."""

STANDARD = (BEARER, API_KEY_HEADER)


@dataclass(frozen=True, slots=True)
class Access:
    """What a view needs of those who ask."""

    scopes: tuple[Scope, ...]
    """One of these; none at all opens the view to everyone."""
    listener: str | None = None
    """The route's variable that names a listener; the key must not be bound to others."""
    carriers: tuple[Carrier, ...] = STANDARD
    expensive: bool = False
    """Whether it counts as an expensive request: see `services.api.security.rate_limits`."""
    signed: bool = False
    """Whether a signed URL does as well as a key: see `services.api.security.signed_urls`."""
    vouch: Callable[[Request], Principal | None] | None = None
    """Another way to say who asks, such as a protocol's user and password; looked at when no key is presented."""


OPEN = Access(())

_OF_VIEW = "__segue_access__"
_OF_BLUEPRINT: WeakKeyDictionary[Blueprint, Access] = WeakKeyDictionary()


def needs(
    *scopes: Scope,
    listener: str | None = None,
    carriers: tuple[Carrier, ...] = STANDARD,
    expensive: bool = False,
    signed: bool = False,
) -> Callable[[View], View]:
    """Declare that a view needs a key with one of these scopes."""
    return _declared(Access(scopes, listener, carriers, expensive, signed))


def open_to_all(view: View) -> View:
    """Declare that a view asks nobody for a key."""
    return _declared(OPEN)(view)


def declare(blueprint: Blueprint, access: Access) -> None:
    """Declare what the views of a blueprint need that say nothing themselves."""
    _OF_BLUEPRINT[blueprint] = access


def access_of(app: Flask, endpoint: str) -> Access | None:
    """What a view has declared; None if nothing."""
    declared: Access | None = getattr(app.view_functions.get(endpoint), _OF_VIEW, None)
    name = endpoint.rpartition(".")[0]
    while declared is None and name:
        blueprint = app.blueprints.get(name)
        declared = None if blueprint is None else _OF_BLUEPRINT.get(blueprint)
        name = name.rpartition(".")[0]
    return declared


def _declared(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _OF_VIEW, access)
        return view

    return mark

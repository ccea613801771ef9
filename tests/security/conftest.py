"""Applications that require keys, and keys for them."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from services.api.app import create_app
from services.composition import Services
from services.domain.access import Scope
from services.settings import Settings
from tests.fakes.serving import api, app, broker_url, library_dir, services

__all__ = ["api", "app", "broker_url", "library_dir", "services"]


@pytest.fixture
def client_with(services: Services) -> Callable[..., FlaskClient]:
    """Make a client of the application with other settings."""

    def make(**changes: object) -> FlaskClient:
        settings = Settings(
            **(services.settings.model_dump() | {"require_keys": True, "library_roots": ("/",)} | changes)
        )
        return create_app(dataclasses.replace(services, settings=settings)).test_client()

    return make


@pytest.fixture
def locked(client_with: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of an application that requires keys."""
    return client_with()


@pytest.fixture
def key_for(services: Services) -> Iterator[Callable[..., dict[str, str]]]:
    """Make the headers of a key with these scopes, restricted to these listeners if there are any."""

    def make(*scopes: Scope | str, listeners: tuple[str, ...] | None = None) -> dict[str, str]:
        made = services.catalogue.keys.create("test", [Scope(scope) for scope in scopes], listeners)
        return {"Authorization": f"Bearer {made.text}"}

    yield make
    for key in services.catalogue.keys.all():
        services.catalogue.keys.revoke(key.id)

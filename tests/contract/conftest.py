"""Fixtures that serve the API, and a catalogue on each database."""

from collections.abc import Iterator

import pytest

from services.catalog import Catalogue
from tests.fakes.postgres import empty
from tests.fakes.serving import api, app, broker_url, library_dir, services

__all__ = ["api", "app", "broker_url", "library_dir", "services"]


@pytest.fixture(params=["sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest) -> Iterator[Catalogue]:
    """A new catalogue, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_catalogue")
        return
    url = request.getfixturevalue("postgres_url")
    empty(url)
    opened = Catalogue.open(url)
    opened.migrate()
    yield opened
    opened.close()

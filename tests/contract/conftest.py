"""Fixtures that serve the API."""

from tests.fakes.serving import api, app, broker_url, library_dir, services

__all__ = ["api", "app", "broker_url", "library_dir", "services"]

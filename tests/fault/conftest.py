"""Fixtures that start a broker."""

from tests.fakes.serving import broker_url

__all__ = ["broker_url"]

"""A headless Chromium and a real API process.

Find elements by role and visible text, never by class name.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.fakes.chromium import TIMEOUT_MS
from tests.fakes.serving import api_process, broker_url, free_port, library_dir

__all__ = ["broker_url", "library_dir"]

WITHOUT_WEBGL = ("--disable-gpu",)
WITH_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""Slow, because SwiftShader draws everything: for tests with the mark `webgl` only."""


@pytest.fixture(scope="module")
def url(library_dir: Path, broker_url: str) -> Iterator[str]:
    """The URL of a real API process that serves the library."""
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def context(request: pytest.FixtureRequest, chromium: Callable[[Sequence[str]], Browser]) -> Iterator[BrowserContext]:
    """A browser without stored data, 1280 × 900 pixels, in English."""
    browser = chromium(WITH_WEBGL if request.node.get_closest_marker("webgl") else WITHOUT_WEBGL)
    made = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", color_scheme="dark", reduced_motion="reduce"
    )
    made.set_default_timeout(TIMEOUT_MS)
    yield made
    made.close()


def is_fault(message: ConsoleMessage) -> bool:
    """Whether the page did something wrong. That the service streams to other pages already is no fault: it polls."""
    return message.type == "error" and not message.location["url"].endswith("/v1/events")


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """An empty tab. The test fails if a script fails or anything is written to the console as an error."""
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: is_fault(message) and errors.append(message.text))
    yield opened
    assert errors == []

"""A headless Chromium for all tests of a process."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache

from playwright.sync_api import Browser, expect, sync_playwright

TIMEOUT_MS = 20_000
"""Long, because the machine may be busy."""

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
)


@contextmanager
def chromium_starter() -> Iterator[Callable[[Sequence[str]], Browser]]:
    """Return a function that starts a Chromium with some more flags, once for the same flags."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright, ExitStack() as started:

        @cache
        def start(flags: Sequence[str]) -> Browser:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS, *flags])
            started.callback(browser.close)
            return browser

        yield start

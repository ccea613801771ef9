"""The page behind a proxy with TLS and a path, and audio in pages of other origins."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.fakes.chromium import TIMEOUT_MS
from tests.fakes.proxy import KINDS, proxy
from tests.fakes.serving import api_process, free_port


@pytest.fixture(scope="module")
def player_page():
    """The origin of a page that is not Segue's."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Player</title><link rel=icon href=data:,>")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def api_port(library_dir, broker_url, player_page):
    """The port of an API process that trusts its proxy, and whose audio that page may play."""
    port = free_port()
    with api_process(library_dir, broker_url, port, SEGUE_REQUIRE_KEYS="false", SEGUE_CORS_ORIGINS=player_page):
        yield port


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_works_below_a_path(kind, api_port, tmp_path, chromium):
    """The page loads over HTTP/2, lists the songs, plays one, and shows the API reference."""
    with proxy(kind, api_port, tmp_path) as served:
        context = chromium(("--disable-gpu",)).new_context(ignore_https_errors=True, locale="en-GB")
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        refused = []
        page.on("response", lambda response: response.status >= 400 and refused.append(response.url))

        page.goto(f"{served.url}/#/library/songs")
        page.get_by_role("button", name=re.compile(r"^Play Title")).first.click()

        expect(page.get_by_role("button", name="Pause").first).to_be_visible()
        assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
        page.goto(f"{served.url}/docs")
        expect(page.get_by_text("Find a path between two tracks")).to_be_visible()  # later groups need scrolling
        assert refused == []
        context.close()


PLAY = """address => new Promise(resolve => {
    const audio = new Audio(address);
    audio.onloadedmetadata = () => resolve(audio.duration);
    audio.onerror = () => resolve("refused");
})"""


@pytest.mark.parametrize(("host", "plays"), [("127.0.0.1", True), ("localhost", False)])
def test_audio_plays_in_pages_of_allowed_origins_only(host, plays, api_port, player_page, chromium):
    """`new Audio(address)` sends no `Origin`, and plays on an allowed page as it is."""
    context = chromium(("--disable-gpu",)).new_context()
    page = context.new_page()
    page.goto(player_page.replace("127.0.0.1", host))

    result = page.evaluate(PLAY, f"http://127.0.0.1:{api_port}/v1/tracks/test:1/audio")
    context.close()

    assert (result != "refused") == plays, result

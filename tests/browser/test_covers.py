"""Covers in the page: pictures and drawings load, also where a key is required."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from services.catalog import Catalogue
from services.covers.files import CoverFiles, CoverSize
from services.domain.access import Scope
from services.settings import Settings
from tests.fakes.covers import RED, jpeg
from tests.fakes.library import track_id, write_library
from tests.fakes.serving import api_process, free_port

COVER = "ab" * 16
LOADED = """() => {
    const rows = [...document.querySelectorAll("main img")].slice(0, 5); // those further down load when they are near
    return rows.length === 5 && rows.every(image => image.complete && image.naturalWidth > 0);
}"""


@dataclass
class Locked:
    """A service that requires keys, and a key."""

    url: str
    key: str
    catalogue: Catalogue


@pytest.fixture(scope="module")
def locked(tmp_path_factory, broker_url):
    """Six tracks, of which the first has a red picture as its cover."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("locked"))
    catalogue = Catalogue.open(settings.catalogue_url)
    write_library(catalogue, settings.data_path / "music", 6)
    CoverFiles(settings.covers_path).write(COVER, dict.fromkeys(CoverSize, jpeg(RED, 96, 96)))
    catalogue.covers.record(track_id(0), COVER, "-")
    made = catalogue.keys.create("browser", [Scope.READ])
    port = free_port()
    with api_process(settings.data_path, broker_url, port, SEGUE_REQUIRE_KEYS="true"):
        yield Locked(f"http://127.0.0.1:{port}", made.text, catalogue)
    catalogue.close()


def test_every_row_has_a_cover(page, url):
    """A drawing or a picture, in the size that the screen needs."""
    page.goto(f"{url}/#/search?q=Title+00")
    expect(page.get_by_role("region", name="Titles").get_by_role("listitem")).to_have_count(5)

    page.wait_for_function(LOADED)
    expect(page.get_by_role("main").locator("img").first).to_have_attribute(
        "src", re.compile(r"/v1/tracks/.+/cover\?size=96$")
    )


def test_covers_load_where_a_key_is_required(context, locked):
    """With a media token in their addresses, which never contain the key. A revoked key ends it."""
    page = context.new_page()  # the browser reports the status 401 before the key is entered as an error
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{locked.url}/#/search?q=Title+00")
    page.get_by_role("textbox", name="API key").fill(locked.key)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("region", name="Titles").get_by_role("listitem")).to_have_count(6)
    page.wait_for_function(LOADED)

    covers = [address for address in asked if "/cover?" in address]
    assert covers
    assert all("token=" in address for address in covers)
    assert not any(locked.key in address for address in asked)
    picture = page.request.get(next(address for address in covers if track_id(0) in address))
    assert picture.headers["content-type"] == "image/webp"
    locked.catalogue.keys.revoke(locked.key.split("_")[1])
    assert page.request.get(covers[0]).status == 401

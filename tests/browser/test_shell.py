"""The frame of the page: navigation, settings, and what the page loads."""

import re

import pytest
from playwright.sync_api import expect

VIEWS = ["Home", "Search", "Library", "Map", "Playlists", "Taste", "Service"]


def test_the_navigation_reaches_every_view(page, url):
    """Each view has its title as heading and as title of the tab, and its link is marked as current."""
    page.goto(url)
    navigation = page.get_by_role("navigation", name="Main")

    for view in VIEWS:
        navigation.get_by_role("link", name=view).click()

        expect(page).to_have_title(re.compile("Segue"))
        expect(navigation.get_by_role("link", name=view)).to_have_attribute("aria-current", "page")


def test_the_page_loads_nothing_from_other_hosts(page, url):
    """Everything comes from this service, so the page works without internet access."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    assert [address for address in asked if not address.startswith((url, "blob:"))] == []


def test_theme_and_language_are_kept(page, url):
    """The settings change the page at once and outlast a reload."""
    page.goto(url)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Light").check()
    page.get_by_role("radio", name="Deutsch").check()
    expect(page.get_by_role("dialog", name="Einstellungen")).to_be_visible()

    page.reload()

    expect(page.get_by_role("link", name="Bibliothek")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_an_unknown_address_leads_home(page, url):
    """An old address shows what happened and a way back."""
    page.goto(f"{url}/#/nowhere")

    page.get_by_role("link", name="Go to Home").click()

    expect(page.get_by_role("link", name="Home", exact=True)).to_have_attribute("aria-current", "page")


def test_the_first_tab_stop_skips_the_navigation(page, url):
    """A keyboard user reaches the content with one key."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_nothing_is_cut_off_on_narrow_screens(page, url, width):
    """No view is wider than the screen."""
    page.set_viewport_size({"width": width, "height": 800})
    for view in ("", "search", "library", "map", "playlists", "taste", "service"):
        page.goto(f"{url}/#/{view}")
        expect(page.get_by_role("main")).to_be_visible()

        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_reference_renders_offline(page, url):
    """The API reference shows every tag and loads nothing from other hosts."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}/docs")

    expect(page.get_by_role("heading", name=re.compile("^Segue"))).to_be_visible()
    expect(page.get_by_text("/v1/recommendations", exact=True)).to_be_visible()
    assert [address for address in asked if not address.startswith((url, "data:"))] == []

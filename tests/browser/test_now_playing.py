"""Home shows what plays elsewhere, and the page tells what it plays itself."""

import time

import httpx
from playwright.sync_api import Page, expect

from tests.fakes.serving import long_library_dir

__all__ = ["long_library_dir"]

SECONDS = 60


def playing(url: str) -> list[tuple[str, str]]:
    found = httpx.get(f"{url}/v1/now-playing", trust_env=False).json()["playing"]
    return [(each["listener"], each["client"]) for each in found]


def until_playing(url: str, expected: list[tuple[str, str]]) -> None:
    """Wait until these listeners play with these players. The tones are short, so the tracks change meanwhile."""
    deadline = time.monotonic() + SECONDS
    while playing(url) != expected:
        assert time.monotonic() < deadline, playing(url)
        time.sleep(0.1)


def opened(page: Page, url: str, path: str = "") -> Page:
    page.add_init_script("localStorage.setItem('segue.listener', '\"ada\"')")
    listens = {"listens": [{"track_id": f"test:{number}"} for number in range(8)]}
    httpx.post(f"{url}/v1/users/ada/listens", json=listens, trust_env=False).raise_for_status()
    page.goto(f"{url}/#/{path}")
    return page


def test_what_plays_elsewhere_is_shown_and_can_be_played(page: Page, url: str) -> None:
    """With the listener and the player, as soon as a player tells it; it goes when the player stops."""
    opened(page, url)
    place = f"{url}/v1/users/bob/now-playing"
    expect(page.get_by_role("region", name="Newly added")).to_be_visible()
    expect(page.get_by_role("region", name="Playing elsewhere")).to_have_count(0)

    httpx.put(place, json={"track_id": "test:2", "client": "mpd"}, trust_env=False).raise_for_status()
    shown = page.get_by_role("region", name="Playing elsewhere")
    expect(shown.get_by_text("Title 002")).to_be_visible()
    expect(shown.get_by_text("bob · mpd")).to_be_visible()
    shown.get_by_role("button", name="Play Title 002").click()
    expect(page.get_by_role("region", name="Player").get_by_role("button", name="Pause")).to_be_visible()

    httpx.delete(place, trust_env=False).raise_for_status()
    expect(shown).to_have_count(0)


def test_the_page_tells_what_it_plays(page: Page, url: str) -> None:
    """From the start of a track until it stops; Home does not show it as playing elsewhere."""
    opened(page, url, "library/songs")
    page.get_by_role("main").get_by_role("button", name="Play Title 001").click()
    until_playing(url, [("ada", "Segue")])
    page.get_by_role("region", name="Player").get_by_role("button", name="Pause").click()
    until_playing(url, [])
    expect(page.get_by_role("region", name="Playing elsewhere")).to_have_count(0)

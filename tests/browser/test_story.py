"""One visit from an empty library to a full day of listening, with a real broker, worker and API."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.fakes.installation import installation, write_song

pytestmark = [pytest.mark.webgl, pytest.mark.timeout(900)]

SONGS = 16
AHEAD = 5
"""Tracks of a radio that the queue shows in advance."""
ANALYSED_MS = 240_000
XSPF = "{http://xspf.org/ns/0/}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A running service without music, and a folder with songs and a file that is none."""
    folder = tmp_path_factory.mktemp("story")
    for number in range(SONGS):
        write_song(folder / "music" / f"Song {number:02}.flac", number, seconds=8)
    (folder / "music" / "broken.mp3").write_bytes(b"not music" * 1000)
    with installation(folder / "data") as made, made.worker(), made.api() as api:
        yield api, folder / "music"


def bar(page):
    """The player at the bottom."""
    return page.get_by_role("region", name="Player")


def radio(page):
    """The tracks that the radio adds to the queue."""
    return page.get_by_role("region", name="Radio").get_by_role("listitem")


def open_view(page, name):
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()


def test_from_an_empty_library_to_a_playlist(page, installed, tmp_path):
    """A first visit: scan, start, skip, reload, like, taste, playlist, map, words in two languages, phone."""
    api, music = installed
    page.goto(api.url)
    scan(page, music)
    start(page)
    skip_twice(page)
    reload(page)
    like(page)
    export(page, tmp_path / "evening.xspf")
    look_around(page)
    turn_into_a_phone(page)


def scan(page, music):
    """Home of an empty library leads to the folders. The file that is no music is named."""
    page.get_by_role("link", name="Add a folder").click()
    page.get_by_role("button", name="Add music").first.click()
    page.get_by_label("Folder on the machine that runs Segue").fill(str(music))
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(page.get_by_text("broken.mp3").first).to_be_visible(timeout=ANALYSED_MS)
    expect(page.get_by_text("Everything is analysed").first).to_be_visible(timeout=ANALYSED_MS)


def start(page):
    """A mood is enough for music to play."""
    open_view(page, "Home")
    page.get_by_label("Your name").fill("ada")
    page.get_by_role("button", name="Focus").click()
    page.get_by_role("button", name="Start listening").click()
    expect(bar(page).get_by_role("button", name="Pause")).to_be_visible()


def skip_twice(page):
    """Two skips bring other tracks, and what was shown before does not move."""
    open_view(page, "Library")
    page.get_by_role("link", name="Songs").click()
    page.get_by_role("button", name="More actions for Song 03").click()
    page.get_by_role("menuitem", name="Start radio").click()
    expect(bar(page).get_by_text("Song 03")).to_be_visible()
    bar(page).get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Queue", exact=True).click()
    expect(radio(page)).to_have_count(AHEAD)
    before = radio(page).all_inner_texts()
    for skipped in range(2):
        bar(page).get_by_role("button", name="Skip to the next track").click()
        expect(bar(page)).to_contain_text(before[skipped].split("\n")[0])
    expect(radio(page)).to_have_count(AHEAD)

    assert radio(page).all_inner_texts()[: AHEAD - 2] == before[2:]


def reload(page):
    """The next track plays by itself, and the queue outlasts a reload."""
    playing = radio(page).first.inner_text().split("\n")[0]
    expect(bar(page)).to_contain_text(playing, timeout=60_000)
    page.reload()
    expect(radio(page).first).to_be_visible()


def like(page):
    """A like counts at once, and the taste shows what is behind it."""
    bar(page).get_by_role("button", name="Like", exact=True).click()
    expect(bar(page).get_by_role("button", name="Take back the like")).to_be_visible()
    open_view(page, "Taste")
    expect(page.get_by_role("heading", name="What Segue thinks you like")).to_be_visible()
    expect(page.get_by_role("button", name="Not for me").first).to_be_visible()


def export(page, file):
    """The queue becomes a playlist that other programs can read."""
    page.get_by_role("button", name="Save the queue as a playlist").click()
    page.get_by_role("textbox", name="New playlist").fill("Evening")
    page.get_by_role("button", name="Create").click()
    open_view(page, "Playlists")
    page.get_by_role("link", name="Evening").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="More actions for Evening").click()
        page.get_by_role("menuitem", name="Export as XSPF").click()
    download.value.save_as(file)
    locations = [element.text for element in ET.parse(file).iter(f"{XSPF}location")]

    assert locations
    assert all(Path(location).name.startswith("Song%20") for location in locations)


def look_around(page):
    """The map has every track, and words in two languages find some."""
    open_view(page, "Map")
    expect(page.get_by_text(f"{SONGS} tracks")).to_be_visible(timeout=ANALYSED_MS)
    for words in ("calm and slow", "ruhig und langsam"):
        open_view(page, "Search")
        page.get_by_role("main").get_by_role("searchbox").fill(words)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Sounds like it")).to_be_visible()


def turn_into_a_phone(page):
    """Three tabs, a small player, and nothing that is too wide."""
    page.set_viewport_size({"width": 390, "height": 844})
    for tab in ("Home", "Search", "Library"):
        expect(page.get_by_role("link", name=tab, exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Taste", exact=True)).to_be_hidden()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390

"""Previews: the highlight of a track is played where the track is listed, and other sounds stop."""

import time
import wave
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from services.catalog import Catalogue
from services.catalog.tables import TrackRow
from services.settings import Settings
from tests.fakes.library import track_id, write_library

COUNT = 4
SECONDS = 100
RATE = 8000
MEASURED = 1
"""The number of the track whose highlight is known. That of the others is the middle."""
START = 62.5
MIDDLE = 35.0

KEEP_AUDIO = """
window.sounds = [];
window.Audio = class extends Audio { constructor(address) { super(address); window.sounds.push(this); } };
"""
PLAY_PART = """
([address, skipped]) => new Promise((resolve) => {
  const sound = new Audio(address);
  sound.addEventListener("pause", () => resolve(sound.currentTime));
  sound.addEventListener("playing", () => {
    window.began = sound.currentTime;
    sound.currentTime += skipped;
  }, { once: true });
  sound.play();
})
"""


@pytest.fixture(scope="module")
def library_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with tracks that are longer than a highlight."""
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", COUNT, seconds=SECONDS)
    for file in (folder / "music").iterdir():
        with wave.open(str(file), "wb") as sound:
            sound.setparams((1, 2, RATE, 0, "NONE", ""))
            sound.writeframes(bytes(2 * RATE * SECONDS))
    with catalogue.database.write() as session:
        session.execute(update(TrackRow).where(TrackRow.id == track_id(MEASURED)).values(highlight=START))
    catalogue.close()
    return folder


def button(page: Page, name: str, **state: bool) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=name, exact=True, **state)


def until_heard(page: Page, start: float) -> None:
    """Wait until one sound plays and nothing else, in the 30 s from a start."""
    deadline = time.monotonic() + 60
    while len(at := heard(page)) != 1 or not start <= at[0] < start + 30:
        assert time.monotonic() < deadline, at
        page.wait_for_timeout(50)


def heard(page: Page) -> list[float]:
    """Return the positions of the sounds that play."""
    return page.evaluate("sounds.filter((each) => !each.paused).map((each) => each.currentTime)")


def test_a_preview_plays_the_highlight_and_nothing_else_is_heard(page: Page, url: str) -> None:
    """It stops what plays, another preview stops it, and so does the player. It is no listen."""
    posted = []
    page.on("request", lambda request: request.method == "POST" and posted.append(request.url))
    page.add_init_script(KEEP_AUDIO)
    page.goto(f"{url}/#/library/songs")
    bar = page.get_by_role("region", name="Player")
    button(page, "Play Title 000").click()
    expect(bar.get_by_role("button", name="Pause")).to_be_visible()
    until_heard(page, 0)
    posted.clear()

    button(page, "Preview Title 001").click()
    expect(button(page, "Preview Title 001", pressed=True)).to_be_visible()
    expect(bar.get_by_role("button", name="Play", exact=True)).to_be_visible()
    until_heard(page, START)

    button(page, "Preview Title 002").click()
    expect(button(page, "Preview Title 001", pressed=False)).to_be_visible()
    until_heard(page, MIDDLE)

    bar.get_by_role("button", name="Play", exact=True).click()
    expect(button(page, "Preview Title 002", pressed=False)).to_be_visible()
    until_heard(page, 0)
    assert not [address for address in posted if "listens" in address]


def test_tiles_are_previewed_by_keyboard(page: Page, url: str) -> None:
    """Enter starts and stops; leaving the view stops too."""
    page.add_init_script(KEEP_AUDIO)
    page.add_init_script("localStorage.setItem('segue.listener', '\"ada\"')")
    httpx.post(f"{url}/v1/users/ada/listens", json={"listens": [{"track_id": "test:3"}]}, trust_env=False)
    page.goto(url)
    shelf = page.get_by_role("region", name="Newly added")
    start = shelf.get_by_role("button", name="Preview Title 002", exact=True)
    start.focus()
    page.keyboard.press("Enter")
    expect(start).to_be_focused()
    expect(start).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(start).to_have_attribute("aria-pressed", "false")

    page.keyboard.press("Enter")
    until_heard(page, MIDDLE)
    page.goto(f"{url}/#/playlists")
    expect(page.get_by_role("heading", level=1)).to_have_text("Playlists")
    assert heard(page) == []


def test_audio_elements_play_the_part_that_the_url_names(page: Page, url: str) -> None:
    """`audio_url` begins and ends with the highlight, also in pages that know nothing of Segue."""
    found = httpx.get(f"{url}/v1/tracks/{track_id(MEASURED)}/highlight", trust_env=False).json()
    page.goto(url)
    ended = page.evaluate(PLAY_PART, [found["audio_url"], 28])

    assert found["measured"]
    assert page.evaluate("began") == pytest.approx(found["start"], abs=1)
    assert found["end"] <= ended < found["end"] + 5

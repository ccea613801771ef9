"""The page in a real browser with a real API process."""

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from services.catalog import Catalogue
from services.settings import Settings
from tests.fakes.library import register, track_id, write_tone
from tests.fakes.serving import LIBRARY_SIZE

TIMEOUT_SECONDS = 15


@pytest.fixture
def page(browser, url):
    """The page with its library loaded."""
    browser.get(url)
    until(browser, lambda: rows(browser))
    yield browser
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def until(browser, condition):
    """Wait until a condition is true, and return its value."""
    # The page may replace an element during the check: check again.
    waiting = WebDriverWait(browser, TIMEOUT_SECONDS, ignored_exceptions=[StaleElementReferenceException])
    return waiting.until(lambda _: condition())


def all_of(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def rows(browser):
    return all_of(browser, "#library .row")


def cards(browser):
    return all_of(browser, "#recommendations .card")


def text_of(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector).text


def search(browser, words):
    browser.find_element(By.ID, "search-words").send_keys(words)
    until(browser, lambda: [row.text.splitlines()[0] for row in rows(browser)] == [words])


def choose(browser, words):
    """Find a track and play similar ones."""
    search(browser, words)
    rows(browser)[0].find_element(By.CSS_SELECTOR, "button.loud").click()
    until(browser, lambda: cards(browser))


def test_search_choose_listen(page):
    """A search finds a track; choosing it shows recommendations with reasons; playing loads the file."""
    choose(page, "Title 005")

    assert text_of(page, "#heard") == "Title 005"
    card = cards(page)[0]
    assert "because of Title 005" in card.text
    assert any(words in card.text for words in ("Close match", "Related", "Something different"))
    assert len(card.find_elements(By.CSS_SELECTOR, ".bar")) == 4
    assert track_id(5) not in [found.get_attribute("data-track") for found in cards(page)]

    chosen = card.get_attribute("data-track")
    card.find_element(By.CSS_SELECTOR, "button.loud").click()
    until(page, lambda: page.execute_script("return document.getElementById('audio').duration > 1"))

    assert page.execute_script("return document.getElementById('audio').src").endswith(f"/v1/tracks/{chosen}/audio")


def test_the_next_track_plays_after_a_track_ends(page):
    """When a track ends, it joins the history and the next one plays."""
    choose(page, "Title 006")
    first = cards(page)[0]
    title = first.find_element(By.TAG_NAME, "strong").text
    source = page.execute_script("return document.getElementById('audio').src")
    first.find_element(By.CSS_SELECTOR, "button.loud").click()
    until(page, lambda: title in text_of(page, "#heard"))
    until(page, lambda: page.execute_script("return document.getElementById('audio').src") != source)

    assert text_of(page, "#now-title") != ""


def test_a_skipped_track_leaves_the_list(page):
    """A skipped card leaves the list and is shown in the history as skipped."""
    choose(page, "Title 007")
    skipped = cards(page)[0].get_attribute("data-track")
    cards(page)[0].find_element(By.CSS_SELECTOR, "button[title=Skip]").click()
    until(page, lambda: all_of(page, "#heard .chip.skip"))
    until(page, lambda: skipped not in [card.get_attribute("data-track") for card in cards(page)])


def test_the_history_can_be_undone(page):
    """Removing the only track empties the list and shows the hint again."""
    choose(page, "Title 008")
    page.find_element(By.CSS_SELECTOR, "#heard .chip button").click()
    until(page, lambda: not cards(page))

    assert page.find_element(By.ID, "heard-empty").is_displayed()


def test_the_page_can_be_used_by_keyboard(page):
    """Slash focuses the search; tab and enter reach and press the button that plays similar tracks."""
    page.find_element(By.TAG_NAME, "body").send_keys("/")
    active = page.switch_to.active_element
    assert active.get_attribute("id") == "search-words"

    active.send_keys("Title 009")
    until(page, lambda: len(rows(page)) == 1)
    active.send_keys(Keys.TAB)
    page.switch_to.active_element.send_keys(Keys.TAB)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    until(page, lambda: cards(page))

    assert text_of(page, "#heard") == "Title 009"


def test_a_search_without_a_result_shows_a_message(page):
    """A search without a match shows a message."""
    page.find_element(By.ID, "search-words").send_keys("zzzz")
    until(page, lambda: "zzzz" in text_of(page, "#library-message"))

    assert rows(page) == []


def test_filters_that_no_track_meets_show_a_message(page):
    """When no track meets the filters, the page shows what to change."""
    choose(page, "Title 010")
    page.execute_script("document.getElementById('narrow').open = true")
    page.find_element(By.NAME, "tempo-min").send_keys("900", Keys.TAB)
    until(page, lambda: "Widen the filters" in text_of(page, "#next-message"))

    assert cards(page) == []


def test_a_folder_that_is_missing_is_explained(browser, url):
    """Adding a folder that does not exist shows the service's reason in the dialog."""
    browser.get(url)
    until(browser, lambda: rows(browser))
    browser.find_element(By.ID, "add-music").click()
    browser.find_element(By.ID, "scan-path").send_keys("/no/such/folder", Keys.ENTER)
    until(browser, lambda: "/no/such/folder" in text_of(browser, "#scan-message"))


def test_tags_never_become_markup(page, library_dir, tmp_path):
    """A title that is HTML is shown as text."""
    catalogue = Catalogue.open(Settings(data_dir=library_dir).catalogue_url)
    title = "<img src=x onerror=alert(1)>"
    own_id = register(catalogue, write_tone(tmp_path / "x.wav", 900), 500, title=title)
    catalogue.analyses.refuse(own_id, "not wanted")
    track = catalogue.tracks.get(own_id)
    catalogue.close()
    page.execute_async_script(
        "const [title, done] = arguments;"
        "import('/web/tracks.js').then(({row}) => {"
        " document.getElementById('library').replaceChildren(row({id: 'x', title}, {})); done(); });",
        track.title,
    )

    assert rows(page)[0].text.splitlines()[0] == title
    assert all_of(page, "#library img") == []


@pytest.mark.parametrize("width", [360, 768])
def test_the_page_fits_a_narrow_screen(browser, url, width):
    """On a narrow screen the page does not scroll sideways, with recommendations and player shown."""
    metrics = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(url)
    until(browser, lambda: rows(browser))
    choose(browser, "Title 011")
    cards(browser)[0].find_element(By.CSS_SELECTOR, "button.loud").click()

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_reference_renders_offline(browser, url):
    """The API reference shows every tag, loads nothing from other hosts and violates no content security policy."""
    browser.get(f"{url}/docs")
    until(browser, lambda: len(all_of(browser, ".opblock")) >= 12)
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")

    assert [name for name in loaded if not name.startswith(url)] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_page_loads_the_whole_library(page):
    """The list shows every track of the library."""
    assert len(rows(page)) == LIBRARY_SIZE

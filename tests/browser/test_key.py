"""The page of a service that requires a key, in a real browser with a real API process."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from services.catalog import Catalogue
from services.domain.access import Scope
from services.settings import Settings
from tests.fakes.serving import LIBRARY_SIZE, api_process, free_port

TIMEOUT_SECONDS = 15


@pytest.fixture(scope="module")
def catalogue(library_dir):
    opened = Catalogue.open(Settings(data_dir=library_dir).catalogue_url)
    yield opened
    opened.close()


@pytest.fixture
def key(catalogue):
    return catalogue.keys.create("the page", [Scope.READ])


@pytest.fixture(scope="module")
def locked_url(catalogue, library_dir, broker_url):
    """The URL of a real API process that requires a key."""
    catalogue.keys.create("so that it starts", [Scope.ADMIN])
    port = free_port()
    with api_process(library_dir, broker_url, port, SEGUE_REQUIRE_KEYS="true"):
        yield f"http://127.0.0.1:{port}"


def until(browser, condition):
    return WebDriverWait(browser, TIMEOUT_SECONDS).until(lambda _: condition())


def rows(browser):
    return browser.find_elements(By.CSS_SELECTOR, "#library .row")


def dialog_is_open(browser):
    return browser.execute_script("return document.getElementById('key-dialog').open")


def enter(browser, text):
    until(browser, lambda: dialog_is_open(browser))
    browser.find_element(By.ID, "key-text").send_keys(text, Keys.ENTER)


def test_the_page_requests_the_key_once_and_plays(browser, locked_url, key):
    """The page requests the key once, keeps it for the tab only, and plays audio from a URL without the key."""
    browser.get(locked_url)
    enter(browser, key.text)
    until(browser, lambda: len(rows(browser)) == LIBRARY_SIZE)
    rows(browser)[0].find_element(By.CSS_SELECTOR, "button:not(.loud)").click()
    until(browser, lambda: browser.execute_script("return document.getElementById('audio').duration > 1"))

    assert not dialog_is_open(browser)
    source = browser.execute_script("return document.getElementById('audio').src")
    assert f"/audio?token={key.id}." in source
    assert key.text not in source
    assert key.text.rsplit("_", 1)[1] not in source
    assert browser.execute_script("return localStorage.length") == 0
    assert browser.get_cookies() == []

    browser.refresh()
    until(browser, lambda: len(rows(browser)) == LIBRARY_SIZE)
    assert not dialog_is_open(browser)


def test_the_page_requests_another_key_after_a_wrong_one(browser, locked_url, key):
    """The page reports a wrong key and accepts the right one afterwards."""
    browser.get(locked_url)
    enter(browser, "segue_000000000000_wrong")
    until(browser, lambda: "wrong" in browser.find_element(By.ID, "key-message").text)
    enter(browser, key.text)
    until(browser, lambda: rows(browser))

    assert not dialog_is_open(browser)


def test_a_closed_dialog_is_not_shown_again(browser, locked_url):
    """After the dialog is closed, the page explains why the library is empty and does not open it again."""
    browser.get(locked_url)
    until(browser, lambda: dialog_is_open(browser))
    browser.find_element(By.ID, "key-close").click()
    until(browser, lambda: "API key" in browser.find_element(By.ID, "library-message").text)

    assert not dialog_is_open(browser)
    assert rows(browser) == []


def test_the_page_requests_another_key_after_a_revocation(browser, catalogue, locked_url, key):
    """When the key is revoked while the page is open, the page requests another."""
    browser.get(locked_url)
    enter(browser, key.text)
    until(browser, lambda: rows(browser))
    catalogue.keys.revoke(key.id)
    browser.find_element(By.ID, "search-words").send_keys("Title")

    until(browser, lambda: dialog_is_open(browser))

"""Blind comparisons: hear the track and two others, and say which of the two fits better."""

import re

import httpx
from playwright.sync_api import expect


def card(page, name):
    return page.get_by_role("region", name=name, exact=True)


def test_names_are_hidden_until_the_answer(page, url):
    """Both tracks have to be heard first. The answer reaches the report, and the next comparison follows."""
    page.goto(f"{url}/#/compare")
    page.get_by_label("Your name").fill("ada")
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(card(page, "The track").get_by_role("heading")).to_contain_text("Title")
    expect(card(page, "A").get_by_role("heading")).to_have_text("?")
    expect(page.get_by_role("button", name="A fits better")).to_be_disabled()

    page.get_by_role("button", name="Play A").click()
    page.get_by_role("button", name="Play B").click()
    page.get_by_role("button", name="A fits better").click()

    expect(page.get_by_text("Stored: A fits better.")).to_be_visible()
    expect(card(page, "A").get_by_text("Your choice")).to_be_visible()
    for name in ("A", "B"):
        expect(card(page, name).get_by_role("heading")).to_have_text(re.compile("Title"))
    [found] = httpx.get(f"{url}/v1/comparisons/report").json()["contests"]
    assert found["segue"] + found["baseline_answers"] == 1
    assert found["limits"]["low"] <= found["share"] <= found["limits"]["high"]
    page.get_by_role("main").get_by_role("button", name="Next", exact=True).click()
    expect(card(page, "A").get_by_role("heading")).to_have_text("?")
    expect(page.get_by_text("1 answer so far")).to_be_visible()


def test_keys_are_enough(page, url):
    """Those of the comparison come before those of the player."""
    page.goto(url)
    page.evaluate("localStorage.setItem('segue.listener', '\"bob\"')")
    page.goto(f"{url}/#/compare")
    page.reload()
    expect(card(page, "A").get_by_role("heading")).to_have_text("?")
    for key in ("2", "3"):
        page.keyboard.press(key)
    page.keyboard.press("b")
    expect(page.get_by_text("Stored: B fits better.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(card(page, "A").get_by_role("heading")).to_have_text("?")
    page.keyboard.press("2")
    page.keyboard.press("3")
    page.keyboard.press("0")
    expect(page.get_by_text("Stored: no difference.")).to_be_visible()


def test_a_friend_answers_as_their_own_listener(page, url):
    """The link contains a key, which the page takes out of the address."""
    page.goto(url)
    page.evaluate("localStorage.setItem('segue.listener', '\"ada\"')")
    page.goto(f"{url}/#/compare")
    page.reload()
    page.get_by_role("button", name="Invite a friend").click()
    page.get_by_label("Name of your friend").fill("cyd")
    page.get_by_role("button", name="Create the link").click()
    link = page.get_by_role("dialog").locator("code").inner_text()

    friend = page.context.browser.new_page(locale="en-GB")
    friend.goto(link)
    expect(card(friend, "A").get_by_role("heading")).to_have_text("?")
    assert friend.url == f"{url}/#/compare"
    expect(friend.get_by_role("button", name=re.compile("cyd"))).to_be_visible()
    expect(friend.get_by_role("button", name="Invite a friend")).to_have_count(0)
    friend.close()

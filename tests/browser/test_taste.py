"""The taste page: what Segue thinks, what a listener takes out of it, the history, and the own data."""

import itertools
import json
import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.fakes.library import track_id

TITLE = "What Segue thinks you like"
names = (f"listener {number}" for number in itertools.count())


@pytest.fixture
def user(context, url):
    """A listener with two tastes, whom the page has chosen."""
    name = next(names)
    times = itertools.count(10)
    listens = [
        {"track_id": track_id(number), "at": f"2026-03-01T20:{next(times)}:00Z"}
        for number in (0, 4, 4, 8, 12, 16, 1, 5)
    ]
    listens.append({"track_id": track_id(0), "event": "like", "at": "2026-03-02T08:00:00Z"})
    answer = httpx.post(f"{url}/v1/users/{name}/listens", json={"listens": listens}, trust_env=False)
    assert answer.status_code == 200
    context.add_init_script(f"localStorage.setItem('segue.listener', {json.dumps(json.dumps(name))})")
    return name


@pytest.fixture
def taste(page, url, user):
    """The taste page of the listener."""
    return opened(page, url)


@pytest.fixture
def tolerant_taste(context, url, user):
    """The same for tests in which requests fail: the browser writes each one to the console as an error."""
    return opened(context.new_page(), url)


def opened(page, url):
    page.goto(f"{url}/#/taste")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    return page


def tastes(url, user):
    return httpx.get(f"{url}/v1/users/{user}/taste", trust_env=False).json()


def card(page, track):
    """The card of the taste that a track is behind."""
    return page.get_by_role("article").filter(has=page.get_by_role("button", name=f"Play {track}"))


def taken_out(page):
    return page.get_by_role("region", name="Taken out")


def test_each_taste_is_a_card_with_its_tracks(taste):
    """It shows the share, plays and likes; further tracks appear when asked for; the radio of a taste plays."""
    first = card(taste, "Title 000")

    expect(taste.get_by_role("article")).to_have_count(2)
    expect(first.get_by_role("img", name=re.compile("% of your taste"))).to_be_visible()
    expect(first.get_by_role("listitem").filter(has_text="Title 004")).to_contain_text("2 plays")
    expect(first.get_by_role("img", name="Liked")).to_be_visible()
    first.get_by_role("button", name="Show all 5").click()
    expect(first.get_by_text("Title 016")).to_be_visible()
    first.get_by_role("button", name="Play radio").click()
    expect(taste.get_by_role("region", name="Player").get_by_role("button", name="Pause")).to_be_visible()


def test_a_track_is_removed_and_counts_again(taste, url, user):
    """It leaves its card and is listed as taken out; undo brings it back."""
    card(taste, "Title 001").get_by_role("button", name="Do not count Title 001").click()
    expect(taste.get_by_text("“Title 001” no longer counts.")).to_be_visible()
    expect(taken_out(taste).get_by_text("Title 001")).to_be_visible()
    assert track_id(1) not in [play for each in tastes(url, user)["tastes"] for play in each["plays"]]
    taken_out(taste).get_by_role("button", name="Undo: Title 001").click()

    expect(taken_out(taste)).to_have_count(0)
    expect(card(taste, "Title 001")).to_be_visible()
    assert tastes(url, user)["removed"] == []


def test_a_taste_is_dismissed_and_wanted_again(taste, url, user):
    """Its card goes, recommendations avoid it, and the message has an undo."""
    unwanted = card(taste, "Title 001")
    unwanted.get_by_role("button", name=re.compile("Not for me")).click()
    expect(taste.get_by_role("article")).to_have_count(1)
    expect(taken_out(taste).get_by_role("listitem")).to_have_count(1)
    assert len(tastes(url, user)["dismissed"]) == 1
    taste.get_by_role("status").get_by_role("button", name="Undo").click()

    expect(taste.get_by_role("article")).to_have_count(2)
    assert tastes(url, user)["dismissed"] == []


def test_the_history_is_shown_by_day_and_a_listen_can_be_removed(taste, url, user):
    """Removing the like of a track changes its card; undo stores the same listen again."""
    history = taste.get_by_role("region", name="History")
    expect(history.get_by_role("heading", name=re.compile("March 2026"))).to_have_count(2)
    liked = history.get_by_role("listitem").filter(has_text="Liked")
    expect(liked).to_have_count(1)
    liked.get_by_role("button", name="Remove Title 000 from the history").click()
    expect(liked).to_have_count(0)
    expect(card(taste, "Title 000").get_by_role("img", name="Liked")).to_have_count(0)
    assert tastes(url, user)["counts"]["events"]["like"] == 0
    taste.get_by_role("status").get_by_role("button", name="Undo").click()

    expect(liked).to_have_count(1)
    assert tastes(url, user)["counts"]["events"]["like"] == 1


def test_the_own_data_are_exported_and_deleted(taste, url, user):
    """The file has one listen a line; deletion asks first, and then the listener is a stranger."""
    with taste.expect_download() as downloading:
        taste.get_by_role("button", name="Export my data").click()
    lines = downloading.value.path().read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["track_id"] for line in lines[:2]] == [track_id(0), track_id(5)]
    assert len(lines) == 9
    taste.get_by_role("button", name="Delete everything").click()
    dialog = taste.get_by_role("dialog", name=f"Delete {user}?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    taste.get_by_role("button", name="Delete everything").click()
    dialog.get_by_role("button", name="Delete for good").click()

    expect(taste.get_by_role("heading", name=TITLE)).to_have_count(0)
    assert tastes(url, user)["counts"]["tracks"] == 0


def choose(page, name, content):
    with page.expect_file_chooser() as choosing:
        page.get_by_role("dialog").get_by_role("button", name="Choose files").click()
    choosing.value.set_files({"name": name, "mimeType": "text/csv", "buffer": content.encode()})


def test_a_history_is_imported(tolerant_taste, url, user):
    """A wrong file is refused with the line, and its other lines can be imported; what is not here is listed."""
    taste = tolerant_taste
    rows = "artist,track,date\nArtist 1,Title 001,2024-01-01\nNobody,Nothing,2024-01-02\nNobody,Nothing,2024-01-03\n"
    taste.get_by_role("button", name="Import a history").click()
    dialog = taste.get_by_role("dialog", name="Import a history")
    choose(taste, "scrobbles.csv", rows + "Nobody,,2024-01-04\n")
    expect(dialog.get_by_text("scrobbles.csv, line 5: the track is missing.")).to_be_visible()
    expect(dialog.get_by_text("Nothing of this file was imported.")).to_be_visible()
    assert tastes(url, user)["counts"]["unknown"] == 0
    dialog.get_by_role("button", name="Leave out wrong entries and import the others").click()

    expect(dialog.get_by_text("3 new listens")).to_be_visible()
    expect(dialog.get_by_text("2 listens of music that is not in the library")).to_be_visible()
    expect(dialog.get_by_text("Left out: 1 (cannot be read)")).to_be_visible()
    choose(taste, "again.csv", rows)
    expect(dialog.get_by_text("3 listens were here before")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    unmatched = taste.get_by_role("region", name="Heard, but not in the library")
    expect(unmatched.get_by_role("listitem")).to_have_count(1)
    expect(unmatched.get_by_text("2 times")).to_be_visible()


def test_a_listener_may_start_again(taste):
    """The choice of moods and artists comes back, although there is a history."""
    taste.get_by_role("button", name="Choose moods and artists again").click()

    expect(taste.get_by_role("heading", name="Start again")).to_be_visible()
    expect(taste.get_by_label("Your name")).to_have_count(0)


def test_the_words_are_german_where_the_page_is(taste):
    """The labels of tastes are translated, too."""
    taste.evaluate("localStorage.setItem('segue.language', '\"de\"')")
    taste.reload()

    expect(taste.get_by_role("heading", name="Was dir laut Segue gefällt")).to_be_visible()
    expect(card_by_german_name(taste)).not_to_have_count(0)


def card_by_german_name(page):
    return page.get_by_role("article").filter(
        has=page.get_by_role("heading", name=re.compile("Ruhig|Langsam|Gemischt"))
    )

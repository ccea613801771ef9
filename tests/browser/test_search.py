"""The search of the page: titles, sentences and their parts, moods, pictures and sounds."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.fakes.library import write_tone
from tests.fakes.pictures import draw
from tests.fakes.questions import answering

SENTENCE = "calm ambient under 90 bpm"


def field(page):
    return page.get_by_role("main").get_by_role("searchbox", name="Titles, artists or a sentence")


def search(page, url, address):
    page.goto(f"{url}/#/search{address}")
    expect(field(page)).to_be_visible()


def rows(page, section):
    return page.get_by_role("region", name=section).get_by_role("listitem")


def chip(page, text):
    return page.get_by_role("list", name="Understood").get_by_text(text, exact=True)


def test_the_key_slash_leads_from_any_view_to_results(page, url):
    """It focuses the box of the sidebar; the address of the results can be shared."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("Title 003")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"#/search\?q=Title\+003$"))
    expect(rows(page, "Titles").first).to_contain_text("Title 003")
    expect(rows(page, "Titles").first).to_contain_text("The title matches")
    expect(field(page)).to_have_value("Title 003")


def test_results_follow_what_is_typed(page, url):
    """They appear when the typing pauses, and clearing the field leads back to the start."""
    search(page, url, "")
    expect(page.get_by_role("heading", name="Moods")).to_be_visible()
    field(page).fill("Title 00")
    expect(page.get_by_role("button", name="Show all 10")).to_be_visible()
    expect(rows(page, "Titles")).to_have_count(5)
    page.get_by_role("button", name="Show all 10").click()
    expect(rows(page, "Titles")).to_have_count(10)

    page.get_by_role("button", name="Clear the search").click()

    expect(page.get_by_role("heading", name="Moods")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#/search$"))


def test_artists_and_albums_are_links(page, url):
    """A name leads to the page of an artist or an album."""
    search(page, url, "?q=Artist+2")
    found = page.get_by_role("region", name="Artists and albums")

    expect(found.get_by_role("link", name="Artist 2 Artist · 1 album")).to_have_attribute(
        "href", re.compile("#/artist/")
    )
    expect(rows(page, "Titles").first).to_contain_text("The artist matches")


def test_parts_of_a_sentence_can_be_left_out(page, url):
    """Without the limit of the tempo, faster tracks are found. The address keeps that, and it can be undone."""
    search(page, url, f"?q={SENTENCE.replace(' ', '+')}")
    expect(chip(page, "“calm ambient”")).to_be_visible()
    expect(rows(page, "Sounds like it")).to_have_count(11)
    expect(rows(page, "Sounds like it").first).to_contain_text(re.compile(r"Sounds like “calm ambient” · \d\d BPM"))

    page.get_by_role("button", name="Leave out: Tempo: at most 90 BPM").click()

    expect(rows(page, "Sounds like it")).to_have_count(24)
    expect(page).to_have_url(re.compile("without=filter%3Atempo"))
    page.reload()
    expect(rows(page, "Sounds like it")).to_have_count(24)
    expect(chip(page, "“calm ambient”")).to_be_visible()
    page.get_by_role("button", name="Bring back what was left out").click()
    expect(rows(page, "Sounds like it")).to_have_count(11)


def test_a_search_of_which_everything_is_left_out_says_so(page, url):
    """Nothing is left to search by."""
    search(page, url, "?q=calm+ambient")
    page.get_by_role("button", name="Leave out: “calm ambient”").click()

    expect(page.get_by_text("Everything that was understood is left out.")).to_be_visible()


def test_a_mood_is_one_click(page, url):
    """It is shown as a part, combines with a text, and removing it leads back to the start."""
    search(page, url, "")
    page.get_by_role("button", name="Focus", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/search\?mood=focus$"))
    expect(rows(page, "Sounds like it").first).to_contain_text("Fits the mood “Focus”")

    page.get_by_role("button", name="Leave out: Mood: Focus").click()

    expect(page.get_by_role("heading", name="Moods")).to_be_visible()


def test_what_is_not_understood_finds_nothing_and_says_why(page, url):
    """The service's reason is shown."""
    search(page, url, "?q=!!!")

    expect(page.get_by_role("heading", name="Nothing was found")).to_be_visible()
    expect(page.get_by_text("was not understood and is ignored")).to_be_visible()


def test_results_play_and_become_a_playlist(page, url):
    """The row that plays is marked, and the name of a playlist is suggested."""
    search(page, url, "?q=Title+003")
    page.get_by_role("button", name="Play Title 003").first.click()
    expect(page.get_by_role("main").locator("[aria-current=true]").first).to_contain_text("Title 003")

    page.get_by_role("button", name="Save as playlist").click()

    expect(page.get_by_role("dialog").get_by_role("textbox", name="New playlist")).to_have_value("Title 003")


@pytest.fixture
def answers(broker_url):
    """A process that reads pictures and sounds."""
    with answering(broker_url):
        yield


@pytest.mark.usefixtures("answers")
def test_a_picture_finds_music(page, url, tmp_path):
    """What it shows and how it looks is said in words; one step leads back."""
    search(page, url, "")
    page.get_by_role("main").locator("input[type=file][accept='image/*']").first.set_input_files(
        draw(tmp_path / "beach.png", (240, 190, 60))
    )

    expect(page.get_by_role("heading", name="Music for “beach.png”")).to_be_visible()
    expect(page.get_by_text("It shows seashore. It looks warm, calm.")).to_be_visible()
    expect(page.get_by_role("img", name="beach.png")).to_be_visible()
    expect(rows(page, "Fits it").first).to_contain_text("Feels like the picture")
    page.get_by_role("button", name="Back to the search").click()
    expect(page.get_by_role("heading", name="Moods")).to_be_visible()


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize(
    ("address", "target"),
    [("search?q=Title+003", "main"), ("search", "navigation"), ("library/albums", "main"), ("", "region")],
)
def test_a_dropped_sound_finds_music(page, url, tmp_path, address, target):
    """It can be dropped anywhere in the window, in any view, and what was heard is shown."""
    page.goto(f"{url}/#/{address}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    name = {"navigation": "Main", "region": "Player"}.get(target)
    drop(page.get_by_role(target, name=name), write_tone(tmp_path / "loop.wav", 300), "audio/wav")

    expect(page.get_by_role("heading", name="Music for “loop.wav”")).to_be_visible()
    expect(chip(page, "slow")).to_be_visible()
    expect(chip(page, "Tempo: 120 BPM")).to_be_visible()
    expect(rows(page, "Sounds like it").first).to_be_visible()


def drop(target, path: Path, media_type):
    """Drop a file onto an element, as a pointer does; nothing is left for the browser to open."""
    transfer = target.page.evaluate_handle(
        """([bytes, name, type]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
            return transfer;
        }""",
        [list(path.read_bytes()), path.name, media_type],
    )
    for event in ("dragenter", "dragover", "drop"):
        is_caught = target.evaluate(
            """(element, [name, dataTransfer]) =>
                !element.dispatchEvent(new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true }))""",
            [event, transfer],
        )
        assert is_caught


def test_another_file_is_refused(page, url, tmp_path):
    """A message names it, and the results stay."""
    search(page, url, "?q=Title+003")
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear reader")
    drop(page.get_by_role("main"), letter, "text/plain")

    expect(page.get_by_text("“letter.txt” is neither a picture nor a sound")).to_be_visible()
    expect(rows(page, "Titles").first).to_contain_text("Title 003")


def test_without_a_process_for_pictures_the_reason_is_shown(context, url, tmp_path):
    """The view offers to try again."""
    page = context.new_page()  # the browser reports the status 503 as an error
    search(page, url, "")
    page.get_by_role("main").locator("input[type=file][accept='image/*']").first.set_input_files(
        draw(tmp_path / "beach.png", (240, 190, 60))
    )

    expect(page.get_by_role("heading", name="This could not be loaded")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_the_search_speaks_german(page, url):
    """Parts, reasons and sections are in the chosen language; sentences are understood in both."""
    page.add_init_script("localStorage.setItem('segue.language', '\"de\"')")
    page.goto(f"{url}/#/search?q=ruhiges+Klavier+unter+90+bpm")

    expect(page.get_by_role("button", name="Weglassen: Tempo: höchstens 90 BPM")).to_be_visible()
    expect(page.get_by_role("heading", name="Klingt danach")).to_be_visible()
    expect(page.get_by_role("button", name="Als Playlist speichern")).to_be_visible()


@pytest.mark.parametrize("address", ["", f"?q={SENTENCE}", "?q=Artist+2"])
def test_nothing_is_wider_than_a_phone(page, url, address):
    """At 390 pixels the view scrolls down only."""
    page.set_viewport_size({"width": 390, "height": 844})
    search(page, url, address)
    expect(page.get_by_role("heading", level=2).first).to_be_visible()

    widths = page.get_by_role("main").evaluate("main => [main.scrollWidth, main.clientWidth]")
    assert widths[0] <= widths[1]

"""Playlists in the page: made, changed, extended, exported and imported."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.fakes.library import track_id


@pytest.fixture
def service(url):
    """A client of the service, which deletes the playlists that a test leaves."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        yield client
        for playlist in client.get("/v1/playlists").json()["playlists"]:
            client.delete(f"/v1/playlists/{playlist['id']}")


def make(service, *numbers, name="Mix", **more):
    body = {"name": name, **({"tracks": [track_id(number) for number in numbers]} if numbers else {}), **more}
    return service.post("/v1/playlists", json=body).json()


def stored(service, playlist):
    found = service.get(f"/v1/playlists/{playlist['id']}").json()
    return [int(item["track"]["title"].removeprefix("Title ")) for item in found["items"]]


def open_playlist(page, url, playlist):
    page.goto(f"{url}/#/playlist/{playlist['id']}")
    expect(page.get_by_role("heading", level=1, name=playlist["name"])).to_be_visible()


def expect_titles(page, *numbers):
    rows = page.get_by_role("list", name=re.compile("^Tracks of")).get_by_role("listitem")
    expect(rows).to_have_text([re.compile(f"Title {number:03}") for number in numbers])


def test_a_first_playlist_is_created_and_filled_from_a_track_menu(page, url, service):
    """Without playlists the view says how to begin; a track of another playlist is added to the new one."""
    page.goto(f"{url}/#/playlists")
    expect(page.get_by_text("No playlists yet")).to_be_visible()
    page.get_by_role("button", name="New playlist", exact=True).click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Rainy Sunday")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Rainy Sunday")).to_be_visible()
    expect(page.get_by_text("This playlist is empty")).to_be_visible()

    other = make(service, 5, name="Other")
    open_playlist(page, url, other)
    page.get_by_role("button", name="More actions for Title 005").click()
    page.get_by_role("menuitem", name="Add to playlist").click()
    page.get_by_role("dialog", name="Add to playlist").get_by_role("button", name="Rainy Sunday").click()
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.get_by_role("heading", level=1, name="Rainy Sunday")).to_be_visible()
    expect_titles(page, 5)


def test_a_playlist_is_created_in_the_dialog(page, url, service):
    """The dialog makes a new playlist of the tracks that it was opened for."""
    open_playlist(page, url, make(service, 7, name="Other"))
    page.get_by_role("button", name="More actions for Title 007").click()
    page.get_by_role("menuitem", name="Add to playlist").click()
    dialog = page.get_by_role("dialog", name="Add to playlist")
    dialog.get_by_role("textbox", name="New playlist").fill("Fresh")
    dialog.get_by_role("button", name="Create").click()

    expect(page.get_by_text("Added 1 track to “Fresh”")).to_be_visible()
    made = next(each for each in service.get("/v1/playlists").json()["playlists"] if each["name"] == "Fresh")
    assert stored(service, made) == [7]


def test_entries_are_moved_with_the_keyboard_and_keep_the_focus(page, url, service):
    """Arrow keys on the handle move an entry; the new place is announced."""
    made = make(service, 1, 2, 3)
    open_playlist(page, url, made)
    handle = page.get_by_role("button", name="Move Title 001", exact=True)
    handle.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Title 001 is number 2 of 3")).to_be_attached()
    expect(handle).to_be_focused()
    page.keyboard.press("ArrowDown")

    expect_titles(page, 2, 3, 1)
    expect(handle).to_be_focused()
    page.reload()
    expect_titles(page, 2, 3, 1)
    assert stored(service, made) == [2, 3, 1]


def test_entries_are_moved_with_the_pointer(page, url, service):
    """A row follows its handle and stays where it is dropped."""
    made = make(service, 1, 2, 3, 4)
    open_playlist(page, url, made)
    start = page.get_by_role("button", name="Move Title 001", exact=True).bounding_box()
    end = page.get_by_role("button", name="Move Title 003", exact=True).bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] + 20, steps=5)
    expect_titles(page, 2, 3, 1, 4)
    page.mouse.up()

    expect_titles(page, 2, 3, 1, 4)
    page.reload()
    expect_titles(page, 2, 3, 1, 4)


def test_a_removed_entry_comes_back(page, url, service):
    """One of two equal tracks is removed; undo brings it back at its place."""
    made = make(service, 1, 2, 1)
    open_playlist(page, url, made)
    page.get_by_role("button", name="Remove Title 001 from the playlist").first.click()
    expect_titles(page, 2, 1)
    page.get_by_role("button", name="Undo").click()

    expect_titles(page, 1, 2, 1)
    page.reload()
    expect_titles(page, 1, 2, 1)


def test_a_change_in_another_tab_is_not_lost(context, url, service):
    """The page says that the playlist was changed, and shows what it contains now."""
    made = make(service, 1, 2)
    page = context.new_page()  # Chromium writes the status 409 to the console, as an error
    open_playlist(page, url, made)
    expect_titles(page, 1, 2)
    service.post(f"/v1/playlists/{made['id']}/tracks", json={"tracks": [track_id(3)]})
    page.get_by_role("button", name="Edit name and description").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Later")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("was changed elsewhere")).to_be_visible()
    expect_titles(page, 1, 2, 3)
    expect(page.get_by_role("heading", level=1, name="Mix")).to_be_visible()


def test_a_deleted_playlist_can_be_restored(page, url, service):
    """The grid offers to undo a deletion; the tracks are the same as before."""
    make(service, 1, 2, 1, name="Precious")
    page.goto(f"{url}/#/playlists")
    page.get_by_role("button", name="More actions for Precious").click()
    page.get_by_role("menuitem", name="Delete playlist").click()
    expect(page.get_by_role("link", name=re.compile("Precious"))).to_have_count(0)
    page.get_by_role("button", name="Undo").click()

    page.get_by_role("link", name=re.compile("Precious")).click()
    expect_titles(page, 1, 2, 1)


def test_suggestions_are_accepted_and_declined(page, url, service):
    """Each suggestion names its reason; an accepted one joins the playlist, a declined one disappears."""
    made = make(service, 2, 6)
    open_playlist(page, url, made)
    page.get_by_role("button", name="Suggest tracks").click()
    region = page.get_by_role("region", name="Extend this playlist")
    rows = region.get_by_role("listitem")
    expect(rows).to_have_count(10)
    expect(rows.first).to_contain_text(re.compile("Because of Title 00[26]"))
    first, second = [re.search(r"Title \d+", text)[0] for text in rows.all_inner_texts()[:2]]
    region.get_by_role("button", name=f"Add {first}", exact=True).click()
    region.get_by_role("button", name=f"Decline {second}").click()

    expect(rows).to_have_count(8)
    expect_titles(page, 2, 6, int(first[-3:]))
    expect(region.get_by_text(second)).to_have_count(0)


def test_a_smart_playlist_is_made_of_rules_and_refreshed(page, url, service):
    """Rules choose the tracks, a wrong one is refused with its reason, and an ordinary playlist keeps the tracks."""
    page.goto(f"{url}/#/playlists")
    page.get_by_role("button", name="New smart playlist").click()
    dialog = page.get_by_role("dialog", name="New smart playlist")
    dialog.get_by_role("textbox", name="Name").fill("Slow ones")
    dialog.get_by_role("textbox", name="Describe the music").fill("under 90 bpm")
    dialog.get_by_role("combobox", name="Order").select_option("Tempo")
    dialog.get_by_role("combobox", name="Number of tracks").select_option("25 tracks")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Smart playlist", exact=True)).to_be_visible()
    expect_titles(page, *range(11))
    expect(page.get_by_role("button", name="Move Title 000", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Refresh now").click()
    expect_titles(page, *range(11))

    page.get_by_role("button", name="Edit rules").click()
    page.get_by_role("textbox", name="Describe the music").fill("under 83 bpm")
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("region", name="Genres of your files").get_by_role("button", name="Folk").click()
    page.get_by_role("button", name="Save").click()
    expect_titles(page, 1)
    expect(page.get_by_text("“under 83 bpm” · Folk")).to_be_visible()
    page.get_by_role("button", name="Edit rules").click()
    page.get_by_role("button", name="Remove the filter Folk").click()
    page.get_by_role("button", name="Save").click()
    expect_titles(page, 0, 1, 2, 3)
    page.get_by_role("button", name="Edit rules").click()
    page.get_by_role("button", name="Keep the tracks, without rules").click()
    expect(page.get_by_role("button", name="Move Title 000", exact=True)).to_be_visible()
    expect_titles(page, 0, 1, 2, 3)


def test_an_exported_file_is_imported_again(page, url, service, tmp_path):
    """The M3U8 names each file; the import finds them and lists the line that matches nothing."""
    open_playlist(page, url, make(service, 3, 1, name="Été: 1/2"))
    page.get_by_role("button", name="More actions for Été").click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name="Export as M3U8", exact=True).click()
    file = Path(waiting.value.path()).read_text(encoding="utf-8")

    assert waiting.value.suggested_filename == "Été_ 1_2.m3u8"
    assert [line for line in file.splitlines() if not line.startswith("#")] == ["003.wav", "001.wav"]
    copy = tmp_path / "copy.m3u8"
    copy.write_text(file.replace("#PLAYLIST:Été: 1/2", "#PLAYLIST:Copy") + "Nobody/Nothing.mp3\n", encoding="utf-8")
    page.goto(f"{url}/#/playlists")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import").click()
    chooser.value.set_files(copy)
    dialog = page.get_by_role("dialog", name="1 track not found")
    expect(dialog.get_by_text("Nobody/Nothing.mp3")).to_be_visible()
    dialog.get_by_role("button", name="Open “Copy”").click()

    expect_titles(page, 3, 1)


def test_a_long_playlist_is_drawn_in_part(page, url, service):
    """Of 600 entries only those on screen are in the document; the last can be reached and moved."""
    made = make(service, *(number % 24 for number in range(600)), name="Long")
    open_playlist(page, url, made)
    rows = page.get_by_role("list", name="Tracks of Long").get_by_role("listitem")
    expect(rows.first).to_be_visible()
    assert rows.count() < 60
    page.get_by_role("button", name="Move Title 000", exact=True).first.focus()
    page.keyboard.press("End")

    expect(page.get_by_text("Title 000 is number 600 of 600")).to_be_attached()
    expect(page.locator("[aria-posinset='600']")).to_contain_text("Title 000")
    expect(
        page.locator("[aria-posinset='600']").get_by_role("button", name="Move Title 000", exact=True)
    ).to_be_focused()


def test_nothing_is_cut_off_on_a_phone(page, url, service):
    """The grid, a playlist and its dialogs fit into 320 pixels."""
    made = make(service, 1, 2, 3, name="A name that is far too long for one line of a phone, and then some")
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{url}/#/playlists")
    expect(page.get_by_role("link", name=re.compile("A name that"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    open_playlist(page, url, made)
    expect_titles(page, 1, 2, 3)

    assert page.evaluate("document.getElementById('content').scrollWidth") <= 320

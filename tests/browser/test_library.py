"""The library in the page: songs, albums, artists and genres of any number, and the pages they lead to."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.own_features import FeatureType
from services.domain.track import Tags
from services.settings import Settings
from tests.fakes.library import track_id, write_library

READY = 24
"""Analysed tracks: see `write_library`. Each has the heard tag "calm"."""

PENDING = 300
"""Tracks that wait for analysis: more than a page of the API, and far more than the window shows."""

TOTAL = READY + PENDING


@pytest.fixture(scope="module")
def library_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with analysed tracks of four albums, and many others on one album."""
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", READY)
    types = {"mine.rank": FeatureType.NUMBER, "mine.ok": FeatureType.FLAG, "mine.scene": FeatureType.TEXT}
    with catalogue.own_features.replacing(types) as staged:
        staged.add([(track_id(0), {"mine.rank": 0.25, "mine.ok": True, "mine.scene": "Late night"})])
    for number in range(PENDING):
        tags = Tags(
            title=f"Zebra {number:03}",
            artists=("Zoo",),
            album="Animals",
            album_artists=("Zoo",),
            disc_number=1 + number // 200,
            track_number=1 + number % 200,
        )
        stamp = FileStamp(f"/zoo/{number}.mp3", "/zoo", 1, 1)
        catalogue.library.register(track_id(1000 + number), tags, stamp)
    catalogue.close()
    return folder


@pytest.fixture
def songs(page, url):
    """The songs of the library."""
    page.goto(f"{url}/#/library/songs")
    expect(page.get_by_text(f"{TOTAL} tracks", exact=True)).to_be_visible()
    return page


def rows(page):
    return page.get_by_role("list", name="Songs").get_by_role("listitem")


def first_titles(page, count):
    """The titles of the first rows."""
    buttons = page.get_by_role("list", name="Songs").get_by_role("button", name=re.compile("^Play "))
    return [buttons.nth(place).get_attribute("aria-label").removeprefix("Play ") for place in range(count)]


def scroll_to(page, share):
    """Drag the scroll bar of the content to a share of its way."""
    page.get_by_role("main").evaluate(
        "(main, share) => { main.scrollTop = share * (main.scrollHeight - main.clientHeight); }", share
    )


def test_a_long_list_renders_and_loads_only_what_is_on_screen(songs):
    """The end of the list can be reached at once, and few rows exist at a time."""
    expect(songs.get_by_text("Title 000")).to_be_visible()
    scroll_to(songs, 1)

    last = rows(songs).filter(has_text=f"Zebra {PENDING - 1}")
    expect(last).to_be_in_viewport()
    expect(last).to_have_attribute("aria-posinset", str(TOTAL))
    assert rows(songs).count() < 60


def test_the_columns_sort(songs):
    """A heading sorts by its column, and in the other direction when it is pressed again; the address says so."""
    songs.get_by_role("button", name="Sort by Title").click()
    expect(songs).to_have_url(re.compile(r"sort=title"))
    expect(rows(songs).first).to_contain_text("Title 000")

    songs.get_by_role("button", name="Sort by Title. Ascending").click()
    expect(rows(songs).first).to_contain_text("Zebra 299")

    songs.get_by_role("combobox", name="Sort by").select_option(label="Tempo")
    songs.get_by_role("button", name="Ascending", exact=True).click()
    expect(rows(songs).first).to_contain_text(f"{79 + READY} BPM")
    expect(songs).to_have_url(re.compile(r"sort=tempo&order=desc"))


def test_filters_are_set_by_keyboard_shown_and_removed(songs):
    """A handle over the histogram narrows the list; the condition is a chip that can be removed."""
    songs.get_by_role("button", name="Filters").click()
    handle = songs.get_by_role("slider", name="Tempo: at least")
    handle.focus()
    handle.press("End")
    for _ in range(3):
        handle.press("ArrowLeft")

    expect(songs.get_by_text("4 tracks", exact=True)).to_be_visible()
    expect(songs).to_have_url(re.compile(r"min_tempo=100"))
    songs.reload()
    expect(songs.get_by_text("4 tracks", exact=True)).to_be_visible()
    songs.get_by_role("button", name="Remove the filter Tempo: at least 100 BPM").click()
    expect(songs.get_by_text(f"{TOTAL} tracks", exact=True)).to_be_visible()


def test_genres_of_files_and_heard_tags_lead_to_their_songs(page, url):
    """A tag that is heard finds songs that no file names so, also by the filter of genres."""
    page.goto(f"{url}/#/library/genres")
    page.get_by_role("region", name="Heard in the music").get_by_role("link", name="calm").click()
    expect(page.get_by_text(f"{READY} tracks", exact=True)).to_be_visible()

    page.goto(f"{url}/#/library/songs?genre=Calm")
    expect(page.get_by_text(f"{READY} tracks", exact=True)).to_be_visible()

    page.goto(f"{url}/#/library/genres")
    genres = page.get_by_role("region", name="Genres of your files")
    genres.get_by_role("link", name="Folk").click()
    expect(genres).to_have_count(0)
    expect(page.get_by_text(f"{READY // 4} tracks", exact=True)).to_be_visible()


def test_an_address_that_makes_no_sense_shows_the_songs(page, url):
    """A person never sees names of parameters or a validation message."""
    page.goto(f"{url}/#/library/songs?min_energy=lots&max_energy=&sort=colour&order=up&min_tempo=90&max_tempo=10")

    expect(page.get_by_text(f"{TOTAL} tracks", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("#/|min_|wrong", re.IGNORECASE))).to_have_count(0)


def test_words_find_songs(songs):
    """All words must occur; when nothing matches, the page says what to do."""
    songs.get_by_role("searchbox", name="Find songs").fill("zoo 123")
    expect(songs.get_by_text("1 track", exact=True)).to_be_visible()
    expect(rows(songs)).to_have_text([re.compile("Zebra 123")])

    songs.get_by_role("searchbox", name="Find songs").fill("nothing like this")
    expect(songs.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_albums_lead_to_tracks_in_order_and_to_the_artist(page, url):
    """An album has its tracks by disc and number; its artist has albums and typical tracks."""
    page.goto(f"{url}/#/library/albums")
    expect(page.get_by_text("5 albums", exact=True)).to_be_visible()
    page.get_by_role("link", name="Animals").click()

    expect(page.get_by_role("heading", name="Animals", level=1)).to_be_visible()
    first = page.get_by_role("region", name="Disc 1").get_by_role("listitem")
    expect(first).to_have_count(200)
    expect(first.first).to_contain_text("Zebra 000")
    expect(page.get_by_role("region", name="Disc 2").get_by_role("listitem").first).to_contain_text("Zebra 200")

    page.goto(f"{url}/#/library/artists?q=artist+2")
    page.get_by_role("link", name="Artist 2").click()
    expect(page.get_by_role("heading", name="Artist 2", level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Typical tracks").get_by_role("listitem")).to_have_count(READY // 4)
    page.get_by_role("region", name="Albums").get_by_role("link", name="Album 2").click()
    expect(page.get_by_role("heading", name="Album 2", level=1)).to_be_visible()


def test_an_album_plays_and_marks_its_track(page, url):
    """Play plays the album, and the row of the track that plays is marked."""
    page.goto(f"{url}/#/library/albums?q=Album+1")
    page.get_by_role("link", name="Album 1").click()
    page.get_by_role("main").get_by_role("button", name="Play", exact=True).click()

    marked = page.get_by_role("main").locator("[aria-current=true]")
    expect(marked).to_have_count(1)
    expect(page.get_by_role("region", name="Player")).to_contain_text("Artist 1")


def test_going_back_returns_to_the_same_place(songs):
    """The list is where it was left, and a new page begins at its top."""
    scroll_to(songs, 0.5)
    artist = rows(songs).filter(has_text="Zebra 142").get_by_role("link", name="Zoo")
    expect(artist).to_be_in_viewport()
    place = songs.get_by_role("main").evaluate("(main) => main.scrollTop")
    artist.click()
    expect(songs.get_by_role("heading", name="Zoo", level=1)).to_be_in_viewport()

    songs.go_back()

    expect(songs.get_by_text(f"{TOTAL} tracks", exact=True)).to_be_attached()
    songs.wait_for_function("place => Math.abs(document.querySelector('main').scrollTop - place) < 2", arg=place)


def test_the_library_begins_on_the_first_screen_of_a_phone(page, url):
    """On a phone the first song is visible without scrolling, and the other views are a tap away."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/#/library/songs")

    expect(page.get_by_text("Title 000")).to_be_in_viewport()
    page.get_by_role("navigation", name="More views").get_by_role("link", name="Playlists").click()
    expect(page).to_have_url(re.compile("#/playlists"))


def test_filters_of_a_phone_are_a_dialog(page, url):
    """The dialog has the same filters, and the list behind it changes at once."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/#/library/songs")
    page.get_by_role("button", name="Filters").click()
    dialog = page.get_by_role("dialog", name="Filters")
    dialog.get_by_role("button", name="Folk").click()
    dialog.get_by_role("button", name="Show songs").click()

    expect(dialog).to_have_count(0)
    expect(page.get_by_text(f"{READY // 4} tracks", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()


def test_a_list_that_fails_can_be_loaded_again(context, url):
    """The page says that it could not load the list, and loads it when it is asked to."""
    page = context.new_page()
    page.route("**/v1/albums?*", lambda route: route.abort())
    page.goto(f"{url}/#/library/albums")
    expect(page.get_by_role("heading", name="This could not be loaded")).to_be_visible()

    page.unroute("**/v1/albums?*")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_text("5 albums", exact=True)).to_be_visible()


def test_an_album_that_is_gone_is_said_in_words(context, url):
    """An old address says what happened."""
    page = context.new_page()
    page.goto(f"{url}/#/album/al-0000000000000000")

    expect(page.get_by_role("heading", name="This could not be loaded")).to_be_visible()


def test_the_menu_of_a_track_shows_its_details(songs):
    """Own features first, then what was measured, and the file. Escape closes them."""
    songs.get_by_role("button", name="More actions for Title 000").click()
    songs.get_by_role("menuitem", name="Details").click()
    dialog = songs.get_by_role("dialog", name="Details of the track")

    own = dialog.get_by_role("region", name="Own features")
    expect(own.get_by_role("term")).to_have_text(["mine.ok", "mine.rank", "mine.scene"])
    expect(own.get_by_role("definition")).to_have_text(["yes", "0.25", "Late night"])
    expect(dialog.get_by_role("region", name="Sound").get_by_text("80 BPM")).to_be_visible()
    expect(dialog.get_by_role("region", name="File").get_by_text(track_id(0))).to_be_visible()
    songs.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_songs_are_filtered_by_own_features(songs):
    """By a flag, a text and a number; each condition can be removed."""
    songs.get_by_role("button", name="Filters").click()
    own = songs.get_by_role("region", name="Own features")
    own.get_by_label("mine.ok").select_option("yes")
    expect(songs.get_by_text("1 track", exact=True)).to_be_visible()
    own.get_by_role("textbox", name="mine.scene").fill("late night")
    own.get_by_role("textbox", name="mine.scene").press("Tab")
    expect(songs.get_by_role("button", name="Remove the filter mine.scene: late night")).to_be_visible()
    expect(rows(songs)).to_have_count(1)
    own.get_by_role("group", name="mine.rank").get_by_label("At least").fill("0.5")
    own.get_by_role("group", name="mine.rank").get_by_label("At least").press("Tab")
    expect(songs.get_by_role("button", name="Remove the filter mine.rank: at least 0.5")).to_be_visible()
    expect(rows(songs)).to_have_count(0)
    songs.get_by_role("button", name="Remove all").click()
    expect(songs.get_by_text(f"{TOTAL} tracks", exact=True)).to_be_visible()

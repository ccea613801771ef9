"""The map: drawn with WebGL, heard below the pointer, and used with pointer and keyboard.

The points lie on a grid, so that the tests know where each track is on the screen.
"""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from services.catalog import Catalogue
from services.domain.map import Placed, Region
from services.settings import Settings
from tests.fakes.library import MODEL, track_id
from tests.fakes.serving import LIBRARY_SIZE, api_process, free_port

COLUMNS = 6
TOP, RIGHT, BOTTOM, LEFT = 112, 64, 48, 272
"""Space beside the points of the whole map in CSS pixels, as in the page."""

NO_WEBGL = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
};
"""


def place(number):
    """The place of a track on the map, 0 to 1: six columns and four rows, with free space at the sides."""
    return 0.1 + 0.16 * (number % COLUMNS), 0.2 + 0.2 * (number // COLUMNS)


@pytest.fixture(scope="module")
def library_dir(library_dir):
    """The library with a map: the regions are the left and the right half."""
    catalogue = Catalogue.open(Settings(data_dir=library_dir).catalogue_url)
    tracks = [Placed(track_id(number), *place(number), "piano") for number in range(LIBRARY_SIZE)]
    halves = ((0.26, ("jazz", "piano")), (0.74, ("metal",)))
    regions = [Region(level, x, 0.3, tags, 12) for x, tags in halves for level in (0, 1)]
    catalogue.map.publish(iter(tracks), regions, method="pca", model_version=MODEL)
    catalogue.close()
    return library_dir


class Map:
    """The map in the page."""

    def __init__(self, page: Page, url: str, query: str = "") -> None:
        self.page = page
        page.goto(f"{url}/#/map{query}")
        self.keys = page.get_by_role("application", name=re.compile("Map of tracks"))
        expect(self.keys).to_be_visible()
        expect(page.get_by_role("region", name="Legend")).to_be_visible()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the position on the screen of a place on the whole map."""
        box = self.keys.bounding_box()
        width, height = box["width"] - LEFT - RIGHT, box["height"] - TOP - BOTTOM
        side = min(width / 0.8, height / 0.6)
        return box["x"] + LEFT + width / 2 + (x - 0.5) * side, box["y"] + TOP + height / 2 + (y - 0.5) * side

    def point(self, number: int) -> tuple[float, float]:
        """Return the position on the screen of a track."""
        return self.at(*place(number))

    def drag(self, *places: tuple[float, float]) -> None:
        """Press at the first place, move over the others, and release."""
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for each in places[1:]:
            self.page.mouse.move(*each, steps=5)
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        self.page.mouse.up()

    def tool(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


@pytest.mark.webgl
def test_points_are_drawn_in_the_colours_of_the_legend(page, url):
    """A screenshot has another colour than the ground where a track is, and the ground where none is."""
    shown = Map(page, url)
    page.get_by_role("combobox", name="Colour by").select_option(label="Energy")
    expect(page.get_by_role("region", name="Legend").get_by_role("heading", name="Energy")).to_be_visible()

    def colour(x, y):
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        return picture.getpixel((round(x), round(y)))

    ground = colour(*shown.at(0.5, 0.7))
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    for number in (6, 7, 8, 9):
        assert colour(*shown.point(number)) != ground


@pytest.mark.webgl
def test_a_track_below_the_pointer_is_named_and_heard(page, url):
    """The card has title and artist; its audio is loaded, and no listen is sent."""
    asked = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    shown = Map(page, url)
    with page.expect_request(re.compile(f"/v1/tracks/{track_id(8)}/audio")):
        page.mouse.move(*shown.point(8))

        expect(page.get_by_text("Title 008")).to_be_visible()
        expect(page.get_by_text("Artist 0")).to_be_visible()

    page.mouse.move(*shown.at(0.5, 0.7))
    expect(page.get_by_text("Title 008")).to_be_hidden()
    assert not [each for each in asked if "listens" in each and each.startswith("POST")]


@pytest.mark.webgl
def test_the_sound_can_be_switched_off(page, url):
    """With the sound off, a track is named and its audio is not loaded, also after a reload."""
    shown = Map(page, url)
    shown.tool("Do not play tracks below the pointer")
    page.reload()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.mouse.move(*shown.point(9))

    expect(page.get_by_text("Title 009")).to_be_visible()
    page.wait_for_timeout(600)  # longer than the delay after which a track is heard
    assert not [each for each in asked if each.endswith("/audio")]


@pytest.mark.webgl
def test_a_lasso_becomes_a_playlist_or_a_radio(page, url):
    """Tracks inside the lasso are listed; they can be played, kept in a playlist, or start a radio."""
    shown = Map(page, url)
    shown.tool("Choose tracks with a lasso")
    shown.drag(shown.at(0.18, 0.15), shown.at(0.5, 0.15), shown.at(0.5, 0.5), shown.at(0.18, 0.5))
    chosen = page.get_by_role("region", name="Your selection")

    expect(chosen.get_by_text("4 tracks", exact=True)).to_be_visible()
    for number in (1, 2, 7, 8):
        expect(chosen.get_by_text(f"Title {number:03}")).to_be_visible()

    chosen.get_by_role("button", name="Playlist").click()
    dialog = page.get_by_role("dialog", name="Add to playlist")
    dialog.get_by_role("textbox").first.fill("From the map")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_text(re.compile("From the map"))).to_be_visible()

    chosen.get_by_role("button", name="Radio").click()
    expect(page.get_by_role("region", name="Player")).to_contain_text("Title")


@pytest.mark.webgl
def test_dragging_from_a_track_to_another_finds_a_path(page, url):
    """The path begins and ends with the two tracks, and can be played."""
    shown = Map(page, url)
    shown.drag(shown.point(6), shown.at(0.4, 0.5), shown.point(23))
    path = page.get_by_role("region", name="From Title 006 to Title 023")
    rows = path.get_by_role("listitem")

    expect(rows.first).to_contain_text("Title 006")
    expect(rows.last).to_contain_text("Title 023")
    assert rows.count() > 2
    path.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("region", name="Player")).to_contain_text("Title 006")
    expect(page.get_by_text("You are here")).to_be_visible()


@pytest.mark.webgl
def test_a_path_can_be_chosen_without_dragging(page, url):
    """The start is chosen on its card, and the end with a click."""
    shown = Map(page, url)
    page.mouse.click(*shown.point(12))
    page.get_by_role("button", name="Find a path from here").click()
    expect(page.get_by_text("Choose the track where the path ends")).to_be_visible()
    page.mouse.click(*shown.point(17))

    expect(page.get_by_role("region", name="From Title 012 to Title 017")).to_be_visible()


@pytest.mark.webgl
def test_the_keyboard_walks_and_plays(page, url):
    """Arrow keys go to the next track in a direction, Enter plays it, Escape puts it back."""
    shown = Map(page, url)
    shown.keys.focus()
    for key in (
        "ArrowDown",
        "ArrowUp",
        "ArrowUp",
        "ArrowUp",
        "ArrowUp",
        "ArrowLeft",
        "ArrowLeft",
        "ArrowLeft",
        "ArrowLeft",
    ):
        page.keyboard.press(key)
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_text("Title 007")).to_be_visible()

    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Player")).to_contain_text("Title 007")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Find a path from here")).to_be_hidden()


@pytest.mark.webgl
def test_a_region_is_a_button(page, url):
    """A region is named by its tags; Enter on its label shows its tracks."""
    Map(page, url)
    page.get_by_role("button", name="jazz · piano").press("Enter")

    expect(page.get_by_role("region", name="jazz · piano")).to_contain_text("12 tracks")


@pytest.mark.webgl
def test_an_address_leads_to_a_track(page, url):
    """`#/map?track=…` shows the card of the track; an unknown track is said to be missing."""
    Map(page, url, f"?track={track_id(20)}")
    expect(page.get_by_text("Title 020")).to_be_visible()

    page.goto(f"{url}/#/map?track=unknown")
    expect(page.get_by_text("This track is not on the map yet.")).to_be_visible()


def test_without_webgl_the_regions_are_a_list(page, url):
    """A browser that cannot draw says so, and its list of regions opens and plays."""
    page.add_init_script(NO_WEBGL)
    page.goto(f"{url}/#/map")

    expect(page.get_by_role("heading", name="This browser cannot draw the map")).to_be_visible()
    region = page.get_by_role("region", name="metal")
    region.get_by_role("button", name=re.compile("metal")).click()
    expect(region.get_by_role("listitem")).to_have_count(10)
    region.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("region", name="Player")).to_contain_text("Title")


def test_before_the_first_fit_the_view_says_so(page, tmp_path, broker_url):
    """An empty library has no map; the view says when there will be one."""
    port = free_port()
    with api_process(tmp_path, broker_url, port):
        page.goto(f"http://127.0.0.1:{port}/#/map")

        expect(page.get_by_role("heading", name="The map is not drawn yet")).to_be_visible()
        page.goto("about:blank")

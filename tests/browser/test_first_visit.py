"""Home: an empty library, the choice of a listener, a first visit, and what a listener with a past can play."""

import json
import re
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from services.catalog import Catalogue
from services.domain.access import Scope
from services.settings import Settings
from tests.fakes.library import track_id, write_library
from tests.fakes.serving import api_process, free_port

HOME = "What would you like to hear?"
FIRST = "Let’s find your music"


@pytest.fixture
def service(url):
    """A client of the service, on which nobody has listened."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        for user in client.get("/v1/users").json()["users"]:
            client.delete(f"/v1/users/{quote(user['name'])}/now-playing")
            client.delete(f"/v1/users/{quote(user['name'])}")
        yield client


def listen(service, user, *numbers, at="2026-03-01T20:15:00Z"):
    listens = [{"track_id": track_id(number), "at": at} for number in numbers]
    assert service.post(f"/v1/users/{user}/listens", json={"listens": listens}).status_code == 200


def plays(service, user):
    return len(service.get(f"/v1/users/{user}/listens").json()["listens"])


def player(page):
    return page.get_by_role("region", name="Player")


def menu(page, name):
    return page.get_by_role("navigation", name="Main").get_by_role("button", name=f"Listener: {name}")


def test_an_empty_library_leads_to_the_scan(page, broker_url, tmp_path):
    """It says what to do instead of showing empty shelves."""
    port = free_port()
    with api_process(tmp_path / "empty", broker_url, port):
        page.goto(f"http://127.0.0.1:{port}")
        expect(page.get_by_role("heading", name="No music yet")).to_be_visible()
        page.get_by_role("link", name="Add a folder").click()

        expect(page).to_have_url(re.compile("#/service$"))


def test_after_moods_and_artists_a_radio_of_them_plays(page, url, service):
    """The choices are stored for the new listener; the radio says what they led to, and takes a skip."""
    page.goto(url)
    expect(page.get_by_role("heading", name=FIRST)).to_be_visible()
    expect(page.get_by_role("button", name="Start listening")).to_be_disabled()
    page.get_by_role("button", name="Focus").click()
    page.get_by_label("Find an artist").fill("artist 2")
    expect(page.get_by_role("button", name="Artist 1")).to_have_count(0)
    page.get_by_role("button", name="Artist 2").click()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.get_by_label("Your name").fill("newcomer")
    page.get_by_role("button", name="Start listening").click()

    player(page).get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", name=HOME)).to_be_visible()
    expect(page.get_by_role("region", name="Your radios").get_by_role("listitem")).not_to_have_count(1)
    expect(menu(page, "newcomer")).to_be_visible()
    start = service.get("/v1/users/newcomer/start").json()
    assert (start["moods"], start["artists"]) == (["focus"], ["Artist 2"])
    page.get_by_role("button", name="Queue", exact=True).click()
    tracks = page.get_by_role("region", name="Radio", exact=True).get_by_role("listitem")
    expect(tracks.filter(has_text=re.compile("Because you chose Artist 2|Mood: Focus"))).not_to_have_count(0)
    expect(tracks).to_have_count(5)
    with page.expect_response(re.compile("/next$")):
        player(page).get_by_role("button", name="Skip to the next track").click()
    assert "skip" in [each["event"] for each in service.get("/v1/users/newcomer/listens").json()["listens"]]


def test_without_a_choice_a_radio_plays_for_the_listener(page, url, service):
    """Home then offers the library instead of the same questions."""
    page.goto(url)
    page.get_by_label("Your name").fill("hasty")
    page.get_by_role("button", name="Just play something").click()

    expect(player(page).get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("heading", name=HOME)).to_be_visible()
    page.get_by_role("button", name="Queue", exact=True).click()
    expect(page.get_by_role("region", name="Radio", exact=True).get_by_role("listitem")).to_have_count(5)


def test_the_listener_is_asked_for_once(page, url, service):
    """Known listeners can be chosen; the choice outlasts a reload, and the menu changes it."""
    listen(service, "ada", 0, 4)
    listen(service, "bob", 1)
    page.goto(url)
    expect(page.get_by_role("heading", name="Who is listening?")).to_be_visible()
    page.get_by_role("button", name="ada").click()
    expect(page.get_by_role("heading", name=HOME)).to_be_visible()
    page.reload()
    expect(menu(page, "ada")).to_be_visible()
    menu(page, "ada").click()
    page.get_by_role("menuitem", name="Switch listener").click()
    dialog = page.get_by_role("dialog", name="Who is listening?")
    expect(dialog.get_by_role("button", name="ada")).to_have_attribute("aria-pressed", "true")
    dialog.get_by_label("Another name").fill("eve")
    dialog.get_by_role("button", name="Continue").click()

    expect(menu(page, "eve")).to_be_visible()
    expect(page.get_by_role("heading", name=FIRST)).to_be_visible()


def test_home_offers_what_the_past_leads_to(page, url, service):
    """Shelves show unheard, recent, rested and new tracks; a tile plays."""
    listen(service, "ada", 0, 4, 8)
    listen(service, "ada", 1, 5, at="2026-01-01T20:15:00Z")
    page.goto(url)
    page.get_by_role("button", name="ada").click()
    discover = page.get_by_role("region", name="Discover", exact=True)
    expect(discover.get_by_role("button", name=re.compile("Play Title"))).not_to_have_count(0)

    for heard in (0, 4, 8, 1, 5):
        expect(discover.get_by_role("button", name=f"Play Title {heard:03}")).to_have_count(0)
    recent = page.get_by_role("region", name="Recently played")
    expect(recent.get_by_role("button", name=re.compile("Play Title"))).to_have_count(5)
    expect(page.get_by_role("region", name="Newly added").get_by_role("button", name="Play Title 023")).to_be_visible()
    recent.get_by_role("button", name="Play Title 004").click()
    expect(player(page).get_by_role("button", name="Pause")).to_be_visible()


def test_home_follows_what_is_heard(page, url, service):
    """A track that was played moves from the unheard to the recent ones, but not under the pointer."""
    listen(service, "ada", 0, 4)
    page.goto(url)
    page.get_by_role("button", name="ada").click()
    discover = page.get_by_role("region", name="Discover", exact=True)
    tile = discover.get_by_role("button", name=re.compile("Play Title")).first
    tile.hover()  # from now on the shelf stays as it is
    name = tile.get_attribute("aria-label")
    tile.click()
    recent = page.get_by_role("region", name="Recently played")
    expect(recent.get_by_role("button", name=name)).to_be_visible()
    expect(discover.get_by_role("button", name=name)).to_be_visible()

    page.mouse.move(0, 0)
    expect(discover.get_by_role("button", name=name)).to_have_count(0)


def test_a_private_session_stores_nothing_and_ends_with_the_tab(page, context, url, service):
    """A banner shows it; afterwards plays are stored again."""
    listen(service, "ada", 0, 4)
    page.goto(url)
    page.get_by_role("button", name="ada").click()
    menu(page, "ada").click()
    page.get_by_role("menuitem", name="Start a private session").click()
    banner = page.get_by_text("Private session: nothing that plays is stored.")
    expect(banner).to_be_visible()
    recent = page.get_by_role("region", name="Recently played")
    recent.get_by_role("button", name="Play Title 000").click()
    expect(player(page).get_by_role("button", name="Pause")).to_be_visible()
    page.reload()
    expect(banner).to_be_visible()
    other = context.new_page()
    other.goto(url)
    expect(menu(other, "ada")).to_be_visible()

    assert plays(service, "ada") == 2
    expect(other.get_by_text("Private session: nothing that plays is stored.")).to_have_count(0)
    page.get_by_role("button", name="End private session").click()
    expect(banner).to_have_count(0)


def test_a_key_that_is_bound_to_a_listener_chooses_it(page, broker_url, tmp_path):
    """Nobody is asked, and the menu offers no other listener."""
    catalogue = Catalogue.open(Settings(data_dir=tmp_path).catalogue_url)
    write_library(catalogue, tmp_path / "music", 4)
    key = catalogue.keys.create("page", [Scope.READ, Scope.LISTEN], ["kim"])
    catalogue.close()
    page.add_init_script(f"sessionStorage.setItem('segue.key', {json.dumps(json.dumps(key.text))})")
    port = free_port()
    with api_process(tmp_path, broker_url, port, SEGUE_REQUIRE_KEYS="true"):
        page.goto(f"http://127.0.0.1:{port}")
        expect(page.get_by_role("heading", name=FIRST)).to_be_visible()
        menu(page, "kim").click()

        expect(page.get_by_role("menuitem", name="Start a private session")).to_be_visible()
        expect(page.get_by_role("menuitem", name="Switch listener")).to_have_count(0)
        expect(page.get_by_label("Your name")).to_have_count(0)

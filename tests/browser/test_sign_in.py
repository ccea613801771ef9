"""People sign in to the page, in a real Chromium, at a provider that is written independently of Segue."""

import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from playwright.sync_api import expect

from tests.fakes.serving import api_process, free_port

PEOPLE = (
    User(sub="1", claims={"preferred_username": "ada", "name": "Ada Lovelace", "groups": ["family"]}),
    User(sub="2", claims={"preferred_username": "olga", "name": "Olga", "groups": ["owners"]}),
    User(sub="3", claims={"preferred_username": "eve", "groups": []}),
)


@pytest.fixture(scope="module")
def site(library_dir, broker_url):
    """The URL of an API process where people sign in."""
    groups = library_dir / "groups.toml"
    groups.write_text("[groups.owners]\nscopes = ['admin']\n[groups.family]\n", encoding="utf-8")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with oidc_provider_mock.run_server_in_thread(user_claims=PEOPLE) as server:
        variables = {
            "SEGUE_URL": url,
            "SEGUE_REQUIRE_KEYS": "true",
            "SEGUE_OIDC_ISSUER": f"http://localhost:{server.server_port}",
            "SEGUE_OIDC_CLIENT_ID": "segue",
            "SEGUE_OIDC_CLIENT_SECRET": "any",
            "SEGUE_OIDC_GROUPS": str(groups),
        }
        with api_process(library_dir, broker_url, port, **variables):
            yield url


def sign_in(page, site, who):
    """Open a view, and sign in from the dialog that appears."""
    page.goto(f"{site}/#/library/songs")
    page.get_by_role("dialog", name="Sign in").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=who, exact=True).click()


def test_a_person_signs_in_and_out(context, site):
    """The page comes back to its view and plays for the person; after signing out it asks again."""
    page = context.new_page()
    sign_in(page, site, "1")
    expect(page).to_have_url(f"{site}/#/library/songs")
    expect(page.get_by_role("list", name="Songs")).to_be_visible()
    menu = page.get_by_role("navigation").get_by_role("button", name="Listener: ada")
    menu.click()
    expect(page.get_by_role("menuitem", name="Switch listener")).to_have_count(0)
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_role("button", name="End session").click()

    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()


def test_a_person_without_a_group_is_told_so(context, site):
    """The page says why nobody is signed in, and what to do."""
    page = context.new_page()
    sign_in(page, site, "3")

    expect(page.get_by_role("heading", name="You have no access here")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in again")).to_be_visible()
    page.get_by_role("button", name="Use an API key").click()
    expect(page.get_by_role("dialog", name="Enter API key")).to_be_visible()


def test_an_owner_administers_libraries_and_people(context, site):
    """Create a library, give it a member and a quota, remove it, and sign a person out, all by name and label."""
    page = context.new_page()
    sign_in(page, site, "2")
    page.get_by_role("link", name="Service").click()
    section = page.get_by_role("region", name="Libraries")
    section.get_by_role("button", name="Create library").click()
    dialog = page.get_by_role("dialog", name="Create library")
    dialog.get_by_label("Name").fill("Jazz")
    dialog.get_by_label("Folders").fill("relative")
    dialog.get_by_role("button", name="Create library").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not an absolute path")
    dialog.get_by_label("Folders").fill("/srv/jazz\n/srv/more jazz")
    dialog.get_by_role("button", name="Create library").click()
    library = section.get_by_role("listitem", name="Jazz", exact=True)
    expect(library.get_by_text("/srv/more jazz")).to_be_visible()

    library.get_by_role("button", name="Add a member to Jazz").click()
    member = "a.listener.with.a.long.name@family.example"
    page.get_by_role("dialog").get_by_label("Listener").fill(member)
    page.get_by_role("dialog").get_by_role("button", name="Add member").click()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(library.get_by_text(member)).to_be_visible()
    assert library.evaluate("card => card.scrollWidth <= card.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    library.get_by_role("button", name="Actions for the library Jazz").click()
    page.get_by_role("menuitem", name="Set quota").click()
    page.get_by_label("Requests a day").fill("500")
    page.get_by_role("button", name="Save").click()
    expect(library.get_by_text("0 of 500")).to_be_visible()
    library.get_by_role("button", name=f"Remove {member} from Jazz").click()
    expect(library.get_by_text(member)).to_have_count(0)
    library.get_by_role("button", name="Actions for the library Jazz").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(library).to_have_count(0)

    page.get_by_role("button", name="Sign Olga out").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    page.reload()
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()

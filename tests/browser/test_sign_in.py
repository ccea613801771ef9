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

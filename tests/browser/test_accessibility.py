"""axe-core finds nothing serious in any view, in both themes and on phones."""

import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.conftest import missing
from tests.fakes.library import track_id

pytestmark = pytest.mark.webgl

AXE = Path(__file__).parents[2] / "services" / "web" / "node_modules" / "axe-core" / "axe.min.js"

LISTENER = "ada"

VIEWS = {
    "home": "",
    "search": "search",
    "results": "search?q=calm%20piano",
    "songs": "library/songs",
    "albums": "library/albums",
    "artists": "library/artists",
    "genres": "library/genres",
    "map": "map",
    "playlists": "playlists",
    "playlist": "playlist/{playlist}",
    "taste": "taste",
    "service": "service",
    "compare": "compare",
    "now playing": "queue",
    "unknown address": "nowhere",
}


@pytest.fixture(scope="module")
def addresses(url):
    """The address of each view by its name, for a listener with some plays and a playlist."""
    tracks = [track_id(number) for number in range(6)]
    with httpx.Client(base_url=url, trust_env=False) as api:
        listens = [{"track_id": track, "at": f"2026-03-01T20:0{minute}:00Z"} for minute, track in enumerate(tracks)]
        api.post(f"/v1/users/{LISTENER}/listens", json={"listens": listens}).raise_for_status()
        made = api.post("/v1/playlists", json={"name": "Evening", "owner": LISTENER, "tracks": tracks})
        made.raise_for_status()
    return {name: f"{url}/#/{address.format(playlist=made.json()['id'])}" for name, address in VIEWS.items()}


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    if not AXE.is_file():
        missing("axe-core (npm ci in services/web)")
    return AXE.read_text()


@pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 1280), ("dark", 390)])
def test_every_view_is_accessible(page, addresses, axe, theme, width):
    """No view has a violation of the WCAG that axe-core calls serious or critical."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(addresses["home"])
    page.evaluate(
        "kept => Object.entries(kept).forEach(([name, value]) => localStorage.setItem(`segue.${name}`, value))",
        {"theme": json.dumps(theme), "listener": json.dumps(LISTENER)},
    )
    page.reload()
    found = {}
    for name, address in addresses.items():
        page.goto(address)
        page.get_by_role("heading").first.wait_for()
        expect(page.get_by_label("Loading…")).to_have_count(0)
        page.evaluate(axe)
        violations = page.evaluate("async () => (await axe.run()).violations")
        found[name] = [
            f"{each['id']}: {node['html'][:160]}"
            for each in violations
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    assert {name: problems for name, problems in found.items() if problems} == {}

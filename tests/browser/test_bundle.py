"""The committed bundle of the page."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import missing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "services" / "web"
FIRST_VIEW_BYTES = 120_000
SETTLED_MS = 1_000
"""Until covers have arrived. The page never stops to transfer: it listens to events."""


def contents(folder):
    """Return every file by its name, compressed ones as what they contain: the output of zlib varies by version."""
    return {
        str(path.relative_to(folder)): gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The bundle, built from the sources."""
    if shutil.which("npx") is None or not (PAGE / "node_modules").is_dir():
        missing("npm with the packages of services/web")
    folder = tmp_path_factory.mktemp("bundle")
    subprocess.run(["npx", "vite", "build", "--outDir", folder, "--emptyOutDir"], cwd=PAGE, check=True)
    return contents(folder)


def test_the_committed_bundle_is_what_the_sources_build(built):
    """`make page` was run after the last change of the sources."""
    committed = contents(PAGE / "dist")

    assert sorted(committed) == sorted(built)
    assert [name for name in built if built[name] != committed[name]] == []


def test_the_first_view_is_small(page, url):
    """A first visit transfers at most 120 kB of the page, with its typeface."""
    sizes = {}

    def note(response):
        if "/v1/" not in response.url:
            sizes[response.url] = int(response.header_value("Content-Length") or 0)

    page.on("response", note)
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for()
    expect(page.get_by_label("Loading…")).to_have_count(0)
    page.wait_for_timeout(SETTLED_MS)

    assert sum(sizes.values()) <= FIRST_VIEW_BYTES, sizes

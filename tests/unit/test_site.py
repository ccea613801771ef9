"""The documentation site is built without a warning, works offline, and has every page and operation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.api.openapi.document import TAGS
from services.api.openapi.examples import V1_EXAMPLES

ROOT = Path(__file__).resolve().parents[2]
EXTERNAL = re.compile(r"""<(?:script|img|iframe)\b[^>]*\bsrc="(?:https?:)?//|<link\b[^>]*\bhref="(?:https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    built = subprocess.run(
        [*command, "-d", str(folder / "doctrees"), "docs", str(folder / "html")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_the_site_has_each_page(site):
    """Each Markdown file below `docs` becomes a page."""
    sources = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]

    assert len(sources) > 30
    assert [source for source in sources if not (site / source.with_suffix(".html")).is_file()] == []


def test_the_site_has_each_operation(site):
    """Each operation has a section on the page of its tag."""
    pages = [site / "api" / f"{tag.name.lower()}.html" for tag in TAGS]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)

    assert [name for name in V1_EXAMPLES if f'id="{name.lower()}"' not in text] == []


def test_the_site_loads_nothing_from_elsewhere(site):
    """Scripts, styles, fonts and images are files of the site."""
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}

    assert [str(path) for path, text in pages.items() if EXTERNAL.search(text)] == []


def test_diagrams_are_drawn(site):
    """The diagram of the architecture page is an SVG with its labels."""
    page = (site / "architecture.html").read_text(encoding="utf-8")
    diagram = re.search(r'<figure class="diagram">(.+?)</figure>', page, re.DOTALL)

    assert diagram is not None
    assert diagram[1].lstrip().startswith("<svg")
    assert "API process" in diagram[1]


def test_the_site_can_be_searched(site):
    """The index of the search knows words of the text."""
    index = (site / "searchindex.js").read_text(encoding="utf-8")

    assert '"quarantin"' in index
